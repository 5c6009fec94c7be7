import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { movedBytes } from '#src/app/explain/page-totals.ts';
import { buildTree } from '#src/app/explain/tree/build-tree.ts';
import type { FilePart, TreeParts } from '#src/app/explain/tree/parts.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { leavesOf, sumOf } from '#src/model/explain/memory-tree.ts';

const MIB = 1024 * 1024;

const NOTHING: TreeParts = {
  pages: {
    anon: 0,
    ksm: 0,
    file: 0,
    shmem: 0,
    slab: 0,
    pageTables: 0,
    kernelPages: 0,
    swapCache: 0,
    hugetlb: 0,
    other: 0,
  },
  current: 0,
  files: [],
  shmem: [],
  slabs: [],
  processes: [],
  kernelParts: [],
  slabParts: [],
  sockets: [],
  percpu: undefined,
  zswap: undefined,
  sock: undefined,
};

function parts(
  changes: Omit<Partial<TreeParts>, 'pages'> & { pages?: Partial<TreeParts['pages']> },
): TreeParts {
  return { ...NOTHING, ...changes, pages: { ...NOTHING.pages, ...changes.pages } };
}

const file = (name: string, bytes: number, changes: Partial<FilePart> = {}): FilePart => ({
  kind: 'file',
  name,
  path: `/srv/${name}`,
  fsType: 'ext4',
  mount: '/srv',
  bytes,
  dirtyBytes: 0,
  activeBytes: 0,
  mappedBytes: 0,
  ...changes,
});

const process = (pid: number, anon: number, pageTableBytes = 0) => ({
  pid,
  command: `worker ${pid}`,
  threads: 1,
  anon: [{ name: '[heap]', bytes: anon }],
  pageTableBytes,
});

const build = (changes: Parameters<typeof parts>[0]) =>
  buildTree({ kind: 'cgroup', name: '/web' }, parts(changes));

function find(tree: MemoryNode, ...names: string[]): MemoryNode {
  let node = tree;
  for (const name of names) {
    const child = node.children?.find((each) => each.name === name);
    if (child === undefined) throw new Error(`no ${name} in ${node.children?.map((each) => each.name)}`);
    node = child;
  }
  return node;
}

it('adds up to memory.current; what is left is unnamed', () => {
  const tree = build({
    current: 100 * MIB,
    pages: { anon: 40 * MIB, file: 30 * MIB, slab: 10 * MIB, kernelPages: 8 * MIB },
    processes: [process(7, 40 * MIB)],
    files: [file('log', 30 * MIB)],
    slabs: [{ name: 'dentry', bytes: 10 * MIB, objects: 54_000, isReclaimable: true }],
    kernelParts: [{ kind: 'pipe', name: 'pipe 12', bytes: 5 * MIB }],
    percpu: 4 * MIB,
  });
  expect(tree.bytes).toBe(100 * MIB);
  expect(find(tree, 'unnamed').bytes).toBe(11 * MIB);
  expect(find(tree, 'kernel', 'slab', 'dentry')).toMatchObject({ reclaim: 'reclaimable', count: 54_000 });
  expect(find(tree, 'kernel', 'per-CPU memory').bytes).toBe(4 * MIB);
});

it('says where pages were not found because they moved', () => {
  const noteOf = (moved: number) => {
    const changes = { current: 100 * MIB, pages: { file: 90 * MIB }, files: [file('log', 90 * MIB)], moved };
    return find(build(changes), 'unnamed').note;
  };
  expect(noteOf(6 * MIB)).toContain('freed and allocated while they were read');
  expect(noteOf(4 * MIB)).toContain('pages of the kernel');
});

it('counts as moved what the kernel has before and after, and the scan has not', () => {
  const stat = (anon: number, file: number) => ({ stat: { anon, file, shmem: 10 } });
  const found = { ...NOTHING.pages, anon: 45, ksm: 2, file: 60, shmem: 10 };
  // 50 - 47 of processes, 100 - 10 - 60 of files.
  expect(movedBytes(stat(50, 100), stat(70, 120), found)).toBe(33);
  expect(movedBytes(stat(40, 70), stat(70, 120), found)).toBe(0);
  expect(movedBytes({ stat: {} }, stat(70, 120), found)).toBe(0);
});

