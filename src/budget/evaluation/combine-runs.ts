/** Combines the results of several runs into one result per budget. */
import type { BudgetResult } from '../../model/verdict.ts';
import { median, medianAbsoluteDeviation } from '../../statistics/statistics.ts';
import type { RunResult } from '../expression/budget.ts';

/** Which value of several runs is evaluated. */
export type EvaluatedOn = 'median' | 'worst';

/** A result that has a value. */
type Measured = BudgetResult & { value: number; limit: number };

/**
 * Combines results of the same budgets run by run. If one run did not measure a budget, it is not measured,
 * because a value from fewer runs than requested would be misleading; but it fails if it would fail for any
 * value of the missing runs.
 */
export function combineRuns(
  runs: readonly (readonly RunResult[])[],
  evaluatedOn: EvaluatedOn,
): BudgetResult[] {
  const first = runs[0] ?? [];
  return first.map((_, index) => {
    const results = withAbsentMaps(runs.flatMap((run) => run[index] ?? []));
    const [only] = results;
    return results.length === 1 && only !== undefined ? only : combine(results, evaluatedOn);
  });
}

/** A map that one run has counts as 0 in a run without a map of that name. */
function withAbsentMaps(results: readonly RunResult[]): BudgetResult[] {
  const hasMap = results.some(({ value }) => value !== undefined);
  return results.map(({ isUnknownMap, ...result }) => {
    const { limit, op } = result;
    if (isUnknownMap !== true || !hasMap || limit === undefined) return result;
    const { reason: _reason, hint: _hint, ...rest } = result;
    return {
      ...rest,
      status: meetsLimit(0, op, limit) ? 'passed' : 'failed',
      value: 0,
      limit,
      excess: -limit,
    };
  });
}

function combine(results: readonly BudgetResult[], evaluatedOn: EvaluatedOn): BudgetResult {
  const values = results.map(({ value }) => value ?? null);
  const missing = results.find(({ value }) => value === undefined);
  const measured = results.filter(isMeasured);
  const evaluated = isOnWorst(results, evaluatedOn) ? worstOf(measured) : medianOf(results, measured);
  if (evaluated === undefined || (missing !== undefined && evaluated.status !== 'failed')) {
    const shown = missing ?? (results.at(-1) as BudgetResult);
    return { ...withoutEvaluation(shown), status: missing?.status ?? 'not-measured', values };
  }
  const { value, limit, estimate, status } = evaluated;
  const combined: BudgetResult = { ...withoutEvaluation(evaluated), status, values };
  const spread = medianAbsoluteDeviation(measured.map((each) => each.value));
  Object.assign(combined, { value, limit, excess: value - limit });
  if (estimate !== undefined) combined.estimate = estimate;
  if (spread !== undefined) combined.spread = spread;
  const possible = possibleOf(measured, evaluated, evaluatedOn);
  if (possible !== undefined) combined.possible = possible;
  const exceeded = status === 'failed' ? nearestExceedance(results, value) : undefined;
  if (exceeded !== undefined) combined.exceeded = exceeded;
  return combined;
}

/**
 * A median hides what happens in a minority of runs: an OOM kill, a leftover map, or a value that must be
 * exact.
 */
function isOnWorst([first]: readonly BudgetResult[], evaluatedOn: EvaluatedOn): boolean {
  if (evaluatedOn === 'worst' || first === undefined) return true;
  return first.metric === 'oom_kill' || first.metric === 'leftover' || first.op === '==';
}

/** The median if all missing values were as good as possible; the median of all values if none is missing. */
function medianOf(results: readonly BudgetResult[], measured: readonly Measured[]): Measured | undefined {
  const worst = worstOf(measured);
  if (worst === undefined) return undefined;
  const best = worst.op.startsWith('<') ? -Number.MAX_VALUE : Number.MAX_VALUE;
  const value = median(results.map((each) => each.value ?? best)) ?? best;
  const { limit, op } = worst;
  const evaluated: Measured = { ...worst, value, status: meetsLimit(value, op, limit) ? 'passed' : 'failed' };
  const estimate = median(measured.flatMap((each) => each.estimate ?? []));
  if (estimate !== undefined) evaluated.estimate = estimate;
  return evaluated;
}

/**
 * The combined value if each run had used what its high-water mark does not exclude; undefined within the
 * limit, unless a run was not read while its target ran.
 */
function possibleOf(
  measured: readonly Measured[],
  { limit, op, status }: Measured,
  evaluatedOn: EvaluatedOn,
): number | undefined {
  if (status === 'failed' || measured.every(({ possible }) => possible === undefined)) return undefined;
  const values = measured.map(({ possible, value }) => possible ?? value);
  const combined = isOnWorst(measured, evaluatedOn) ? Math.max(...values) : median(values);
  if (combined === undefined) return undefined;
  const isUnread = measured.some(({ possible }) => possible !== undefined && meetsLimit(possible, op, limit));
  return isUnread || !meetsLimit(combined, op, limit) ? Math.round(combined) : undefined;
}

function isMeasured(result: BudgetResult): result is Measured {
  return result.value !== undefined && result.limit !== undefined;
}

function withoutEvaluation(result: BudgetResult): BudgetResult {
  const { value: _v, estimate: _e, excess: _x, exceeded: _b, values: _vs, possible: _p, ...rest } = result;
  return rest;
}

/** Whether a value satisfies a limit. */
export function meetsLimit(value: number, op: BudgetResult['op'], limit: number): boolean {
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

/**
 * The run that exceeds its own limit most; limits may differ between runs if they are percentages. Failed
 * results are worse than passed ones. Undefined without results.
 */
function worstOf(results: readonly Measured[]): Measured | undefined {
  return results.toSorted((a, b) => rank(b) - rank(a) || excessOf(b) - excessOf(a))[0];
}

function rank({ status }: Measured): number {
  return status === 'failed' ? 1 : 0;
}

function excessOf({ value, limit, op }: Measured): number {
  if (op === '==') return Math.abs(value - limit);
  return op.startsWith('<') ? value - limit : limit - value;
}

/** `exceeded` of the run whose value is closest to the evaluated one, with the number of that run. */
function nearestExceedance(results: readonly BudgetResult[], value: number): BudgetResult['exceeded'] {
  const failed = results
    .map((result, index) => ({ result, run: index + 1 }))
    .filter(({ result }) => result.exceeded !== undefined)
    .toSorted((a, b) => distance(a.result, value) - distance(b.result, value))[0];
  return failed?.result.exceeded === undefined ? undefined : { ...failed.result.exceeded, run: failed.run };
}

function distance(result: BudgetResult, value: number): number {
  return Math.abs((result.value ?? 0) - value);
}
