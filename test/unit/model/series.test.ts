import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Series } from '#src/model/series.ts';

const CAPACITY = 32;

/** Steps of time and values, some of them absent. */
const readings = fc.array(
  fc.record({
    stepMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5000, noNaN: true })),
    value: fc.option(fc.integer({ min: -1000, max: 2 ** 45 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 400 },
);

function seriesOf(steps: readonly { stepMs: number; value: number | undefined }[], capacity = CAPACITY) {
  const series = new Series(['a', 'b'], capacity);
  let elapsedMs = 0;
  const added: { elapsedMs: number; value: number | undefined }[] = [];
  for (const { stepMs, value } of steps) {
    elapsedMs += stepMs;
    series.add(elapsedMs, { a: value, b: 1 });
    added.push({ elapsedMs, value });
  }
  return { series, added };
}

function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

describe('a series', () => {
  it('has no range, no peak and no columns before the first reading', () => {
    const series = new Series(['a']);
    expect(series.range).toBeUndefined();
    expect(series.peak('a')).toBeUndefined();
    expect(series.columns('a', 0, 1000, 3)).toEqual([undefined, undefined, undefined]);
  });

  it('keeps a value until the next reading, and not beyond the last one', () => {
    const series = new Series(['a']);
    series.add(1000, { a: 5 });
    series.add(4000, { a: 7 });
    expect(series.columns('a', 0, 6000, 6)).toEqual([
      undefined,
      { min: 5, max: 5, last: 5 },
      { min: 5, max: 5, last: 5 },
      { min: 5, max: 5, last: 5 },
      { min: 7, max: 7, last: 7 },
      undefined,
    ]);
  });

  it('has the last earlier value at the start of a window', () => {
    const series = new Series(['a']);
    series.add(0, { a: 5 });
    series.add(9000, { a: 7 });
    expect(series.columns('a', 3000, 5000, 2)).toEqual([
      { min: 5, max: 5, last: 5 },
      { min: 5, max: 5, last: 5 },
    ]);
  });

  it('has gaps where a channel was absent', () => {
    const series = new Series(['a']);
    series.add(0, { a: 5 });
    series.add(1000, {});
    series.add(2000, { a: 6 });
    series.add(3000, { a: 6 });
    const columns = series.columns('a', 0, 3000, 3);
    expect(columns[0]).toEqual({ min: 5, max: 5, last: 5 });
    expect(columns[1]).toBeUndefined();
    expect(columns[2]).toEqual({ min: 6, max: 6, last: 6 });
  });

  it('has no values of an unknown channel', () => {
    const { series } = seriesOf([{ stepMs: 1, value: 2 }]);
    expect(series.columns('c', 0, 1, 2)).toEqual([undefined, undefined]);
    expect(series.peak('c')).toBeUndefined();
  });

  it('keeps the last quarter exact and the rest evenly thinned', () => {
    const series = new Series(['a'], 64);
    for (let second = 0; second < 10_000; second += 1) series.add(second * 1000, { a: second });
    const recent = series.columns('a', 9_990_000, 9_999_000, 9);
    expect(recent.map((column) => column?.max)).toEqual([
      ...[9990, 9991, 9992, 9993, 9994, 9995, 9996, 9997],
      9999,
    ]);
    // A run of 10,000 s in at least a quarter of 64 buckets: none is longer than an eighth of the run.
    const columns = series.columns('a', 0, 9_999_000, 8);
    for (const [index, column] of columns.entries()) {
      expect(column?.min).toBeGreaterThanOrEqual((index - 1) * 1250);
      expect(column?.max).toBeLessThanOrEqual((index + 2) * 1250);
    }
  });

  it('never loses a maximum, in any window', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: 1, max: 50 }), (steps, count) => {
        const { series, added } = seriesOf(steps);
        const values = present(added.map(({ value }) => value));
        const range = series.range ?? { fromMs: 0, toMs: 0 };
        const columns = series.columns('a', range.fromMs, range.toMs, count);
        const maxima = present(columns.map((column) => column?.max));
        const minima = present(columns.map((column) => column?.min));
        expect(Math.max(...maxima)).toBe(Math.max(...values));
        expect(Math.min(...minima)).toBe(Math.min(...values));
      }),
    );
  });

  it('has the exact peak and its first moment', () => {
    fc.assert(
      fc.property(readings, (steps) => {
        const { series, added } = seriesOf(steps);
        const values = present(added.map(({ value }) => value));
        const top = Math.max(...values);
        const first = added.find(({ value }) => value === top);
        expect(series.peak('a')).toEqual(
          first === undefined ? undefined : { value: top, elapsedMs: first.elapsedMs },
        );
      }),
    );
  });

  it('covers the whole run in bounded memory', () => {
    fc.assert(
      fc.property(readings, (steps) => {
        const { series, added } = seriesOf(steps);
        expect(series.buckets).toBeLessThanOrEqual(CAPACITY);
        expect(series.range).toEqual({ fromMs: added[0]?.elapsedMs, toMs: added.at(-1)?.elapsedMs });
      }),
    );
  });

  it('is independent of its copies', () => {
    fc.assert(
      fc.property(readings, readings, (steps, more) => {
        const { series } = seriesOf(steps);
        const state = () => [series.range, series.peak('a'), series.columns('a', 0, 1e6, 40)];
        const before = state();
        const copy = series.clone();
        const range = series.range ?? { fromMs: 0, toMs: 0 };
        for (const { stepMs } of more) copy.add(range.toMs + stepMs, { a: 2 ** 50 });
        expect(state()).toEqual(before);
        const second = series.clone();
        series.add(range.toMs + 1, { a: 2 ** 51 });
        expect([second.range, second.peak('a'), second.columns('a', 0, 1e6, 40)]).toEqual(before);
      }),
    );
  });

  it('replaces a time that goes back by the previous time', () => {
    const series = new Series(['a']);
    series.add(5000, { a: 1 });
    series.add(2000, { a: 9 });
    expect(series.range).toEqual({ fromMs: 5000, toMs: 5000 });
    expect(series.peak('a')).toEqual({ value: 9, elapsedMs: 5000 });
  });
});
