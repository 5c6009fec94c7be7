import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCgroupProcs } from '#src/kernel/cgroup-procs.ts';
import { capturedKernels } from '../captured-kernels.ts';

describe('parseCgroupProcs', () => {
  it('reads any pids', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 22 })), (pids) => {
        expect(parseCgroupProcs(pids.map((pid) => `${pid}\n`).join(''), 'f')).toEqual(pids);
      }),
    );
  });

  it('reads an empty file as no process', () => {
    expect(parseCgroupProcs('', 'f')).toEqual([]);
  });

  it('returns 0, a process outside of our pid namespace, and repeated pids', () => {
    expect(parseCgroupProcs('0\n7\n0\n', 'f')).toEqual([0, 7, 0]);
  });

  it.each([
    ['\n', 1],
    ['1\n\n2\n', 2],
    ['1\n-1\n', 2],
    ['1\n2\nx', 3],
    ['1 2\n', 1],
  ])('reports the line of %o', (text, line) => {
    expect(() => parseCgroupProcs(text, '/leaf/cgroup.procs')).toThrow(`/leaf/cgroup.procs, line ${line}: `);
  });
});

describe.each([...capturedKernels(2), ...capturedKernels(1)])('cgroup.procs of Linux $name', (kernel) => {
  const procs = (file: string) => parseCgroupProcs(kernel.read(file), file);

  it('has the target in the leaf, and no process below it', () => {
    const leaf = kernel.leaf.slice(kernel.path('').length);
    expect(procs(`${leaf}/cgroup.procs`)).toHaveLength(1);
    expect(procs(`${leaf}/nested/cgroup.procs`)).toEqual([]);
  });
});
