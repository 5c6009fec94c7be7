import { describe, expect, it } from 'vitest';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';
import { compareNames } from '#src/model/explain/name-differences.ts';
import { cutNames, listNames } from '#src/model/explain/name-list.ts';

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
const compareTrees = (base: MemoryNode, now: MemoryNode) =>
  compareNames(listNames({ tree: base, method: 'pages' }), listNames({ tree: now, method: 'pages' }));
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

describe('lists of the largest names', () => {
  const klass = (name: string, ...children: MemoryNode[]) => parentNode({ kind: 'class', name }, children);
  const others = (bytes: number): MemoryNode => ({
    kind: 'others',
    name: 'others',
    bytes,
    reclaim: 'reclaimable',
  });

  it('know what a name that they do not list may have', () => {
    const base = tree(
      klass('file', file('/log', 50), file('/small', 8), others(30)),
      klass('anon', process(7, 9)),
    );
    const now = tree(klass('file', file('/log', 50), file('/new', 20), file('/tiny', 7)), process(7, 9));
    expect(listNames({ tree: base, method: 'pages' }).unlisted).toEqual({ file: 8 });
    // /tiny may have been among the others; /small is not in the second, which lists all.
    expect(compareTrees(base, now).names).toEqual([
      { kind: 'file', name: '/new', base: 0, now: 20, difference: 20, baseAtMost: 8 },
      { kind: 'file', name: '/small', base: 8, now: 0, difference: -8 },
    ]);
    expect(compareTrees(now, base).names).toEqual([
      { kind: 'file', name: '/new', base: 20, now: 0, difference: -20, nowAtMost: 8 },
      { kind: 'file', name: '/small', base: 0, now: 8, difference: 8 },
    ]);
  });

  it('are cut to the largest names, and keep the size of the largest that was cut by group', () => {
    const names = (...sizes: number[]) => klass('file', ...sizes.map((bytes) => file(`/${bytes}`, bytes)));
    const list = listNames({ tree: tree(names(9, 8, 7, 6), klass('anon', process(1, 5))), method: 'pages' });
    expect(list.unlisted).toBeUndefined();
    const cut = cutNames(list, 3);
    expect(cut.names.map(({ bytes }) => bytes)).toEqual([9, 8, 7]);
    expect(cut.unlisted).toEqual({ file: 6, anon: 5 });
    expect(compareNames(cut, list).names).toEqual([]);
  });

  it('of different methods are marked', () => {
    const list = listNames({ tree: tree(file('/log', 50)), method: 'pages' });
    expect(compareNames(list, { ...list, method: 'counters' }).methods).toEqual({
      base: 'pages',
      now: 'counters',
    });
    expect(compareNames(list, list)).not.toHaveProperty('methods');
  });
});
