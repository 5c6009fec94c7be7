import { describe, expect, it } from 'vitest';
import { TimelineCollector } from '#src/budget/evaluation/timeline.ts';
import { makeVerdict, type StatusRules } from '#src/budget/make-verdict.ts';
import type { Comparison, MetricDifference } from '#src/model/comparison.ts';
import type { SummaryRecord } from '#src/model/recording.ts';
import type { BudgetResult } from '#src/model/verdict.ts';
import { failedBudget } from '../report/example-verdicts.ts';
import { startOf, summaryOf } from './evaluated-runs.ts';

const plain: StatusRules = {
  budgetExitCode: 3,
  budgetFirst: false,
  timeoutOk: false,
  failOnLeftover: false,
  strictHost: false,
};

interface ScreenEvents {
  rules?: Partial<StatusRules>;
  comparison?: Comparison;
  faults?: string[];
  exit?: SummaryRecord['exit'];
  budgets?: BudgetResult[];
}

function verdictOf({
  rules = {},
  comparison,
  faults = [],
  exit = { status: 0, code: 0 },
  budgets = [],
}: ScreenEvents) {
  return makeVerdict({
    runs: [{ start: startOf(), summary: summaryOf('cgroup2', { exit }) }],
    evaluatedOn: 'median',
    budgets,
    comparison,
    timeline: undefined,
    warnings: [],
    faults,
    rules: { ...plain, ...rules },
    cmemstat: '0.1.0',
  });
}

function comparisonOf(verdict: MetricDifference['verdict'], otherHost: boolean): Comparison {
  const side = { name: 'side', runs: 1, command: ['make'], mode: 'cgroup2' as const };
  return {
    type: 'comparison',
    version: 2,
    base: side,
    now: side,
    doubts: [],
    ...(otherHost ? { otherHost: true as const } : {}),
    metrics: [{ metric: 'anon', unit: 'bytes', noise: 0, verdict }],
    regressed: verdict === 'regressed',
  };
}

describe('a server ended by its time limit', () => {
  const exit = { status: 124, signal: 'SIGTERM', endedBy: 'timeout' as const };

  it('succeeds with --timeout-ok only', () => {
    expect(verdictOf({ exit })).toMatchObject({ exitStatus: 124, target: { status: 124, timedOut: true } });
    expect(verdictOf({ exit, rules: { timeoutOk: true } })).toMatchObject({
      exitStatus: 0,
      target: { status: 0, timedOut: true, timeoutExpected: true },
    });
  });

  it('does not hide a failure', () => {
    const rules = { timeoutOk: true };
    expect(verdictOf({ exit: { status: 7, code: 7 }, rules }).exitStatus).toBe(7);
    expect(verdictOf({ exit, rules, comparison: comparisonOf('regressed', false) }).exitStatus).toBe(3);
  });
});

describe('a failure of cmemstat itself', () => {
  it('is 125 if nothing else decides', () => {
    expect(verdictOf({ faults: ['no space', 'no space'] })).toMatchObject({
      exitStatus: 125,
      faults: ['no space'],
      target: { status: 0 },
    });
    expect(verdictOf({})).not.toHaveProperty('faults');
  });

  it("has lower precedence than the target's failure and a regression, and is always reported", () => {
    const failed = verdictOf({ faults: ['no space'], exit: { status: 7, code: 7 } });
    expect(failed).toMatchObject({ exitStatus: 7, faults: ['no space'] });
    const regressed = verdictOf({ faults: ['no space'], comparison: comparisonOf('regressed', false) });
    expect(regressed).toMatchObject({ exitStatus: 3, faults: ['no space'] });
  });
});

describe('the causes of unmeasured budgets', () => {
  it('are each reported by name', () => {
    const missing = verdictOf({ comparison: comparisonOf('not-measured', false) });
    expect(missing).toMatchObject({ status: 'not-measured', exitStatus: 5, missingMetrics: ['anon'] });
    expect(missing).not.toHaveProperty('strictHost');
    const rules = { strictHost: true };
    const other = verdictOf({ rules, comparison: comparisonOf('passed', true) });
    expect(other).toMatchObject({ status: 'not-measured', exitStatus: 5, strictHost: true });
    expect(other).not.toHaveProperty('missingMetrics');
    expect(verdictOf({ rules: { failOnLeftover: true } })).toMatchObject({
      exitStatus: 5,
      leftoversUnknown: true,
    });
  });

  it('are absent if not requested', () => {
    const verdict = verdictOf({ comparison: comparisonOf('passed', true) });
    expect(verdict).toMatchObject({ status: 'passed', exitStatus: 0 });
    expect(verdict).not.toHaveProperty('strictHost');
    expect(verdict).not.toHaveProperty('leftoversUnknown');
  });
});

describe('advice', () => {
  const advice = (name: string, id: number) => ({
    kind: 'nearly-empty' as const,
    maps: [{ id, name }],
    text: `hash '${name}'`,
  });
  const failing = (metric: string, ...given: ReturnType<typeof advice>[]): BudgetResult => ({
    ...failedBudget,
    metric,
    exceeded: { shownMs: 0, breakdown: [], processes: [], maps: [], advice: given },
  });

  it('is given for the first budget that it concerns, also if another run shows the second', () => {
    const { budgets } = verdictOf({
      budgets: [
        failing('bpf', advice('a', 1), advice('b', 2)),
        failing('kernel', advice('c', 3), advice('a', 7)),
      ],
    });
    expect(budgets.map(({ exceeded }) => exceeded?.advice.map(({ text }) => text))).toEqual([
      ["hash 'a'", "hash 'b'"],
      ["hash 'c'"],
    ]);
  });
});

describe('the timeline of a report', () => {
  it('has the whole run, and the highest value of each of its parts', () => {
    const collector = new TimelineCollector('current');
    for (const [at, value] of [10, 70, 30].entries()) collector.add(at * 500, value);
    const { timeline } = collector;
    expect(timeline).toMatchObject({ figure: 'current', fromMs: 0, toMs: 1000 });
    // A value holds until the next one.
    expect(new Set(timeline?.max)).toEqual(new Set([10, 70]));
    expect(timeline?.max[0]).toBe(10);
    expect(timeline?.max.at(-1)).toBe(70);
  });

  it('is undefined before the second sample', () => {
    const collector = new TimelineCollector('current');
    expect(collector.timeline).toBeUndefined();
    collector.add(0, 10);
    expect(collector.timeline).toBeUndefined();
  });
});
