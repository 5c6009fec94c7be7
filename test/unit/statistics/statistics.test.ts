import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAD_TO_SIGMA,
  median,
  medianAbsoluteDeviation,
  medianDifferenceInterval,
  outlierIndices,
  quantile,
  seededRandom,
} from '#src/statistics/statistics.ts';

const values = fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 30 });

describe('quantile', () => {
  // Hyndman and Fan 1996, type 7: R's `quantile(1:10, ...)`, and `quantile(c(1, 2, 3, 4))`.
  it.each([
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.25, 3.25],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9, 9.1],
    [[4, 2, 1, 3], 0.25, 1.75],
    [[4, 2, 1, 3], 0, 1],
    [[4, 2, 1, 3], 1, 4],
    [[7], 0.3, 7],
  ])('of %j at %d is %d', (of, share, expected) => expect(quantile(of, share)).toBeCloseTo(expected, 12));

  it('of nothing is undefined', () => {
    expect(quantile([], 0.5)).toBeUndefined();
    expect(median([])).toBeUndefined();
    expect(medianAbsoluteDeviation([])).toBeUndefined();
  });

  it('grows with the share and stays between the smallest and the largest value', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (of, a, b) => {
        const [low, high] = [quantile(of, Math.min(a, b)) ?? 0, quantile(of, Math.max(a, b)) ?? 0];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...of));
        expect(high).toBeLessThanOrEqual(Math.max(...of));
      }),
    );
  });

  it('of one half has as many values above as below', () => {
    fc.assert(
      fc.property(values, (of) => {
        const middle = median(of) ?? 0;
        const above = of.filter((value) => value > middle).length;
        const below = of.filter((value) => value < middle).length;
        expect(above).toBeLessThanOrEqual(of.length / 2);
        expect(below).toBeLessThanOrEqual(of.length / 2);
      }),
    );
  });
});

describe('the median absolute deviation', () => {
  // The examples of R's help page of mad: `mad(c(1:9))` is 2.9652 and stays so with one value far out;
  // constant = 1 gives 2.
  it.each([[[1, 2, 3, 4, 5, 6, 7, 8, 9]], [[1, 2, 3, 4, 5, 6, 7, 8, 100]], [[1, 2, 3, 4, 5, 6, 7, 8, 1e4]]])(
    'of %j is 2, as a sigma 2.9652',
    (of) => {
      const mad = medianAbsoluteDeviation(of) ?? 0;
      expect(mad).toBe(2);
      expect(mad * MAD_TO_SIGMA).toBeCloseTo(2.9652, 10);
    },
  );

  it('is independent of the location of the values', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: -1e6, max: 1e6 }), (of, shift) => {
        expect(medianAbsoluteDeviation(of.map((value) => value + shift))).toBe(medianAbsoluteDeviation(of));
      }),
    );
  });
});

describe('outliers', () => {
  it('are those with a modified z-score above 3.5', () => {
    // Median 2.5, MAD 0.2: the score of 3.5 is 3.37, that of 3.6 is 3.71.
    expect(outlierIndices([2.1, 2.6, 2.4, 2.5, 2.3, 2.7, 3.5])).toEqual([]);
    expect(outlierIndices([2.1, 2.6, 2.4, 2.5, 2.3, 2.7, 3.6])).toEqual([6]);
    expect(outlierIndices([8.2, 2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.3])).toEqual([0, 9]);
  });

  it('are found if more than half of the values are equal, unless the deviation is negligible', () => {
    expect(outlierIndices([100, 100, 100, 100, 100, 100, 100, 150])).toEqual([7]);
    expect(outlierIndices([100, 100, 100, 100, 100, 100, 100, 100.5])).toEqual([]);
    expect(outlierIndices([0, 0, 0, 0, 0, 0, 4096])).toEqual([6]);
  });

  it('do not exist in one value, two, or equal ones', () => {
    for (const of of [[], [5], [5, 500], [7, 7, 7, 7]]) expect(outlierIndices(of)).toEqual([]);
  });

  it('are never more than half', () => {
    fc.assert(
      fc.property(values, (of) => {
        expect(outlierIndices(of).length).toBeLessThanOrEqual(of.length / 2);
      }),
    );
  });
});

describe('the seeded generator', () => {
  it('returns the same numbers for a seed, and others for another', () => {
    const take = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 5 }, random);
    };
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('is uniform: a tenth of the numbers in each tenth', () => {
    const random = seededRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let at = 0; at < 10_000; at += 1) {
      const tenth = Math.floor(random() * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // Chi-squared with 9 degrees of freedom exceeds 27.88 once in a thousand.
    const chiSquared = tenths.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(27.88);
  });
});

describe('the bootstrap interval', () => {
  it('is the same for the same values, and a point for values without spread', () => {
    const [base, now] = [
      [10, 11, 12, 13],
      [12, 14, 16, 18],
    ];
    expect(medianDifferenceInterval(base, now)).toEqual(medianDifferenceInterval(base, now));
    expect(medianDifferenceInterval([5, 5, 5], [8, 8, 8])).toEqual([3, 3]);
    expect(medianDifferenceInterval([], [1])).toBeUndefined();
  });

  it('lies within the range of the resamples', () => {
    fc.assert(
      fc.property(values, values, (base, now) => {
        const [low, high] = medianDifferenceInterval(base, now) ?? [0, 0];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...now) - Math.max(...base));
        expect(high).toBeLessThanOrEqual(Math.max(...now) - Math.min(...base));
      }),
      { numRuns: 30 },
    );
  });

  it('covers the true difference with about the stated probability', () => {
    const random = seededRandom(3);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const sample = (mean: number) => Array.from({ length: 10 }, () => mean + 3 * normal());
    let covered = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const [low, high] = medianDifferenceInterval(sample(100), sample(105), trial) ?? [0, 0];
      if (low <= 5 && 5 <= high) covered += 1;
    }
    // The percentile interval of a median is known to be somewhat too wide for 10 values.
    expect(covered).toBeGreaterThanOrEqual(186);
  });
});
