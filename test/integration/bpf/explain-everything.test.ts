/** `cmemstat explain` of a target that holds memory of every kind at once, in sizes that it prints. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Explanation, MemoryNode } from '#src/model/explain/explanation.ts';
import { required } from '../../required.ts';
import { canScan, classNamed, explain, leafOf, needsScan, nodesOf, STOCK } from '../explanations.ts';
import { BINARY, cmemstat, host, MIB, type Running, scratch, start, TARGETS } from '../harness.ts';
import { readAgain } from '../memory-cgroup.ts';

/** What targets/hold-everything.mjs prints. */
interface Held {
  anonBytes: number;
  hugeBytes: number;
  children: { pid: number; bytes: number }[];
  file: { path: string; bytes: number };
  tmpfs: { path: string; bytes: number };
  deleted: { path: string; bytes: number };
  memfd: { name: string; bytes: number };
  segment: { id: number; bytes: number };
  directories: number;
  sockets: { count: number; bytes: number };
  pipes: { count: number; bytes: number };
  pageTables: { count: number; bytes: number };
  threads: number;
  maps: string[];
}

const folder = mkdtempSync(join(tmpdir(), 'everything-'));
const tmpfs = canScan ? mkdtempSync('/dev/shm/everything-') : folder;
const recording = join(scratch, 'everything.jsonl');
let run: Running;
let held: Held;
let leaf: string;

beforeAll(async () => {
  if (!canScan) return;
  const words = ['node', join(TARGETS, 'hold-everything.mjs'), folder, tmpfs];
  run = start(BINARY, ['--no-tui', '-q', '--output', recording, '--bpf-interval', '0', '--', ...words]);
  await run.until(/\{.*\}\n/);
  held = JSON.parse(run.soFar()) as Held;
  leaf = leafOf(recording);
  // The kernel flushes the statistics of CPUs every two seconds.
  await new Promise((settle) => setTimeout(settle, 4000));
}, 300_000);

afterAll(async () => {
  if (!canScan) return;
  run.child.kill('SIGTERM');
  await run.ended;
  rmSync(folder, { recursive: true, force: true });
  rmSync(tmpfs, { recursive: true, force: true });
}, 120_000);

interface Explained {
  explanation: Explanation;
  leaves: MemoryNode[];
}

/** One explanation for all tests: a scan takes seconds in a guest. Where the target can be frozen, it is. */
let explaining: Promise<Explained> | undefined;

function explained(): Promise<Explained> {
  explaining ??= (async () => {
    // Its pages may be charged to another cgroup that read it before.
    readAgain(leaf, held.file.path);
    const freeze = host.mode === 'cgroup2' ? ['--freeze'] : [];
    const explanation = await explain(...freeze, leaf);
    return { explanation, leaves: nodesOf(explanation) };
  })();
  return explaining;
}

const sum = (nodes: readonly MemoryNode[]) => nodes.reduce((total, { bytes }) => total + bytes, 0);

function groupNamed({ explanation }: Explained, name: string): MemoryNode {
  const groups = classNamed(explanation, 'kernel').children ?? [];
  return required(
    groups.find((child) => child.name === name),
    name,
  );
}

/** Within 1 %, and what each CPU may keep. */
function expectBytes(what: string, actual: number, bytes: number, slack = bytes / 100): void {
  expect(Math.abs(actual - bytes), `${what}: ${actual} of ${bytes}`).toBeLessThanOrEqual(slack);
}

it('adds up to memory.current, and at most 1 % has no name', async (context) => {
  needsScan(context);
  const { explanation, leaves } = await explained();
  expect(explanation.method).toBe('pages');
  const current = required(explanation.after.current);
  expectBytes('tree', explanation.tree.bytes, current, Math.max(current / 100, STOCK));
  expect(sum(leaves.filter(({ kind }) => kind === 'unnamed'))).toBeLessThanOrEqual(current / 100);
});