it('of a removed cgroup, the sum is that of its pages', () => {
  const tree = build({
    current: undefined,
    pages: { file: 8 * MIB, kernelPages: MIB },
    files: [file('a', 8 * MIB)],
  });
  expect(tree.bytes).toBe(9 * MIB);
  expect(find(tree, 'unnamed').bytes).toBe(MIB);
});

describe('anonymous memory', () => {
  it('of processes that could not be read is named as such', () => {
    const tree = build({ current: 50 * MIB, pages: { anon: 50 * MIB }, processes: [process(7, 30 * MIB)] });
    expect(find(tree, 'anon', 'of no process that could be read').bytes).toBe(20 * MIB);
    expect(find(tree, 'anon', 'worker 7')).toMatchObject({ bytes: 30 * MIB, pid: 7, reclaim: 'process' });
  });

  it('has no line for the fractions of shared pages', () => {
    const pages = { anon: 50 * MIB };
    const tree = build({
      current: 50 * MIB,
      pages,
      processes: [process(7, 30 * MIB), process(8, 20 * MIB - 5)],
    });
    expect(find(tree, 'anon').children?.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['worker 7', 30 * MIB + 5],
      ['worker 8', 20 * MIB - 5],
    ]);
    expect(find(tree, 'anon', 'worker 7', '[heap]').bytes).toBe(30 * MIB + 5);
  });

  it('never exceeds what is charged', () => {
    const tree = build({ current: 50, pages: { anon: 50 }, processes: [process(7, 60), process(8, 40)] });
    expect(find(tree, 'anon').bytes).toBe(50);
    expect(find(tree, 'anon', 'worker 7').bytes).toBe(30);
  });
});

describe('files', () => {
  it('that are mostly dirty must be written first', () => {
    const tree = build({
      current: 30,
      pages: { file: 30 },
      files: [file('log', 20, { dirtyBytes: 15 }), file('bin', 10, { mappedBytes: 5 })],
    });
    expect(find(tree, 'file', 'log')).toMatchObject({ reclaim: 'dirty', dirtyBytes: 15 });
    expect(find(tree, 'file', 'bin')).toMatchObject({
      reclaim: 'reclaimable',
      mappedBytes: 5,
      path: '/srv/bin',
    });
    expect(find(tree, 'file').reclaim).toBe('dirty');
  });

  it('on tmpfs stay after the target, memfd do not', () => {
    const tree = build({
      current: 60,
      pages: { shmem: 60 },
      shmem: [
        file('state', 40, { fsType: 'tmpfs', mount: '/dev/shm', isHeld: false, dirtyBytes: 40 }),
        file('memfd:frames', 15, { kind: 'memfd', mount: undefined, path: undefined, isHeld: true }),
        file('SYSV00005eed', 5, { kind: 'sysv-segment', mount: undefined, path: undefined, isHeld: false }),
      ],
    });
    const state = find(tree, 'shmem', '/dev/shm', 'state');
    expect(state).toMatchObject({ reclaim: 'persistent' });
    // There is nothing to write.
    expect(tree.dirtyBytes ?? 0).toBe(0);
    expect(state.note).toContain('no process holds it');
    expect(find(tree, 'shmem', 'memfd:frames').reclaim).toBe('process');
    expect(find(tree, 'shmem', 'SYSV00005eed').reclaim).toBe('persistent');
  });
});

