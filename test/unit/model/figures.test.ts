import { describe, expect, it } from 'vitest';
import { figureOf, unitOfMetric } from '#src/model/figures.ts';
import type { Sample } from '#src/model/sample.ts';

const sample = (figures: Partial<Sample> = {}): Sample => ({
  type: 'sample',
  elapsedMs: 0,
  reason: 'tick',
  ...figures,
});

describe('figureOf', () => {
  const each = sample({
    current: 1,
    peak: 2,
    workingset: 3,
    kernel: 4,
    swap: { current: 5, peak: 50 },
    stat: { anon: 6, kernel: 40 },
    tree: { rss: 7, pss: 8, cpuPercent: 9 },
  });

  it.each([
    ['current', 1],
    ['peak', 2],
    ['workingset', 3],
    ['kernel', 4],
    ['swap', 5],
    ['anon', 6],
    ['rss', 7],
    ['pss', 8],
    ['unknown', undefined],
  ])('finds %s', (id, value) => {
    expect(figureOf(each, id)).toBe(value);
  });

  it('distinguishes absent from 0', () => {
    expect(figureOf(sample(), 'anon')).toBeUndefined();
    expect(figureOf(sample({ stat: { anon: 0 } }), 'anon')).toBe(0);
  });
});

describe('unitOfMetric', () => {
  it.each([
    'current',
    'anon',
    'file',
    'anon.avg',
    'zswap',
    'zswapped',
    'hugetlb',
    'swapcached',
    'workingset',
  ])('returns bytes for %s', (metric) => expect(unitOfMetric(metric)).toBe('bytes'));

  it.each([
    'processes',
    'oom_kill',
    'pgfault',
    'pgscan_kswapd',
    'workingset_refault_anon',
    'thp_fault_alloc',
    'zswpout',
    'total_pgpgin',
  ])('returns a count for %s', (metric) => expect(unitOfMetric(metric)).toBe('count'));
});
