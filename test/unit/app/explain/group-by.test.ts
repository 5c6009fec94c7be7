import { expect, it } from 'vitest';
import { EXPLAIN_KEYS, groupTree } from '#src/app/explain/group-by.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const file = (path: string, bytes: number, changes: Partial<MemoryNode> = {}): MemoryNode => ({
  kind: 'file',
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  bytes,
  reclaim: 'reclaimable',
  fsType: 'ext4',
  mount: '/',
  ...changes,
});

const tree = parentNode({ kind: 'cgroup', name: '/web' }, [
  parentNode({ kind: 'class', name: 'anon' }, [
    parentNode({ kind: 'process', name: 'node server.js', pid: 7 }, [
      { kind: 'mapping', name: '[heap]', bytes: 50, reclaim: 'process' },
      { kind: 'mapping', name: '[stack]', bytes: 5, reclaim: 'process' },
    ]),
  ]),
  parentNode({ kind: 'class', name: 'file' }, [
    file('/usr/lib/a/x.so', 20),
    file('/usr/lib/a/y.so', 10),
    file('/usr/lib/b/z.so', 4),
    file('/var/log/big', 30, { mount: '/var', fsType: 'xfs' }),
  ]),
  parentNode({ kind: 'class', name: 'kernel' }, [
    parentNode({ kind: 'class', name: 'slab' }, [
      { kind: 'slab-cache', name: 'dentry', bytes: 8, count: 40, reclaim: 'reclaimable' },
    ]),
    { kind: 'pipe', name: 'pipe 12', pid: 7, bytes: 3, reclaim: 'process' },
  ]),
  { kind: 'unnamed', name: 'unnamed', bytes: 2, reclaim: 'kernel' },
]);

const lines = (node: MemoryNode): [string, number][] =>
  (node.children ?? []).map(({ name, bytes }) => [name, bytes]);

it.each(EXPLAIN_KEYS)('keeps the sum: %s', (key) => {
  const grouped = groupTree(tree, key);
  expect(grouped.bytes).toBe(tree.bytes);
  expect(lines(grouped).reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(tree.bytes);
});

it('sums by file, mount, file system, cache and process', () => {
  expect(lines(groupTree(tree, 'file'))[0]).toEqual(['big', 30]);
  expect(lines(groupTree(tree, 'mount'))).toEqual([
    ['/', 34],
    ['/var', 30],
    ['memory of no mounted file system', 68],
  ]);
  expect(lines(groupTree(tree, 'filesystem')).slice(0, 2)).toEqual([
    ['ext4', 34],
    ['xfs', 30],
  ]);
  expect(lines(groupTree(tree, 'cache'))).toEqual([
    ['dentry', 8],
    ['memory in no slab cache', 124],
  ]);
  const [process] = groupTree(tree, 'process').children ?? [];
  expect(process).toMatchObject({ name: 'node server.js', pid: 7, bytes: 58 });
});

it('sums directories with those below; a directory with a single entry is joined with it', () => {
  const [root] = groupTree(tree, 'directory').children ?? [];
  expect(root).toMatchObject({ name: '/', bytes: 64, count: 4, kind: 'directory' });
  expect(lines(root as MemoryNode)).toEqual([
    ['/usr/lib', 34],
    ['/var/log', 30],
  ]);
  expect(lines(root?.children?.[0] as MemoryNode)).toEqual([
    ['/usr/lib/a', 30],
    ['/usr/lib/b', 4],
  ]);
});

it('keeps files beyond those that are named apart from memory that is in no file', () => {
  const files = parentNode({ kind: 'class', name: 'file' }, [
    file('/srv/a', 20),
    { kind: 'others', name: 'smaller files', count: 9, bytes: 30, directory: '/srv', reclaim: 'reclaimable' },
  ]);
  const anon = { kind: 'class' as const, name: 'anon', bytes: 7, reclaim: 'process' as const };
  const whole = parentNode({ kind: 'cgroup', name: '/web' }, [files, anon]);
  for (const [key, sum, rest] of [
    ['directory', '/srv', 'memory that is in no directory'],
    ['mount', '/', 'memory of no mounted file system'],
    ['filesystem', 'ext4', 'memory of no file system'],
  ] as const) {
    expect(lines(groupTree(whole, key))).toEqual([
      [sum, 20],
      ['smaller files', 30],
      [rest, 7],
    ]);
  }
});
