/** One result for each budget from the results of several runs. Pure. */
import type { BudgetResult } from '../model/verdict.ts';
import { median, medianAbsoluteDeviation } from './statistics.ts';

/** Which value of several runs is judged. */
export type JudgedOn = 'median' | 'worst';

/**
 * Joins results of the same budgets, run by run. A budget that one run did not measure is not measured: a value from fewer
 * runs than were asked for would claim more than is known.
 */
export function combineRuns(runs: readonly (readonly BudgetResult[])[], judgedOn: JudgedOn): BudgetResult[] {
  const first = runs[0] ?? [];
  if (runs.length === 1) return [...first];
  return first.map((_, index) => {
    const results = runs.flatMap((run) => run[index] ?? []);
    return combine(results, judgedOn);
  });
}

function combine(results: readonly BudgetResult[], judgedOn: JudgedOn): BudgetResult {
  const values = results.map(({ value }) => value ?? null);
  const missing = results.find(({ value }) => value === undefined);
  const last = results[results.length - 1] as BudgetResult;
  if (missing !== undefined) return { ...withoutJudgement(missing), status: missing.status, values };
  const measured = values.filter((value) => value !== null);
  const worst = worstOf(results);
  const value = judgedOn === 'worst' ? worst.value : median(measured);
  const { limit } = worst;
  const combined: BudgetResult = { ...withoutJudgement(last), status: 'held', values };
  const spread = medianAbsoluteDeviation(measured);
  if (value === undefined || limit === undefined || spread === undefined)
    return { ...combined, status: 'not-measured' };
  Object.assign(combined, { value, limit, excess: value - limit, spread });
  if (holds(value, last.op, limit)) return combined;
  combined.status = 'broken';
  const breach = breachNearest(results, value);
  if (breach !== undefined) combined.breach = breach;
  return combined;
}

function withoutJudgement(result: BudgetResult): BudgetResult {
  const { value: _value, excess: _excess, breach: _breach, values: _values, ...rest } = result;
  return rest;
}

/** Whether a value keeps to a limit. */
export function holds(value: number, op: BudgetResult['op'], limit: number): boolean {
  switch (op) {
    case '<=':
      return value <= limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
    case '==':
      return value === limit;
  }
}

/** The run that is furthest on the wrong side of its own limit; limits may differ where they are shares of one. */
function worstOf(results: readonly BudgetResult[]): BudgetResult {
  return results.reduce((worst, result) => (badness(result) > badness(worst) ? result : worst));
}

function badness({ value = 0, limit = 0, op }: BudgetResult): number {
  if (op === '==') return Math.abs(value - limit);
  return op.startsWith('<') ? value - limit : limit - value;
}

/** The breach of the run whose value is nearest to the one that is judged, with the number of that run. */
function breachNearest(results: readonly BudgetResult[], value: number): BudgetResult['breach'] {
  const broken = results
    .map((result, index) => ({ result, run: index + 1 }))
    .filter(({ result }) => result.breach !== undefined)
    .toSorted((a, b) => distance(a.result, value) - distance(b.result, value))[0];
  return broken?.result.breach === undefined ? undefined : { ...broken.result.breach, run: broken.run };
}

function distance(result: BudgetResult, value: number): number {
  return Math.abs((result.value ?? 0) - value);
}
