import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ProcessTreeReader } from '#src/sampler/process-tree-reader.ts';

/** A shell that starts a `sleep` and prints its pid. */
async function startTree(script: string) {
  const root = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [text] = (await once(root.stdout, 'data')) as [Buffer];
  const end = async () => {
    root.kill('SIGKILL');
    if (root.exitCode === null && root.signalCode === null) await once(root, 'exit');
  };
  return { root, pid: root.pid ?? 0, child: Number(text), end };
}

it('a process tree includes the root and its descendants, also in the sums', async () => {
  const { pid, child, end } = await startTree('sleep 60 & echo $!; wait');
  // Until its exec, which replaces its memory, it is a copy of the shell; then it loads its libraries.
  await expect
    .poll(() => readFileSync(`/proc/${child}/stat`, 'latin1'), { timeout: 5000 })
    .toMatch(/\(sleep\) S /);
  const reader = new ProcessTreeReader(pid);
  expect(reader.processes().sort()).toEqual([pid, child].sort());
  const figures = await reader.read();
  const rss = [pid, child].map(
    (each) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1]) * 1024,
  );
  expect(figures.processes).toBe(2);
  expect(figures.tree?.rss).toBeGreaterThan(Math.max(...rss));
  expect(figures.tree?.pss).toBeGreaterThan(0);
  expect(figures.tree?.pss).toBeLessThanOrEqual(figures.tree?.rss ?? 0);
  reader.close();
  process.kill(child, 'SIGKILL');
  await end();
});

it('a process stays in the tree when its parent ends before it', async () => {
  const { root, pid, child } = await startTree('sleep 60 & echo $!; read line');
  const reader = new ProcessTreeReader(pid);
  expect(reader.processes()).toContain(child);
  root.stdin.end('\n');
  await once(root, 'exit');
  expect(reader.processes()).toEqual([child]);
  process.kill(child, 'SIGKILL');
  await expect.poll(() => reader.processes()).toEqual([]);
  expect(await reader.read()).toMatchObject({ processes: 0, tree: { rss: 0 } });
  reader.close();
});

it('a zombie has no memory and is not counted', async () => {
  const { pid, child, end } = await startTree('sleep 0 & echo $!; exec sleep 60');
  const reader = new ProcessTreeReader(pid);
  await expect.poll(() => reader.processes()).toEqual([pid]);
  expect(child).not.toBe(pid);
  reader.close();
  await end();
});

it('a process whose main thread has ended is counted while another thread lives', async () => {
  // exit(2) without libc, so that only the calling thread exits; V8 has others.
  const number = { x64: 60, arm64: 93 }[process.arch as string];
  const script = `const koffi = require('koffi');
    globalThis.kept = Buffer.alloc(32 << 20, 1);
    require('fs').writeSync(1, 'up\\n');
    koffi.load(null).func('long syscall(long, long)')(${number}, 0);`;
  const root = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(root.stdout, 'data');
  const pid = root.pid ?? 0;
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), { timeout: 5000 }).toMatch(/\) Z /);
  const reader = new ProcessTreeReader(pid);
  expect(reader.processes()).toEqual([pid]);
  const { tree, processes } = await reader.read();
  expect(processes).toBe(1);
  expect(tree?.rss).toBeGreaterThan(32 << 20);
  expect(tree?.pss).toBeGreaterThan(32 << 20);
  reader.close();
  process.kill(pid, 'SIGKILL');
  if (root.exitCode === null && root.signalCode === null) await once(root, 'exit');
});
