import { describe, expect, it } from 'vitest';
import { combineRuns } from '#src/budget/evaluation/combine-runs.ts';
import { applyDoubt } from '#src/budget/evaluation/sampling-doubt.ts';
import type { RunResult } from '#src/budget/expression/budget.ts';
import { required } from '../../../required.ts';

const MIB = 1024 * 1024;
const passed = (mib: number, possible?: number): RunResult => ({
  expression: 'anon<=64MiB',
  metric: 'anon',
  aggregate: 'max',
  op: '<=',
  unit: 'bytes',
  status: 'passed',
  value: mib * MIB,
  limit: 64 * MIB,
  excess: (mib - 64) * MIB,
  ...(possible === undefined ? {} : { possible: possible * MIB }),
});

describe('a maximum that may have been missed', () => {
  it('is reported, and the budget passes', () => {
    const { results, warnings } = applyDoubt([passed(60, 70), passed(60)], false);
    expect(results.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(warnings).toEqual([
      "anon<=64MiB passed by its readings, but anon may have reached 70.0 MiB between two readings: the kernel's peak is above all of them",
    ]);
  });

  it('is not measured with --strict-sampling', () => {
    const { results, warnings } = applyDoubt([passed(60, 70), passed(60)], true);
    expect(results.map(({ status, value }) => [status, value])).toEqual([
      ['not-measured', undefined],
      ['passed', 60 * MIB],
    ]);
    expect(results[0]?.reason).toContain('may have reached 70.0 MiB');
    expect(warnings).toEqual([]);
  });

  it('applies to the values of several runs', () => {
    const runs = [[passed(60, 70)], [passed(61)], [passed(62)]];
    expect(required(combineRuns(runs, 'median')[0]).possible).toBeUndefined();
    expect(combineRuns(runs, 'worst')[0]?.possible).toBe(70 * MIB);
    expect(combineRuns([[passed(60, 70)], [passed(61, 66)], [passed(62)]], 'median')[0]?.possible).toBe(
      66 * MIB,
    );
  });
});
