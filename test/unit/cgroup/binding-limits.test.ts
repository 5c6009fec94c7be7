import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBindingLimits1, readBindingLimits2 } from '#src/cgroup/binding-limits.ts';
import type { HierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { makeTree } from '../temporary-tree.ts';

describe('readBindingLimits2', () => {
  const read = (files: Record<string, string>) => {
    const top = makeTree({ 'a/b/leaf/': '', ...files });
    return readBindingLimits2(join(top, 'a/b/leaf'), top);
  };

  it('returns nothing without limits', () => {
    expect(read({})).toEqual({});
    expect(
      read({ 'a/b/leaf/memory.max': 'max\n', 'a/memory.high': 'max\n', 'a/cpu.max': 'max 100000\n' }),
    ).toEqual({});
  });

  it.each([
    ['the leaf itself', { 'a/b/leaf/memory.max': '1000\n', 'a/memory.max': '2000\n' }],
    ['an ancestor', { 'a/b/leaf/memory.max': '5000\n', 'a/memory.max': '1000\n' }],
    ['memory.high', { 'a/b/leaf/memory.max': '5000\n', 'a/b/memory.high': '1000\n' }],
    ['the top', { 'memory.max': '1000\n', 'a/memory.max': 'max\n' }],
  ])('returns the smallest memory limit, that of %s', (_, files) => {
    expect(read(files)).toEqual({ memoryBytes: 1000 });
  });

  it('accepts a limit of 0', () => {
    expect(read({ 'a/memory.max': '0\n' })).toEqual({ memoryBytes: 0 });
  });

  it('returns the smallest CPU quota', () => {
    expect(read({ 'a/b/cpu.max': '200000 100000\n', 'a/cpu.max': '150000 100000\n' })).toEqual({ cpus: 1.5 });
  });

  it('reads nothing above the mount point', () => {
    const above = makeTree({ 'memory.max': '1\n', 'top/leaf/memory.max': '1000\n' });
    expect(readBindingLimits2(join(above, 'top/leaf'), join(above, 'top'))).toEqual({ memoryBytes: 1000 });
  });

  it('propagates a limit that cannot be parsed', () => {
    expect(() => read({ 'a/memory.max': '1 GiB\n' })).toThrow('a/memory.max, line 1: ');
    expect(() => read({ 'a/memory.max/': '' })).toThrow(expect.objectContaining({ errno: 'EISDIR' }));
  });
});

describe('readBindingLimits1', () => {
  const facts = (top: string, more: Partial<HierarchyFacts> = {}): HierarchyFacts => ({
    mounts: [
      {
        id: 1,
        parentId: 0,
        device: '0:1',
        root: '/',
        mountPoint: join(top, 'cpu'),
        options: ['rw'],
        fsType: 'cgroup',
        superOptions: ['rw', 'cpu', 'cpuacct'],
      },
    ],
    memberships: [{ hierarchy: 3, controllers: ['cpu', 'cpuacct'], path: '/a/b' }],
    controllersAt: () => [],
    kernelCommandLine: '',
    hasCgroupDirectory: true,
    ...more,
  });
  const NO_LIMIT = 'hierarchical_memory_limit 9223372036854771712\n';
  const make = (files: Record<string, string>) => makeTree({ 'leaf/memory.stat': NO_LIMIT, ...files });

  it('returns nothing without limits', () => {
    const top = make({ 'cpu/a/b/cpu.cfs_quota_us': '-1\n', 'cpu/a/b/cpu.cfs_period_us': '100000\n' });
    expect(readBindingLimits1(join(top, 'leaf'), facts(top))).toEqual({});
  });

  it('uses the limit that includes the ancestors', () => {
    const top = make({ 'leaf/memory.stat': 'cache 1\nhierarchical_memory_limit 104857600\n' });
    expect(readBindingLimits1(join(top, 'leaf'), facts(top))).toEqual({ memoryBytes: 104_857_600 });
  });

  it('returns the smallest quota of our own cgroup in the cpu hierarchy and of its ancestors', () => {
    const top = make({
      'cpu/a/b/cpu.cfs_quota_us': '300000\n',
      'cpu/a/b/cpu.cfs_period_us': '100000\n',
      'cpu/a/cpu.cfs_quota_us': '25000\n',
      'cpu/a/cpu.cfs_period_us': '50000\n',
      'cpu/cpu.cfs_quota_us': '-1\n',
    });
    expect(readBindingLimits1(join(top, 'leaf'), facts(top))).toEqual({ cpus: 0.5 });
  });

  it.each<[string, Partial<HierarchyFacts>]>([
    ['there is no cpu hierarchy', { mounts: [] }],
    ['we are in none', { memberships: [] }],
    [
      'ours lies outside of what is mounted',
      { memberships: [{ hierarchy: 3, controllers: ['cpu'], path: '/..' }] },
    ],
  ])('returns no quota when %s', (_, more) => {
    const top = make({ 'cpu/a/b/cpu.cfs_quota_us': '1000\n', 'cpu/a/b/cpu.cfs_period_us': '1000\n' });
    expect(readBindingLimits1(join(top, 'leaf'), facts(top, more))).toEqual({});
  });
});
