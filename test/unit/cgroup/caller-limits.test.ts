import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  copyLimits,
  describeLimit,
  escapedLimits,
  limitsMemory,
  readCallerLimits,
} from '#src/cgroup/caller-limits.ts';
import { makeTree } from '../temporary-tree.ts';

const MIB = 1024 * 1024;
const hierarchy = (version: 1 | 2, mountPoint: string, own: string | undefined) => ({
  version,
  mountPoint,
  readOnly: false,
  isOutsideNamespace: false,
  ownDirectory: own === undefined ? undefined : join(mountPoint, own),
});
const NO_LIMIT_1 = '9223372036854771712';
const stat1 = (memory: number | string, both: number | string = NO_LIMIT_1) =>
  `cache 0\nhierarchical_memory_limit ${memory}\nhierarchical_memsw_limit ${both}\n`;

describe('the limits of the caller on cgroup v2', () => {
  const top = makeTree({
    'memory.max': '1\n',
    'a/memory.max': `${120 * MIB}\n`,
    'a/pids.max': '100\n',
    'a/b/memory.max': 'max\n',
    'a/b/memory.high': `${64 * MIB}\n`,
    'a/b/memory.swap.max': '0\n',
    'other/': '',
  });
  const limits = readCallerLimits(hierarchy(2, top, 'a/b'));

  it('are those of its cgroup and its ancestors, without the root', () => {
    expect(limits.map(describeLimit)).toEqual([
      `memory.high 64.0 MiB of ${top}/a/b`,
      `memory.swap.max 0 B of ${top}/a/b`,
      `memory.max 120 MiB of ${top}/a`,
      `pids.max 100 of ${top}/a`,
    ]);
    expect(limitsMemory(limits)).toBe(true);
    expect(limitsMemory(limits.filter(({ file }) => file === 'pids.max'))).toBe(false);
  });

  it('apply to a leaf below their cgroups, and to no other', () => {
    const files = (parent: string) => escapedLimits(limits, join(top, parent), 2).map(({ file }) => file);
    expect(files('a/b')).toEqual([]);
    expect(files('a/b/c')).toEqual([]);
    expect(files('a')).toEqual(['memory.high', 'memory.swap.max']);
    expect(files('ab')).toHaveLength(4);
    expect(files('')).toHaveLength(4);
  });

  it('are empty at the root, and outside of the mount', () => {
    expect(readCallerLimits(hierarchy(2, top, ''))).toEqual([]);
    expect(readCallerLimits(hierarchy(2, top, undefined))).toEqual([]);
  });
});

describe('the limits of the caller on cgroup v1', () => {
  const top = makeTree({
    'memory.stat': stat1(NO_LIMIT_1),
    'a/memory.stat': stat1(120 * MIB, 200 * MIB),
    'b/memory.stat': stat1(100 * MIB),
  });
  const limits = readCallerLimits(hierarchy(1, top, 'a'));

  it('are the smallest of its ancestors, as in memory.stat', () => {
    expect(limits.map(describeLimit)).toEqual([
      `memory.limit_in_bytes 120 MiB of ${top}/a`,
      `memory.memsw.limit_in_bytes 200 MiB of ${top}/a`,
    ]);
    expect(readCallerLimits(hierarchy(1, top, 'b'))).toHaveLength(1);
  });

  it('remain in force below a cgroup that has smaller ones', () => {
    const files = (parent: string) => escapedLimits(limits, join(top, parent), 1).map(({ file }) => file);
    expect(files('a')).toEqual([]);
    expect(files('b')).toEqual(['memory.memsw.limit_in_bytes']);
    expect(files('')).toHaveLength(2);
  });
});

describe('copyLimits', () => {
  const limit = (file: string, value: number) => ({ file, value, directory: '/a' });

  it('keeps a smaller limit of the leaf, and returns those that cannot be set', () => {
    const leaf = makeTree({
      'memory.max': 'max\n',
      'memory.high': '10\n',
      'memory.limit_in_bytes': `${NO_LIMIT_1}\n`,
    });
    const pids = limit('pids.max', 7);
    const limits = [
      limit('memory.max', 20),
      limit('memory.high', 20),
      limit('memory.limit_in_bytes', 20),
      pids,
    ];
    expect(copyLimits(leaf, limits)).toEqual([pids]);
    const read = (file: string) => Number.parseInt(readFileSync(join(leaf, file), 'utf8'), 10);
    expect(read('memory.max').toString().slice(0, 2)).toBe('20');
    expect(read('memory.high')).toBe(10);
    expect(read('memory.limit_in_bytes').toString().slice(0, 2)).toBe('20');
  });
});
