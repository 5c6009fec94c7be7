import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSlices, estimateTotal, SLICE_FRAMES, sliceRanges } from '#src/kernel/bpf/scan/slices.ts';

describe('sliceRanges', () => {
  it('ends slices at multiples of their size', () => {
    expect(sliceRanges([{ start: 1, end: SLICE_FRAMES + 5 }])).toEqual([
      { start: 1, end: SLICE_FRAMES },
      { start: SLICE_FRAMES, end: SLICE_FRAMES + 5 },
    ]);
  });

  it('covers each frame once', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 3 * SLICE_FRAMES }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(gaps, (lengths) => {
        let at = 0;
        const ends = lengths.map((length) => {
          at += length;
          return at;
        });
        const ranges = ends.flatMap((end, index) =>
          index % 2 === 1 ? [{ start: ends[index - 1] ?? 0, end }] : [],
        );
        const slices = sliceRanges(ranges);
        const frames = (all: typeof slices) => all.reduce((sum, { start, end }) => sum + end - start, 0);
        expect(frames(slices)).toBe(frames(ranges));
        for (const { start, end } of slices) {
          expect(end).toBeGreaterThan(start);
          expect(Math.floor(start / SLICE_FRAMES)).toBe(Math.floor((end - 1) / SLICE_FRAMES));
          expect(ranges.some((range) => range.start <= start && end <= range.end)).toBe(true);
        }
      }),
    );
  });
});

describe('chooseSlices', () => {
  const slices = sliceRanges([{ start: 0, end: 10 * SLICE_FRAMES }]);

  it('takes every n-th, from any of the first n on', () => {
    const starts = (start: number) =>
      chooseSlices(slices, 3, start).map((slice) => slice.start / SLICE_FRAMES);
    expect(starts(0)).toEqual([0, 3, 6, 9]);
    expect(starts(0.5)).toEqual([1, 4, 7]);
    expect(starts(0.999)).toEqual([2, 5, 8]);
  });

  it('takes at least one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (every, start) => {
          expect(chooseSlices(slices, every, start).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('estimateTotal', () => {
  it('has no error if all slices were scanned', () => {
    expect(estimateTotal([3, 5, 7], 3)).toEqual({ slices: 3, ofSlices: 3, scale: 1, standardErrorBytes: 0 });
  });

  it('has no error to offer from one slice', () => {
    expect(estimateTotal([3], 4)).toEqual({ slices: 1, ofSlices: 4, scale: 4 });
    expect(estimateTotal([], 4)).toEqual({ slices: 0, ofSlices: 4, scale: 1 });
  });

  it('has an error that the true sum mostly lies within', () => {
    // A population of slices, sampled often with a fixed sequence of numbers.
    const population = Array.from({ length: 400 }, (_, index) => ((index * 7919) % 1009) * 1000);
    const truth = population.reduce((sum, each) => sum + each, 0);
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff;
      return state / 0x8000_0000;
    };
    let within = 0;
    for (let turn = 0; turn < 300; turn++) {
      const sample = population
        .map((bytes) => ({ bytes, key: random() }))
        .sort((left, right) => left.key - right.key)
        .slice(0, 50)
        .map(({ bytes }) => bytes);
      const { scale, standardErrorBytes = 0 } = estimateTotal(sample, population.length);
      const estimate = scale * sample.reduce((sum, each) => sum + each, 0);
      if (Math.abs(estimate - truth) <= 2 * standardErrorBytes) within++;
    }
    expect(within / 300).toBeGreaterThan(0.9);
    expect(within / 300).toBeLessThanOrEqual(1);
  });
});
