import { describe, expect, it } from 'vitest';
import { parseCpuStat } from '#src/kernel/cgroup2/cpu-stat.ts';
import { capturedKernels } from '../../captured-kernels.ts';

describe('parseCpuStat', () => {
  it('reads user and system time', () => {
    const text = 'usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 0\n';
    expect(parseCpuStat(text, 'f')).toEqual({ user: 20, system: 10 });
  });

  it('is undefined if the kernel lacks a key', () => {
    expect(parseCpuStat('', 'f')).toBeUndefined();
    expect(parseCpuStat('usage_usec 30\nuser_usec 20\n', 'f')).toBeUndefined();
  });
});

describe.each(capturedKernels(2))('cpu.stat of Linux $name', (kernel) => {
  it('adds up to usage_usec', () => {
    const text = kernel.read('sys/fs/cgroup/tree/cpu.stat');
    const { user = 0, system = 0 } = parseCpuStat(text, 'tree') ?? {};
    const usage = Number(/^usage_usec (\d+)$/m.exec(text)?.[1]);
    expect(usage).toBeGreaterThan(0);
    // Each is rounded down.
    expect(Math.abs(user + system - usage)).toBeLessThanOrEqual(1);
  });
});
