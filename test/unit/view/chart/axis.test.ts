import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTick, sizeAxis, timeTicks } from '#src/view/chart/axis.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('axes', () => {
  it.each([
    [0, 332 * MIB, 2, { from: 0, to: 400 * MIB, step: 200 * MIB }],
    [0, 332 * MIB, 8, { from: 0, to: 350 * MIB, step: 50 * MIB }],
    [0, 1000 * MIB, 2, { from: 0, to: 1024 * MIB, step: 512 * MIB }],
    [0, 0, 4, { from: 0, to: 1, step: 1 }],
    [-30 * MIB, 60 * MIB, 4, { from: -50 * MIB, to: 100 * MIB, step: 50 * MIB }],
  ])('cover %s to %s in %s steps', (low, high, steps, axis) => {
    expect(sizeAxis(low, high, steps)).toEqual(axis);
  });

  it('cover any range in few steps', () => {
    const value = fc.integer({ min: 0, max: 2 ** 50 });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 30 }), (below, above, steps) => {
        const { from, to, step } = sizeAxis(-below, above, steps);
        expect(from).toBeLessThanOrEqual(-below);
        expect(to).toBeGreaterThanOrEqual(above);
        expect((to - from) / step).toBeLessThanOrEqual(Math.max(3, steps));
      }),
    );
  });

  it.each([
    [0, 240_000, 4, [0, 60_000, 120_000, 180_000, 240_000]],
    [65_000, 125_000, 3, [90_000, 120_000]],
    [0, 90, 3, [0, 50]],
  ])('label the times from %s to %s at %s places', (fromMs, toMs, count, expected) => {
    expect(timeTicks(fromMs, toMs, count)).toEqual(expected);
  });

  it.each([
    [0, '0s'],
    [250, '250ms'],
    [30_000, '30s'],
    [60_000, '1m'],
    [150_000, '2m30s'],
    [3_600_000, '1h'],
    [3_900_000, '1h05m'],
  ])('write %s ms as %s', (ms, text) => {
    expect(formatTick(ms)).toBe(text);
  });
});
