import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Quantiles } from '#src/statistics/quantiles.ts';
import { quantile, seededRandom } from '#src/statistics/statistics.ts';

const SHARES = [0.5, 0.9, 0.95, 0.99];

describe('Quantiles', () => {
  it('match the statistics of runs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { minLength: 1 }), (values) => {
        const quantiles = new Quantiles();
        for (const value of values) quantiles.add(value);
        for (const share of SHARES)
          expect(quantiles.at(share)).toBeCloseTo(quantile(values, share) ?? Number.NaN, 3);
      }),
    );
  });

  it('can be queried in between', () => {
    const quantiles = new Quantiles();
    expect(quantiles.at(0.5)).toBeUndefined();
    for (const value of [5, 1]) quantiles.add(value);
    expect(quantiles.at(0.5)).toBe(3);
    quantiles.add(0);
    expect(quantiles.at(0.5)).toBe(1);
  });

  it.each([
    ['sizes', (random: () => number) => Math.floor(2 ** (40 * random()))],
    ['sizes of both signs', (random: () => number) => Math.floor(2 ** 30 * (random() - 0.4))],
    ['shares of time', (random: () => number) => 100 * random() ** 6],
  ])('of many %s are within 0.5 %% of the exact values', (_, make) => {
    const random = seededRandom(7);
    const values = Array.from({ length: 150_000 }, () => make(random));
    const quantiles = new Quantiles();
    for (const value of values) quantiles.add(value);
    for (const share of SHARES) {
      const exact = quantile(values, share) ?? Number.NaN;
      const error = Math.abs((quantiles.at(share) ?? Number.NaN) - exact);
      expect(error).toBeLessThanOrEqual(0.0051 * Math.abs(exact) + 0.001);
    }
  });

  it('of many small counts are exact', () => {
    const values = Array.from({ length: 200_000 }, (_, at) => at % 100);
    const quantiles = new Quantiles();
    for (const value of values) quantiles.add(value);
    for (const share of [0, ...SHARES, 1]) expect(quantiles.at(share)).toBe(quantile(values, share));
  });
});
