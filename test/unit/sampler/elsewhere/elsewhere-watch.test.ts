import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { EventRecord } from '#src/model/recording.ts';
import { ElsewhereWatch, takeTurn } from '#src/sampler/elsewhere/elsewhere-watch.ts';

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-elsewhere-'));
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A process in the cgroup of this test, which is not the leaf; it exits at the end of standard input. */
async function startProcess(script = 'echo up; read -r _'): Promise<{ pid: number; line: string }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, line: String(chunk).trim() };
}

/** A watch over a leaf with these processes; cgroup v2's own files contain only what the tests write. */
function watchOver(targetPid: number, command = ['hog'], isPlaceGiven = false) {
  const directory = join(folder, 'cmemstat-1-2');
  mkdirSync(directory, { recursive: true });
  const charge = (bytes: number) => writeFileSync(join(directory, 'memory.peak'), `${bytes}\n`);
  charge(4096);
  const run = { inside: [targetPid], hasEnded: false, atMs: 10 };
  const events: EventRecord[] = [];
  const watch = new ElsewhereWatch(
    {
      leaf: { directory, version: 2, processes: () => run.inside },
      isPlaceGiven,
      targetPid: () => targetPid,
      command,
      listTree: () => [],
      hasTargetEnded: () => run.hasEnded,
      elapsedMs: () => run.atMs,
      emit: (event) => events.push(event),
    },
    1000,
  );
  return { watch, run, events, directory, charge };
}

const ownCgroup = () => /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];

test('reports a process that leaves the leaf once, with its cgroup and since when', async () => {
  const { pid } = await startProcess();
  const { watch, run, events } = watchOver(pid);
  watch.check();
  expect(events).toEqual([]);
  run.inside = [];
  run.atMs = 250;
  watch.check();
  watch.check();
  const message = `process ${pid} (sh) has been in cgroup ${ownCgroup()} since 250ms after the launch: its memory there is not measured`;
  expect(events).toMatchObject([{ event: 'elsewhere', elapsedMs: 250, pid, cgroup: ownCgroup(), message }]);
  expect(watch.hasTargetLeft).toBe(true);
  expect(watch.summary().elsewhere).toMatchObject({ count: 1, processes: [{ pid, sinceMs: 250 }] });
});

test('finds a child in another cgroup by its parent', async () => {
  const { pid, line } = await startProcess('sh -c "echo \\$\\$; read -r _"; true');
  const { watch, events } = watchOver(pid);
  watch.check();
  expect(events.map((event) => event.pid)).toEqual([Number(line)]);
  expect(watch.hasTargetLeft).toBe(false);
});

test('takes no thread of a child for a process', async () => {
  // Node.js has several threads.
  const script = "console.log(process.pid); process.stdin.once('end', () => {}).resume()";
  const { pid, line } = await startProcess(`"${process.execPath}" -e "${script}"; true`);
  const { watch, events } = watchOver(pid);
  watch.check();
  watch.check();
  expect(events.map((event) => event.pid)).toEqual([Number(line)]);
});

test('finds a child that was started after many others, or between two checks', async () => {
  const { pid, line } = await startProcess(
    'for i in $(seq 100); do /bin/true; done; sh -c "echo \\$\\$; read -r _"; true',
  );
  const { watch, events } = watchOver(pid);
  watch.check();
  watch.check();
  expect(events.map((event) => event.pid)).toEqual([Number(line)]);
});

test('does not report the target before it joins the leaf', async () => {
  const { pid } = await startProcess();
  const { watch, run, events, charge } = watchOver(pid);
  charge(0);
  run.inside = [];
  watch.check();
  expect(events).toEqual([]);
  charge(4096);
  watch.check();
  expect(events).toMatchObject([{ event: 'elsewhere', pid }]);
});

test('does not report a process that has exited', async () => {
  const { pid } = await startProcess();
  const { watch, run, events } = watchOver(pid);
  watch.check();
  const [child] = children;
  child?.stdin?.end();
  if (child !== undefined) await once(child, 'exit');
  run.inside = [];
  run.hasEnded = true;
  watch.check();
  expect(events).toEqual([]);
  expect(watch.summary()).toEqual({});
});

test('a leaf removed while the target runs is an event; after its end it is not', async () => {
  const { pid } = await startProcess();
  const { watch, run, events, directory } = watchOver(pid);
  rmSync(directory, { recursive: true });
  run.hasEnded = true;
  watch.check();
  expect(events).toEqual([]);
  run.hasEnded = false;
  watch.check();
  watch.check();
  expect(events.filter(({ event }) => event === 'cgroup_removed')).toHaveLength(1);
  expect(watch.summary().cgroupRemovedMs).toBe(10);
});

test.each([true, false])(
  'the hint for a removed leaf names no option that was given: %s',
  async (isGiven) => {
    const { pid } = await startProcess();
    const { watch, events, directory } = watchOver(pid, ['hog'], isGiven);
    rmSync(directory, { recursive: true });
    watch.check();
    const [removed] = events.filter(({ event }) => event === 'cgroup_removed');
    expect(removed?.hint).toContain(`find out what removes ${directory}`);
    expect(removed?.hint?.includes('--cgroup-parent')).toBe(!isGiven);
  },
);

test('recognizes a client that has a daemon run the command before it runs', async () => {
  const { pid } = await startProcess();
  const { watch, events } = watchOver(pid, ['docker', 'run', 'alpine']);
  watch.start();
  watch.stop();
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    event: 'elsewhere',
    pid,
    message: expect.stringContaining('docker (process'),
  });
  expect(events[0]?.hint).toContain('docker run --privileged');
});

test('visits many processes in turns, and each in its turn', () => {
  const items = Array.from({ length: 250 }, (_, at) => at);
  expect([0, 1, 2].flatMap((turn) => takeTurn(items, turn, 100))).toEqual(items);
  expect(takeTurn(items, 3, 100)).toEqual(items.slice(0, 100));
  expect(takeTurn(items.slice(0, 99), 7, 100)).toEqual(items.slice(0, 99));
  expect(takeTurn([], 5, 100)).toEqual([]);
});
