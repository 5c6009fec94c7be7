import { describe, expect, it } from 'vitest';
import { maxNamed, PageTotals, restTerms } from '#src/app/explain/page-totals.ts';
import type { ScanRow } from '#src/kernel/scan-row.ts';
import { required } from '../../../required.ts';

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
    const sample = totals.sampleBeyond('file', totals.largest('file', 100), 50);
    expect(sample).toHaveLength(50);
    expect(sample.every(({ bytes }) => bytes === 4096)).toBe(true);
    expect(new Set(sample.map(({ object }) => object)).size).toBe(50);
  });

  it('is empty if there are none, or if they are small together', () => {
    for (const totals of [totalsOf(100, () => 1024 * 1024), totalsOf(200, () => 4096)]) {
      expect(totals.sampleBeyond('file', totals.largest('file', 100), 50)).toEqual([]);
    }
  });
});

it('has fewer names for each cgroup of a host, and more for sums of files', () => {
  for (const kind of ['file', 'shmem'] as const) {
    const [host, hostSums, cgroup, cgroupSums] = (['host', 'cgroup'] as const).flatMap((scope) =>
      [false, true].map((sums) => maxNamed(scope, sums)[kind]),
    );
    expect(host).toBeLessThan(Math.min(required(hostSums), required(cgroup)));
    expect(cgroupSums).toBeGreaterThan(Math.max(required(hostSums), required(cgroup)));
  }
});

it('says what is only in the sums: a bounded number of rows is kept', () => {
  const totals = totalsOf(10, () => 4096);
  expect(restTerms(totals.restBytes, { droppedRows: 5 })).toEqual([]);
  const { object: _, ...rest } = row(0, 3 * 1024 * 1024);
  totals.add({ ...rest, isRest: true });
  expect(totals.sums.file).toBe(10 * 4096 + 3 * 1024 * 1024);
  expect(restTerms(totals.restBytes, { droppedRows: 5 })).toMatchObject([
    {
      term: 'names of some files',
      reason: expect.stringContaining('3.00 MiB in up to 5 of the smallest are only in the sums') as string,
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

it('has the largest of 100,000 in descending order, of equal ones those that came first', () => {
  const totals = totalsOf(100_000, (index) => (index % 1000 === 0 ? 8192 * (1 + (index % 3000)) : 4096));
  const largest = totals.largest('file', 105);
  expect(largest).toHaveLength(105);
  expect(largest.map(({ bytes }) => bytes)).toEqual(
    largest.map(({ bytes }) => bytes).toSorted((a, b) => b - a),
  );
  expect(largest.slice(-5).map(({ object }) => object)).toEqual([1, 2, 3, 4, 5]);
  expect(totals.countOf('file')).toBe(100_000);
});

it('adds up the rows of cgroups that are charged for the same file', () => {
  const totals = new PageTotals();
  const { activeBytes: _, ...withoutLists } = row(7, 4096);
  for (const each of [row(7, 8192), row(9, 4096.4), { ...row(7, 4096), dirtyBytes: 4096 }]) totals.add(each);
  expect(totals.largest('file', 5)).toMatchObject([
    { object: 7, bytes: 12_288, count: 2, dirtyBytes: 4096, activeBytes: 0 },
    { object: 9, bytes: 4096 },
  ]);
  totals.add(withoutLists);
  expect(totals.largest('file', 1)[0]?.activeBytes).toBeUndefined();
});
