import { describe, expect, it } from 'vitest';
import type { BudgetResult, BudgetUnit, Verdict } from '#src/model/verdict.ts';
import {
  describeBudget,
  describeDifference,
  describeExit,
  describeShare,
  describeTimes,
  formatProbability,
  formatQuantity,
  formatSignedPercent,
} from '#src/report/wording.ts';
import { examples, failedBudget, passedBudget } from './example-verdicts.ts';

describe('formatQuantity', () => {
  it.each<[number, BudgetUnit, string]>([
    [1536, 'bytes', '1.50 KiB'],
    [-1536, 'bytes/min', '-1.50 KiB/min'],
    [3, 'count', '3'],
    [2.345, 'count', '2.35'],
    [0.5, 'count/min', '0.5/min'],
    [12.5, 'percent', '12.5 %'],
    [1, 'percent/min', '1 %/min'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(formatQuantity(value, unit)).toBe(text);
  });
});

describe('formatSignedPercent', () => {
  it.each([
    [21.875, '+21.9 %'],
    [-0.5, '-0.50 %'],
    [250, '+250 %'],
    [0, '0 %'],
    [0.004, 'under 0.01 %'],
  ])('writes %d as %s', (percent, text) => {
    expect(formatSignedPercent(percent)).toBe(text);
  });
});

describe('formatProbability', () => {
  it.each([
    [0.0004, '< 0.001'],
    [0.0123, '0.012'],
    [1, '1.000'],
  ])('writes %d as %s', (p, text) => {
    expect(formatProbability(p)).toBe(text);
  });
});

describe('describeDifference', () => {
  it.each<[BudgetResult['op'], number, number, string]>([
    ['<=', 3, 2, '1 over (+50.0 %)'],
    ['<=', 2, 2, 'at the limit'],
    ['<', 2, 2, 'at the limit, not below it'],
    ['<', 1, 2, '1 left (-50.0 %)'],
    ['>=', 1, 2, '1 short (-50.0 %)'],
    ['>=', 3, 2, '1 more (+50.0 %)'],
    ['>', 2, 2, 'at the limit, not above it'],
    ['==', 2, 2, 'none'],
    ['==', 1, 2, '1 too little (-50.0 %)'],
    ['==', 1, 0, '1 too much'],
  ])('of %s %d against %d: %s', (op, value, limit, text) => {
    const result: BudgetResult = { ...passedBudget, unit: 'count', op, value, limit, excess: value - limit };
    expect(describeDifference(result)).toBe(text);
  });
});

describe('describeExit', () => {
  it.each([
    ['passed', "exit status 0: the target's own"],
    ['leftovers-unknown', 'exit status 5: the maps that outlived the run could not be determined'],
    ['strict-host', 'exit status 5: the baseline is from another kind of host'],
    ['missing-metric', 'exit status 5: bpf.map:old is not measured on one side of the comparison'],
    ['not-measured', 'exit status 5: a budget could not be measured'],
    ['tool-failed', 'exit status 125: 3 of 5 runs: --prepare "make clean": it ended with status 1'],
  ])('explains the result "%s"', (name, text) => {
    const verdict = examples[name];
    if (verdict === undefined) throw new Error(name);
    expect(describeExit(verdict)).toBe(text);
  });
});

describe('describeBudget', () => {
  it.each([
    ['<=', 2, 1, '1, must be at most 2: 1 left (-50.0 %)'],
    ['==', 0, 0, '0, as required'],
    ['==', 0, 2, '2, must be 0: 2 too much'],
    ['<', 2, 2, '2, must be less than 2: at the limit, not below it'],
    ['>=', 5, 2, '2, must be at least 5: 3 short (-60.0 %)'],
    ['>', 1, 2, '2, must be more than 1: 1 more (+100 %)'],
  ] as const)('describes the requirement %s %d of %d', (op, limit, value, text) => {
    const budget = { ...failedBudget, unit: 'count', op, limit, value, excess: value - limit } as const;
    expect(describeBudget(budget)).toBe(text);
  });

  it('compares the value with the limit', () => {
    expect(describeBudget(failedBudget)).toBe('19.5 MiB, must be at most 16.0 MiB: 3.50 MiB over (+21.9 %)');
  });

  it('gives no reason if none is known', () => {
    const { value, limit, excess, ...rest } = passedBudget;
    expect(describeBudget({ ...rest, status: 'not-measured' })).toBe('unknown reason');
  });
});

describe('describeShare', () => {
  const MIB = 1024 * 1024;
  const grown = [
    { name: 'a', fromBytes: 0, toBytes: 30 * MIB },
    { name: 'b', fromBytes: 5 * MIB, toBytes: 25 * MIB },
  ];
  const share = (growthBytes: number | undefined, areProcesses = false) =>
    describeShare(
      {
        shownMs: 0,
        breakdown: [],
        processes: [],
        maps: [],
        advice: [],
        ...(growthBytes === undefined ? {} : { growthBytes }),
      },
      grown,
      'anon',
      areProcesses,
    );

  it('says how much of the growth the items explain', () => {
    expect(share(100 * MIB)).toBe('50.0 MiB of the 100 MiB that anon grew by (50 %)');
    expect(share(50 * MIB, true)).toBe('50.0 MiB of the 50.0 MiB that anon grew by (100 %)');
  });

  it('says why processes explain more than there is', () => {
    expect(share(40 * MIB, true)).toBe(
      '50.0 MiB; anon grew by 40.0 MiB: RSS also counts shared and file pages',
    );
    expect(share(40 * MIB)).toBe('50.0 MiB; anon grew by 40.0 MiB');
  });

  it('is undefined for figures that are not sizes', () => {
    expect(share(undefined)).toBeUndefined();
    expect(share(0)).toBeUndefined();
  });
});

describe('describeTimes', () => {
  const passed = examples.passed as Verdict;
  const times = (...times: { durationMs: number; cpuUs?: { user: number; system: number } }[]) =>
    describeTimes({ ...passed, runs: { count: times.length, evaluatedOn: 'run', times } });

  it('adds user and system time', () => {
    expect(times({ durationMs: 2500, cpuUs: { user: 520_000, system: 110_000 } })).toBe(
      'duration 2.5s, cpu time 630ms',
    );
  });

  it('gives the median and the range of several runs', () => {
    expect(times({ durationMs: 2500 }, { durationMs: 1500 }, { durationMs: 1600 })).toBe(
      'duration 1.6s (1.5s to 2.5s)',
    );
  });

  it('is undefined for a recording without a summary', () => {
    expect(describeTimes({ ...passed, runs: { count: 1, evaluatedOn: 'run' } })).toBeUndefined();
  });
});
