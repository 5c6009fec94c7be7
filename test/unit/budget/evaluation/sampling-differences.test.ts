import { describe, expect, it } from 'vitest';
import { samplingDifferences } from '#src/budget/evaluation/sampling-differences.ts';
import { startOf } from '../evaluated-runs.ts';

describe('the sampling of a run and that of the budget file', () => {
  const start = { ...startOf(), intervalMs: 100, bpfIntervalMs: 1000 };

  it('are all reported', () => {
    expect(
      samplingDifferences(start, { intervalMs: 500, bpfIntervalMs: 1000, processIntervalMs: 0 }),
    ).toEqual(['the run was sampled with --interval 100ms, the budget file says 500ms']);
    expect(samplingDifferences(start, { processIntervalMs: 2000 })).toEqual([
      'the run was sampled with --process-interval 0, the budget file says 2.0s',
    ]);
    expect(samplingDifferences(start, {})).toEqual([]);
  });
});
