import { describe, expect, it } from 'vitest';
import { parseDescendants, parseDyingDescendants } from '#src/kernel/cgroup2/cgroup-stat.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseDescendants', () => {
  it('excludes dying cgroups', () => {
    expect(parseDescendants('nr_descendants 2\nnr_dying_descendants 7\n', 'f')).toBe(2);
  });

  it('is undefined if the kernel lacks the key', () => {
    expect(parseDescendants('', 'f')).toBeUndefined();
    expect(parseDescendants('nr_dying_descendants 7\n', 'f')).toBeUndefined();
  });

  it.each(['nr_descendants\n', 'nr_descendants max\n', 'nr_descendants -1\n'])('rejects %o', (text) => {
    expect(() => parseDescendants(text, '/leaf/cgroup.stat')).toThrow('/leaf/cgroup.stat, line 1: ');
  });
});

describe.each(capturedKernels(2))('cgroup.stat of Linux $name', (kernel) => {
  it.each([
    ['leaf', 1],
    ['leaf/nested', 0],
    ['tree', 1],
    ['tree/child', 0],
  ])('counts the cgroups below %s: %i', (directory, count) => {
    const text = kernel.read(`sys/fs/cgroup/${directory}/cgroup.stat`);
    expect(parseDescendants(text, directory)).toBe(count);
  });
});

it('counts removed cgroups that are not yet freed', () => {
  expect(parseDyingDescendants('nr_descendants 2\nnr_dying_descendants 7\n', 'f')).toBe(7);
  expect(parseDyingDescendants('nr_descendants 2\n', 'f')).toBeUndefined();
});
