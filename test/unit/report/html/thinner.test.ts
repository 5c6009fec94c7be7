import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, Thinner } from '#src/report/html/data/thinner.ts';
import { axisOf, pointsOf } from '#src/report/html/draw/points.ts';

const channelOf = (thinner: Thinner): Channel => {
  const { a } = thinner.finish().channels;
  if (a === undefined) throw new Error('no channel');
  return a;
};

describe('Thinner', () => {
  it('keeps every value while there is room', () => {
    const thinner = new Thinner(['a'], 8);
    for (const [index, value] of [3, 1, 2].entries()) thinner.add(index, [value]);
    expect([...channelOf(thinner).max]).toEqual([3, 1, 2]);
    expect([...thinner.finish().toMs]).toEqual([0, 1, 2]);
  });

  it('keeps minimum, maximum and last value of any series, in at most twice the buckets as points', () => {
    const value = fc.option(fc.integer({ min: 0, max: 1e9 }), { nil: Number.NaN });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const thinner = new Thinner(['a'], 16);
        for (const [index, each] of values.entries()) thinner.add(index * 10, [each]);
        const series = thinner.finish();
        const known = values.filter((each) => !Number.isNaN(each));
        const points = pointsOf(axisOf(series), channelOf(thinner)).filter((each) => each !== null);
        expect(points.length).toBeLessThanOrEqual(32);
        if (known.length === 0) {
          expect(points).toEqual([]);
          return;
        }
        expect(Math.max(...points)).toBe(Math.max(...known));
        expect(Math.min(...points)).toBe(Math.min(...known));
        expect(series.toMs.at(-1)).toBe((values.length - 1) * 10);
        const lasts = [...channelOf(thinner).last].filter((each) => !Number.isNaN(each));
        expect(lasts.at(-1)).toBe(known.at(-1));
      }),
    );
  });

  it('draws extremes in the order in which they occurred', () => {
    const thinner = new Thinner(['a'], 2);
    for (const [index, each] of [5, 9, 1, 2, 7, 3].entries()) thinner.add(index, [each]);
    const series = thinner.finish();
    expect(pointsOf(axisOf(series), channelOf(thinner))).toEqual([9, 1, 7, 3]);
  });

  it('contains maxima between two readings', () => {
    const thinner = new Thinner(['a'], 4);
    thinner.add(0, [1]);
    thinner.add(10, [2], [50]);
    const series = thinner.finish();
    const axis = axisOf(series);
    expect(axis.seconds).toEqual([0, 0.005, 0.01]);
    expect(pointsOf(axis, channelOf(thinner))).toEqual([1, 50, 2]);
  });

  it('takes times that decrease as equal', () => {
    const thinner = new Thinner(['a'], 4);
    thinner.add(10, [1]);
    thinner.add(5, [2]);
    expect([...thinner.finish().fromMs]).toEqual([10, 10]);
  });
});