describe('kernel memory', () => {
  it('page tables are those of the processes, as far as they fit', () => {
    const tree = build({
      current: 100,
      pages: { pageTables: 40 },
      processes: [process(7, 0, 24), process(8, 0, 12)],
    });
    expect(find(tree, 'kernel', 'page tables')).toMatchObject({ bytes: 40, kind: 'page-tables', count: 2 });
    expect(find(tree, 'kernel', 'page tables', 'of no process').bytes).toBe(4);
  });

  it('known parts never exceed the pages that they are in', () => {
    const tree = build({
      current: 100,
      pages: { kernelPages: 60 },
      kernelParts: [
        { kind: 'bpf-map', name: 'flows', bytes: 50, isPersistent: true },
        { kind: 'socket', name: 'unix', bytes: 90 },
      ],
    });
    expect(find(tree, 'kernel', 'BPF maps', 'flows')).toMatchObject({ bytes: 50, reclaim: 'persistent' });
    expect(find(tree, 'kernel', 'sockets').bytes).toBe(10);
    expect(tree.bytes).toBe(100);
  });

  it('maps in slab caches are taken out of the caches for objects of any kind', () => {
    const tree = build({
      current: 100,
      pages: { slab: 60 },
      slabs: [
        { name: 'kmalloc-cg-64', bytes: 40, objects: 5, isReclaimable: false },
        { name: 'dentry', bytes: 20, objects: 2, isReclaimable: true },
      ],
      slabParts: [{ kind: 'bpf-map', name: 'flows', bytes: 25 }],
    });
    expect(find(tree, 'kernel', 'slab').bytes).toBe(60);
    expect(find(tree, 'kernel', 'slab', 'BPF maps in slab caches', 'flows').bytes).toBe(25);
    expect(find(tree, 'kernel', 'slab', 'kmalloc-cg-64')).toMatchObject({
      bytes: 15,
      note: 'without BPF maps',
    });
    expect(find(tree, 'kernel', 'slab', 'dentry')).toMatchObject({ bytes: 20, note: 'names of files' });
  });

  it('directory entries whose file does not exist stand apart, if they are known', () => {
    const cache = { name: 'dentry', bytes: 1000, objects: 5, isReclaimable: true };
    const slab = { current: 1000, pages: { slab: 1000 } };
    const known = build({ ...slab, slabs: [{ ...cache, negativeObjects: 4 }] });
    expect(find(known, 'kernel', 'slab', 'dentry (negative)')).toMatchObject({ bytes: 800, count: 4 });
    expect(find(known, 'kernel', 'slab', 'dentry')).toMatchObject({
      bytes: 200,
      count: 1,
      note: 'names of files that exist',
    });
    const none = build({ ...slab, slabs: [{ ...cache, negativeObjects: 0 }] });
    expect(find(none, 'kernel', 'slab').children).toHaveLength(1);
    expect(find(none, 'kernel', 'slab', 'dentry').note).toBe('names of files that exist');
    const unknown = build({ ...slab, slabs: [cache] });
    expect(find(unknown, 'kernel', 'slab').children).toHaveLength(1);
    expect(find(unknown, 'kernel', 'slab', 'dentry').note).toBe('names of files');
  });

  it('sockets of TCP are in a counter of their own', () => {
    const tree = build({
      current: 100,
      sock: 30,
      sockets: [{ kind: 'socket', name: 'tcp 10.0.0.1:80', bytes: 25, pid: 7 }],
    });
    expect(find(tree, 'kernel', 'socket buffers', 'tcp 10.0.0.1:80')).toMatchObject({ bytes: 25, pid: 7 });
    expect(find(tree, 'kernel', 'socket buffers', 'other sockets').bytes).toBe(5);
  });
});

it('any parts: parents are the sum of their children, and nothing is below zero', () => {
  const bytes = fc.nat(1 << 30);
  const pages = fc.record({
    anon: bytes,
    ksm: bytes,
    file: bytes,
    shmem: bytes,
    slab: bytes,
    pageTables: bytes,
    kernelPages: bytes,
    swapCache: bytes,
    hugetlb: bytes,
    other: bytes,
  });
  const files = fc.array(bytes.map((size) => file(`f${size}`, size)));
  const any = fc.record({
    pages,
    current: fc.option(bytes, { nil: undefined }),
    files,
    shmem: files,
    processes: fc.option(fc.array(fc.tuple(bytes, bytes).map(([a, b]) => process(a + 1, a, b))), {
      nil: undefined,
    }),
    kernelParts: fc.array(bytes.map((size) => ({ kind: 'pipe' as const, name: 'pipe', bytes: size }))),
    percpu: fc.option(bytes, { nil: undefined }),
    sock: fc.option(bytes, { nil: undefined }),
  });
  fc.assert(
    fc.property(any, (changes) => {
      const tree = build(changes);
      expect(tree.bytes).toBeGreaterThanOrEqual(changes.current ?? 0);
      const check = (node: MemoryNode) => {
        expect(node.bytes).toBeGreaterThanOrEqual(0);
        if (node.children === undefined) return;
        expect(sumOf(node.children, 'bytes')).toBe(node.bytes);
        node.children.forEach(check);
      };
      check(tree);
      expect([...leavesOf(tree)].reduce((sum, { leaf }) => sum + leaf.bytes, 0)).toBe(tree.bytes);
    }),
  );
});
