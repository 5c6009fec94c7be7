import { describe, expect, it } from 'vitest';
import { combineRuns, type EvaluatedOn, meetsLimit } from '#src/budget/evaluation/combine-runs.ts';
import type { RunResult } from '#src/budget/expression/budget.ts';
import type { BudgetResult } from '#src/model/verdict.ts';

interface Runs {
  op?: BudgetResult['op'];
  metric?: string;
  limit?: number;
  estimates?: number[];
}

/** One budget over several runs; undefined for a run that did not measure it. */
function runsOf(values: readonly (number | undefined)[], { op = '<=', limit = 50, ...more }: Runs = {}) {
  const { metric = 'anon', estimates } = more;
  return values.map((value, index): RunResult[] => {
    const result: RunResult = {
      expression: `${metric}${op}${limit}`,
      metric,
      aggregate: 'max',
      op,
      unit: 'bytes',
      status: 'passed',
      limit,
    };
    if (value === undefined)
      return [{ ...result, status: 'not-measured', reason: 'no sample', hint: 'longer' }];
    Object.assign(result, { value, excess: value - limit });
    const estimate = estimates?.[index];
    if (estimate !== undefined) result.estimate = estimate;
    if (meetsLimit(value, op, limit)) return [result];
    const exceeded = { shownMs: 100 * value, breakdown: [], processes: [], maps: [], advice: [] };
    return [{ ...result, status: 'failed', exceeded }];
  });
}

function combineOne(runs: readonly (readonly RunResult[])[], evaluatedOn: EvaluatedOn): BudgetResult {
  const [result] = combineRuns(runs, evaluatedOn);
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('several runs', () => {
  it('are evaluated by their median', () => {
    const result = combineOne(runsOf([40, 70, 60]), 'median');
    expect(result).toMatchObject({
      status: 'failed',
      value: 60,
      excess: 10,
      spread: 10,
      values: [40, 70, 60],
    });
    expect(result.exceeded).toMatchObject({ run: 3, shownMs: 6000 });
    expect(combineOne(runsOf([40, 70, 30]), 'median')).toMatchObject({
      status: 'passed',
      value: 40,
      excess: -10,
    });
    expect(combineOne(runsOf([40, 70, 30]), 'median')).not.toHaveProperty('exceeded');
  });

  it('are evaluated by the worst run on request', () => {
    const result = combineOne(runsOf([40, 70, 60]), 'worst');
    expect(result).toMatchObject({ status: 'failed', value: 70, exceeded: { run: 2 } });
    expect(combineOne(runsOf([60, 40, 70], { op: '>=' }), 'worst')).toMatchObject({
      status: 'failed',
      value: 40,
    });
  });

  it('of a single run are that run', () => {
    const [run = []] = runsOf([70]);
    expect(combineRuns([run], 'median')).toEqual(run);
    expect(combineRuns([], 'median')).toEqual([]);
  });

  it.each([
    ['oom_kill', '<='],
    ['leftover', '<='],
    ['processes', '=='],
  ] as const)('are always evaluated by the worst run with %s %s', (metric, op) => {
    expect(combineOne(runsOf([0, 1, 0, 0, 0], { metric, op, limit: 0 }), 'median')).toMatchObject({
      status: 'failed',
      value: 1,
      excess: 1,
      values: [0, 1, 0, 0, 0],
      exceeded: { run: 2 },
    });
  });

  it('have the slope of the chosen value', () => {
    const runs = runsOf([0, 70, 60], { estimates: [11, 99, 88] });
    expect(combineOne(runs, 'median').estimate).toBe(88);
    expect(combineOne(runs, 'worst').estimate).toBe(99);
    expect(combineOne(runsOf([0, 70]), 'median')).not.toHaveProperty('estimate');
  });

  it('stay failed after a limit was raised', () => {
    const [[first = {} as RunResult] = [], ...others] = runsOf([40, 10]);
    const failed: RunResult = { ...first, status: 'failed' };
    expect(combineOne([[failed], ...others], 'worst').status).toBe('failed');
  });
});

describe('a run without the metric', () => {
  it.each<
    [EvaluatedOn, BudgetResult['op'], (number | undefined)[], BudgetResult['status'], number | undefined]
  >([
    ['worst', '<=', [40, undefined, 60], 'failed', 60],
    ['worst', '<=', [40, undefined, 50], 'not-measured', undefined],
    ['worst', '>', [60, undefined, 50], 'failed', 50],
    ['median', '<=', [60, undefined, 70], 'failed', 60],
    ['median', '<=', [40, undefined, 70], 'not-measured', undefined],
    ['median', '<=', [60, undefined], 'not-measured', undefined],
    ['median', '<=', [60, 70, 80, undefined], 'failed', 65],
    ['median', '<', [50, 50, undefined], 'failed', 50],
    ['median', '>=', [40, undefined, 30], 'failed', 40],
    ['median', '>=', [40, undefined, 60], 'not-measured', undefined],
    ['median', '==', [40, undefined, 50], 'failed', 40],
    ['median', '<=', [undefined, undefined], 'not-measured', undefined],
  ])('on the %s of %s: %j is %s', (evaluatedOn, op, values, status, value) => {
    const result = combineOne(runsOf(values, { op }), evaluatedOn);
    expect(result.status).toBe(status);
    expect(result.value).toBe(value);
    expect(result.values).toEqual(values.map((each) => each ?? null));
    expect(result.reason).toBe(status === 'failed' ? undefined : 'no sample');
    expect(result.exceeded === undefined).toBe(status !== 'failed');
  });

  it('is a warning if the budget is optional', () => {
    const [measured = [], [missing = {} as RunResult] = []] = runsOf([40, undefined]);
    const optional: RunResult = { ...missing, status: 'not-measured-optional' };
    expect(combineOne([measured, [optional]], 'median')).toMatchObject({
      status: 'not-measured-optional',
      hint: 'longer',
    });
  });
});

describe('a pattern that matches no map of a run', () => {
  const unknown = (limit = 50): RunResult[] =>
    runsOf([undefined], { limit }).flatMap((run) =>
      run.map((each) => ({ ...each, isUnknownMap: true as const })),
    );

  it('is not measured if no run has a matching map', () => {
    for (const runs of [[unknown()], [unknown(), unknown()]]) {
      const result = combineOne(runs, 'worst');
      expect(result).toMatchObject({ status: 'not-measured', reason: 'no sample' });
      expect(result).not.toHaveProperty('isUnknownMap');
    }
  });

  it('counts as 0 beside a run that has one', () => {
    const result = combineOne([...runsOf([60]), unknown(), unknown()], 'median');
    expect(result).toMatchObject({ status: 'passed', value: 0, values: [60, 0, 0] });
    expect(result).not.toHaveProperty('reason');
    expect(combineOne([...runsOf([60]), unknown()], 'worst')).toMatchObject({ status: 'failed', value: 60 });
  });
});
