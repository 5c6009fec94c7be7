import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankTest } from '#src/statistics/rank-test.ts';

/**
 * Sets of `n` and `m` values without ties whose U is `u`: every value of the second beats `below` of the
 * first.
 */
function setsWithU(n: number, m: number, u: number): [number[], number[]] {
  const first = Array.from({ length: n }, (_, index) => index + 1);
  let left = u;
  const second = Array.from({ length: m }, (_, index) => {
    const beaten = Math.min(n, left);
    left -= beaten;
    return beaten + 0.5 + (m - index) / 1000;
  });
  return [first, second];
}

describe('the rank test', () => {
  // Critical values of U, two-sided at 5 %: Mann and Whitney 1947 and Milton 1964, as reprinted in Siegel,
  // Table K, and Zar.
  it.each([
    [4, 4, 0],
    [5, 5, 2],
    [5, 10, 8],
    [6, 6, 5],
    [7, 7, 8],
    [8, 8, 13],
    [9, 9, 17],
    [10, 10, 23],
    [12, 12, 37],
    [15, 15, 64],
    [20, 20, 127],
  ])('of %d and %d values is significant up to U = %d', (n, m, critical) => {
    const at = rankTest(...setsWithU(n, m, critical));
    const above = rankTest(...setsWithU(n, m, critical + 1));
    expect(at?.u).toBe(critical);
    expect(at?.p).toBeLessThanOrEqual(0.05);
    expect(above?.p).toBeGreaterThan(0.05);
  });

  it('matches the p of the example of Hollander and Wolfe 1973 in R: 0.1272 one-sided', () => {
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const early = [1.15, 0.88, 0.9, 0.74, 1.21];
    const test = rankTest(term, early);
    expect(test?.u).toBe(50 - 35);
    expect(test?.p).toBeCloseTo(2 * 0.1272, 4);
  });

  it("matches the p of the example in SciPy's documentation: 1 / 9", () => {
    expect(rankTest([19, 22, 16, 29, 24], [20, 11, 17, 12])?.p).toBeCloseTo(0.1111111111111111, 12);
  });

  it('of many values matches the p of the normal approximation in SciPy 1.17.1, with and without ties', () => {
    const range = (count: number, of: (index: number) => number) =>
      Array.from({ length: count }, (_, at) => of(at));
    const apart = rankTest(
      range(25, (at) => at + 1),
      range(24, (at) => (at + 1) * 1.1 + 3.3),
    );
    expect(apart?.u).toBe(600 - 212.5);
    expect(apart?.p).toBeCloseTo(0.08185122381940137, 7);
    const tied = rankTest(
      range(30, (at) => Math.floor(at / 3)),
      range(28, (at) => Math.floor((at + 9) / 3)),
    );
    expect(tied?.p).toBeCloseTo(0.00187564044108366, 8);
  });

  it('has the smallest p that so few values can reach', () => {
    expect(rankTest([1, 2, 3], [4, 5, 6])).toMatchObject({ p: 0.1, smallestP: 0.1 });
    expect(rankTest([1, 3, 5], [2, 4, 6])?.smallestP).toBeCloseTo(0.1, 12);
    expect(rankTest([1, 2, 3, 4], [5, 6, 7, 8])?.smallestP).toBeCloseTo(2 / 70, 12);
    expect(rankTest([7, 7, 7], [7, 7])).toEqual({ u: 3, p: 1, smallestP: 1 });
  });

  it('without values is undefined', () => {
    expect(rankTest([], [1])).toBeUndefined();
    expect(rankTest([1], [])).toBeUndefined();
  });

  it('counts the same as an enumeration of all permutations, with and without ties', () => {
    const few = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(few, few, (first, second) => {
        expect(rankTest(first, second)?.p).toBeCloseTo(pByDealing(first, second), 9);
      }),
    );
  });

  it('is independent of the order of sides and of the scale', () => {
    const some = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(some, some, (first, second) => {
        const test = rankTest(first, second);
        expect(test?.p).toBeCloseTo(rankTest(second, first)?.p ?? -1, 9);
        const scale = (values: number[]) => values.map((value) => value * 4096 + 7);
        expect(rankTest(scale(first), scale(second))).toEqual(test);
        expect(test?.p).toBeGreaterThanOrEqual((test?.smallestP ?? 1) - 1e-12);
        expect(test?.p).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });
});

/** The share of all ways to choose the second set among all values whose U is as far from its mean. */
function pByDealing(first: readonly number[], second: readonly number[]): number {
  const all = [...first, ...second];
  const distanceOf = (chosen: readonly number[], rest: readonly number[]) => {
    const wins = chosen.flatMap((a) => rest.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
    return Math.abs(wins.reduce((sum: number, win) => sum + win, 0) - (first.length * second.length) / 2);
  };
  const seen = distanceOf(second, first);
  let [ways, asFar] = [0, 0];
  for (let bits = 0; bits < 2 ** all.length; bits += 1) {
    const chosen = all.filter((_, index) => (bits >> index) & 1);
    if (chosen.length !== second.length) continue;
    ways += 1;
    const rest = all.filter((_, index) => !((bits >> index) & 1));
    if (distanceOf(chosen, rest) >= seen - 1e-9) asFar += 1;
  }
  return asFar / ways;
}
