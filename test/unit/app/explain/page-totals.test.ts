import { describe, expect, it } from 'vitest';
import { PageTotals, restTerms } from '#src/app/explain/page-totals.ts';
import type { ScanRow } from '#src/kernel/scan-row.ts';

const row = (object: number, bytes: number): ScanRow => ({
  owner: 0,
  kind: 'file',
  object,
  bytes,
  count: 1,
  dirtyBytes: 0,
  activeBytes: 0,
  mappedBytes: 0,
  hugeBytes: 0,
  unevictableBytes: 0,
  isRest: false,
});

function totalsOf(count: number, bytes: (index: number) => number): PageTotals {
  const totals = new PageTotals();
  for (let index = 0; index < count; index += 1) totals.add(row(index, bytes(index)));
  return totals;
}

describe('a sample of the objects beyond the largest', () => {
  it('has one in each equal part of their memory', () => {
    // 100 large ones, and 100,000 of one page.
    const totals = totalsOf(100_100, (index) => (index < 100 ? 1024 * 1024 : 4096));
    const sample = totals.sampleBeyond('file', 100, 50);
    expect(sample).toHaveLength(50);
    expect(sample.every(({ bytes }) => bytes === 4096)).toBe(true);
    expect(new Set(sample.map(({ object }) => object)).size).toBe(50);
  });

  it('is empty if there are none, or if they are small together', () => {
    expect(totalsOf(100, () => 1024 * 1024).sampleBeyond('file', 100, 50)).toEqual([]);
    expect(totalsOf(200, () => 4096).sampleBeyond('file', 100, 50)).toEqual([]);
  });
});

it('says what is only in the sums: the kernel side keeps a bounded number of rows', () => {
  const totals = totalsOf(10, () => 4096);
  expect(restTerms(totals.restBytes)).toEqual([]);
  const { object: _, ...rest } = row(0, 3 * 1024 * 1024);
  totals.add({ ...rest, isRest: true });
  expect(totals.sums.file).toBe(10 * 4096 + 3 * 1024 * 1024);
  expect(restTerms(totals.restBytes)).toMatchObject([
    {
      term: 'names of some files',
      reason: expect.stringContaining('3.00 MiB are only in the sums') as string,
    },
  ]);
});

const slab = (changes: Partial<ScanRow>): ScanRow => ({
  ...row(3, 600),
  kind: 'slab',
  count: 3,
  ...changes,
});

it('sums negative directory entries, unless some could not be looked at', () => {
  const negativeOf = (...rows: ScanRow[]) => {
    const totals = new PageTotals();
    for (const each of rows) totals.add(each);
    return totals.largest('slab', 1)[0]?.negativeCount;
  };
  const known = slab({ inspectedCount: 3, negativeCount: 2 });
  expect(negativeOf(known, known)).toBe(4);
  expect(negativeOf(known, slab({ inspectedCount: 2, negativeCount: 2 }))).toBeUndefined();
  expect(negativeOf(known, slab({}))).toBeUndefined();
  // An estimate from some of the pages.
  expect(negativeOf(slab({ count: 4.8, inspectedCount: 4.8, negativeCount: 1.6 }))).toBe(2);
});
