import { expect, it } from 'vitest';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';
import { compareTrees } from '#src/model/explain/name-differences.ts';

const file = (path: string, bytes: number): MemoryNode => ({
  kind: 'file',
  name: path,
  path,
  bytes,
  reclaim: 'reclaimable',
});
const process = (pid: number, bytes: number) =>
  parentNode({ kind: 'process', name: 'worker', pid }, [
    { kind: 'mapping', name: '[heap]', bytes, reclaim: 'process' },
  ]);
const tree = (...children: MemoryNode[]) => parentNode({ kind: 'cgroup', name: '/web' }, children);

it('lists what grew and shrank, the largest differences first', () => {
  const base = tree(process(7, 50), file('/log', 10), file('/same', 5), file('/gone', 30));
  const now = tree(process(90, 60), process(91, 40), file('/log', 12), file('/same', 5), file('/new', 20));
  expect(compareTrees(base, now)).toEqual({
    base: 95,
    now: 137,
    names: [
      // Processes of the same command, whatever their pids.
      { kind: 'process', name: 'worker', base: 50, now: 100, difference: 50 },
      { kind: 'file', name: '/gone', base: 30, now: 0, difference: -30 },
      { kind: 'file', name: '/new', base: 0, now: 20, difference: 20 },
      { kind: 'file', name: '/log', base: 10, now: 12, difference: 2 },
    ],
  });
});

it('of equal trees nothing differs, and at most 100 names are listed', () => {
  const many = (bytes: number) =>
    tree(...Array.from({ length: 300 }, (_, at) => file(`/f${at}`, bytes + at)));
  expect(compareTrees(many(5), many(5)).names).toEqual([]);
  expect(compareTrees(many(5), many(9)).names.length).toBe(100);
});
