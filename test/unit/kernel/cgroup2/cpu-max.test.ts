import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCpuMax } from '#src/kernel/cgroup2/cpu-max.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseCpuMax', () => {
  it.each([
    ['50000 100000\n', 0.5],
    ['400000 100000\n', 4],
    ['100000 100000', 1],
    ['max 100000\n', 'max'],
  ])('reads %o', (text, cpus) => {
    expect(parseCpuMax(text, 'cpu.max')).toBe(cpus);
  });

  it('is the quota over the period', () => {
    const microseconds = fc.integer({ min: 1000, max: 1_000_000 });
    fc.assert(
      fc.property(microseconds, microseconds, (quota, period) => {
        expect((parseCpuMax(`${quota} ${period}\n`, 'f') as number) * period).toBeCloseTo(quota);
      }),
    );
  });

  it.each(['', 'max', 'max\n', '50000\n', '-1 100000\n', '50000 max\n', '1 2 3\n', 'max 100000\nx'])(
    'rejects %o',
    (text) => {
      expect(() => parseCpuMax(text, '/leaf/cpu.max')).toThrow(
        expect.objectContaining({ operation: 'parse', path: '/leaf/cpu.max', line: 1 }),
      );
    },
  );

  it.each(capturedKernels(2))('finds no quota on the leaf of Linux $name', (kernel) => {
    expect(parseCpuMax(kernel.read('sys/fs/cgroup/leaf/cpu.max'), 'cpu.max')).toBe('max');
  });
});
