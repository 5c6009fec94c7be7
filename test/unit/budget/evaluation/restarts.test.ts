import { describe, expect, it } from 'vitest';
import { BudgetEvaluator } from '#src/budget/evaluation/evaluator.ts';
import type { RecordLine } from '#src/model/recording.ts';
import type { BudgetResult } from '#src/model/verdict.ts';
import { feed, MIB, named, processesAt, sampleAt, startOf, summaryOf } from '../evaluated-runs.ts';

/** 20 samples, one a second from `fromMs`, of anonymous memory that grows by `perSample`. */
function segment(fromMs: number, anon: number, perSample: number, kills = 0): RecordLine[] {
  return Array.from({ length: 20 }, (_, at) =>
    sampleAt(fromMs + at * 1000, 'tick', {
      stat: { anon: anon + at * perSample, pgmajfault: at },
      events: { oom_kill: at > 10 ? kills : 0 },
      pressure: { some: { avg10: 0, avg60: 0, avg300: 0, total: at * 100_000 } },
    }),
  );
}

const waiting = (elapsedMs: number): RecordLine => ({ type: 'event', elapsedMs, event: 'waiting' });
const followed = (elapsedMs: number): RecordLine => ({ type: 'event', elapsedMs, event: 'followed' });

function evaluate(expressions: readonly string[], records: readonly RecordLine[]): BudgetEvaluator {
  return feed(new BudgetEvaluator(expressions.map((each) => named(each))), [startOf(), ...records]);
}

const attached = { target: 'unit:a', cgroup: '/a', peakSince: 'creation' as const };

function evaluateOne(expression: string, records: readonly RecordLine[]): BudgetResult | undefined {
  return evaluate([expression], records).finish(summaryOf())[0];
}

describe('over a restart', () => {
  // It falls from 119 MiB to 10 MiB, and did not grow in the second cgroup.
  const restarted = [
    ...segment(0, 100 * MIB, MIB, 1),
    waiting(19_500),
    followed(100_000),
    ...segment(100_000, 10 * MIB, 0, 2),
  ];

  it('growth is that of the cgroup where it was strongest', () => {
    const { status, value = 0 } = evaluateOne('anon.growth<=1MiB/min', restarted) ?? {};
    expect(status).toBe('failed');
    expect(value / MIB).toBeCloseTo(60, 0);
    expect(evaluateOne('anon.growth>=1MiB/min', restarted)).toMatchObject({ status: 'failed', value: 0 });
    // Each is flat: only what was between them has changed.
    const flat = [...segment(0, 10 * MIB, 0), followed(20_000), ...segment(20_000, 100 * MIB, 0)];
    expect(evaluateOne('anon.growth<=1MiB/min', flat)).toMatchObject({ status: 'passed', value: 0 });
  });

  it('counters are the sum over the cgroups', () => {
    expect(evaluateOne('oom_kill<=2', restarted)).toMatchObject({ status: 'failed', value: 3 });
    expect(evaluateOne('pgmajfault.max<=38', restarted)).toMatchObject({ status: 'passed', value: 38 });
  });

  it('the time without a cgroup has no part in means and shares', () => {
    const flat = [
      ...segment(0, 30 * MIB, 0),
      waiting(19_500),
      followed(1_000_000),
      ...segment(1_000_000, 10 * MIB, 0),
    ];
    expect(evaluateOne('anon.avg<=100M', flat)?.value).toBe(20 * MIB);
    expect(evaluateOne('psi.some<=11%', flat)?.value).toBeCloseTo(10, 1);
  });

  it('a maximum is that of any, and the growth up to it starts in its cgroup', () => {
    const grown = [...segment(0, MIB, 0), followed(20_000), ...segment(20_000, 50 * MIB, MIB)];
    const records = [
      startOf('cgroup2', { attached }),
      ...grown,
      followed(40_000),
      ...segment(40_000, 9 * MIB, 0),
    ];
    const [result] = feed(new BudgetEvaluator([named('anon<=60M')]), records).finish(summaryOf());
    expect(result).toMatchObject({ status: 'failed', value: 69 * MIB });
    expect(result?.exceeded?.growthBytes).toBe(19 * MIB);
  });

  it('the processes of the next cgroup have not grown before they are seen', () => {
    const first = startOf('cgroup2', { attached });
    const evaluator = feed(new BudgetEvaluator([named('anon<=60M')]), [
      first,
      processesAt(0, [[1, 'old', 5]]),
      ...segment(0, MIB, 0),
      followed(20_000),
      processesAt(20_000, [[2, 'new', 40]]),
      ...segment(20_000, 50 * MIB, MIB),
      processesAt(39_001, [[2, 'new', 69]]),
    ]);
    const [result] = evaluator.finish(summaryOf());
    expect(result?.exceeded?.processes).toEqual([
      { name: 'new', id: 2, fromBytes: 40 * MIB, toBytes: 69 * MIB },
    ]);
  });

  it('warns that budgets apply to several cgroups', () => {
    const evaluator = evaluate(['anon<=200M'], restarted);
    evaluator.finish(summaryOf());
    expect(evaluator.warnings(summaryOf())).toEqual([
      'budgets apply to 2 cgroups, one after the other: maxima of any, counters in all, growth in the one where it was strongest',
    ]);
  });
});