it('has the counters of memory.stat, while it is frozen to the page', async (context) => {
  needsScan(context);
  const { explanation } = await explained();
  const { stat } = explanation.after;
  const slack = explanation.frozen === true ? 0 : 32 * 4096;
  expectBytes('anon', classNamed(explanation, 'anon').bytes, required(stat.anon), slack);
  expectBytes('shmem', classNamed(explanation, 'shmem').bytes, required(stat.shmem), slack);
  const file = required(stat.file) - required(stat.shmem);
  expectBytes('file', classNamed(explanation, 'file').bytes, file, slack);
  if (stat.slab !== undefined) {
    expectBytes('slab', groupNamed(await explained(), 'slab').bytes, stat.slab, stat.slab * 0.03);
  }
});

it('names each file with its size', async (context) => {
  needsScan(context);
  const { leaves } = await explained();
  for (const { path, bytes } of [held.file, held.tmpfs, held.deleted]) {
    const found = leaves.filter((node) => node.path === path);
    expectBytes(path, sum(found), bytes);
  }
  const memfd = leaves.filter(({ name }) => name.startsWith(`memfd:${held.memfd.name}`));
  expectBytes('memfd', sum(memfd), held.memfd.bytes);
  const segments = leaves.filter(({ name }) => name.startsWith('System V segment'));
  expectBytes('System V', sum(segments), held.segment.bytes);
});

it('names each process with its memory, huge pages too', async (context) => {
  needsScan(context);
  const anon = classNamed((await explained()).explanation, 'anon');
  const of = (text: string) => required(anon.children?.find(({ name }) => name.includes(text)));
  // The rest is the heap and the stacks of Node.js.
  expect(of('hold-everything').bytes).toBeGreaterThan(held.anonBytes + held.hugeBytes);
  for (const { pid, bytes } of held.children) {
    const child = required(anon.children?.find((node) => node.pid === pid));
    expect(child.bytes).toBeGreaterThan(bytes);
    expect(child.bytes).toBeLessThan(bytes + 16 * MIB);
  }
});

it('counts what the kernel holds for it: directories, pipes, sockets, threads, page tables', async (context) => {
  needsScan(context);
  const result = await explained();
  const cacheOf = (name: string) => required(result.leaves.find((node) => node.name === name));
  for (const name of ['shmem_inode_cache', 'dentry']) {
    expect(cacheOf(name).count).toBeGreaterThanOrEqual(held.directories);
    expect(cacheOf(name).count).toBeLessThan(held.directories * 1.2);
  }
  // Also those between the processes.
  expectBytes('pipes', groupNamed(result, 'pipes').bytes, held.pipes.bytes);
  // A page of 4 KiB holds 3.7 KiB of data, and the headers of buffers are in slab caches.
  expect(groupNamed(result, 'sockets').bytes).toBeGreaterThanOrEqual(held.sockets.bytes);
  expect(groupNamed(result, 'sockets').bytes).toBeLessThan(held.sockets.bytes * 1.5);
  const stacks = groupNamed(result, 'kernel stacks').bytes;
  expect(stacks).toBeGreaterThanOrEqual(held.threads * 16 * 1024);
  expect(stacks).toBeLessThan((held.threads + 60) * 16 * 1024);
  const tables = groupNamed(result, 'page tables').bytes;
  expect(tables).toBeGreaterThanOrEqual(held.pageTables.bytes);
  expect(tables).toBeLessThan(held.pageTables.bytes + 4 * MIB);
});

it('has the BPF maps with the sizes of cmemstat maps', async (context) => {
  needsScan(context);
  const { leaves } = await explained();
  const { stdout, stderr } = await cmemstat('maps', '--json', '--cgroup', leaf);
  expect(stderr).toBe('');
  const { maps } = JSON.parse(stdout) as { maps: { name: string; bytes: number; unchargedBytes?: number }[] };
  expect(maps.map(({ name }) => name).sort()).toEqual(held.maps.toSorted());
  for (const { name, bytes, unchargedBytes = 0 } of maps) {
    const charged = bytes - unchargedBytes;
    const found = leaves.filter((node) => node.kind === 'bpf-map' && node.name === name);
    expectBytes(name, sum(found), charged);
  }
});
