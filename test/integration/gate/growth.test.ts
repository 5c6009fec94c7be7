/** Leaks in noise, in real runs; independent of the kernel. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { MIB, needs, SLOWNESS, TARGETS, testWith } from '../harness.ts';
import { gate, onlyBudget, slowMs } from './gated.ts';

testWith(
  [needs.cgroup],
  'growth detects a leak in noise, and passes a program of equal noise without a leak',
  async () => {
    const noisy = (growthMib: number) =>
      gate(
        ...['--interval', `${slowMs(100)}ms`, '--budget', 'anon.growth<=12MiB/min', '--'],
        ...[process.execPath, join(TARGETS, 'noisy.mjs'), ...[12 * SLOWNESS, 16, 1.6, growthMib].map(String)],
      );
    const [leak, flat] = await Promise.all([noisy(24 * SLOWNESS), noisy(0)]);
    expect(leak.outcome.status).toBe(3);
    const found = onlyBudget(leak.verdict);
    // 120 MiB/min by any clock; the confidence bound is lower.
    expect(found.estimate).toBeGreaterThan(90 * MIB);
    expect(found.estimate).toBeLessThan(150 * MIB);
    expect(found.value).toBeLessThan(found.estimate ?? 0);
    expect(found.exceeded).not.toHaveProperty('elapsedMs');
    expect(leak.outcome.stderr).toMatch(
      /MiB\/min for certain \(slope [\d.]+ MiB\/min\), must be at most 12\.0 MiB\/min/,
    );
    expect(flat.outcome.status).toBe(0);
    expect(onlyBudget(flat.verdict).value).toBe(0);
  },
);
