/** Compares two sets of runs: differences, noise, and exceeded thresholds. */
import { InputError } from '../../errors.ts';
import { hasWildcards } from '../../format/glob.ts';
import {
  COMPARISON_VERSION,
  type ComparedSide,
  type Comparison,
  isBeyondNoise,
  type MetricDifference,
  SIGNIFICANCE,
} from '../../model/comparison.ts';
import { unitOfMetric } from '../../model/figures.ts';
import { MAP_PREFIX, mapNameIn } from '../../model/metrics.ts';
import { type RankTest, rankTest } from '../../statistics/rank-test.ts';
import { median, medianDifferenceInterval } from '../../statistics/statistics.ts';
import { doubtsOf, hostDoubts, type Side } from './host-doubts.ts';
import { type Allowance, allowanceOf, type RegressionRule } from './max-regression.ts';
import { MIN_RUNS_FOR_SPREAD, noiseOf } from './noise.ts';
import { type RunFigures, valueIn } from './run-figures.ts';

/** One metric on both sides, before evaluation. */
interface Measured {
  metric: string;
  base: readonly number[];
  now: readonly number[];
  /** Whether any run of the side has it; a map that no run has counts as 0 bytes if maps were measured. */
  isNamed: { base: boolean; now: boolean };
  allowance: Allowance | undefined;
  test: RankTest | undefined;
}

/** The rank tests of all evaluated metrics. */
interface Tests {
  /** The number of tests. */
  count: number;
  /** Absent for metrics without a test. */
  adjustedP: ReadonlyMap<string, number>;
}

/**
 * Compares two sets of runs; without a rule nothing is evaluated.
 *
 * A metric has regressed if the difference of the medians exceeds both the threshold and the noise, and the
 * rank test is significant after Holm's correction. If there are too few runs for the test to be significant,
 * only the noise counts, with a larger margin.
 * @throws InputError if a side has no runs.
 */
export function compareRuns(base: Side, now: Side, rule: RegressionRule = { named: [] }): Comparison {
  const sides = { base: describeSide(base), now: describeSide(now) };
  const measured = namesOf(base, now, rule).map((metric) => measure(metric, base, now, rule));
  const tests = correctByHolm(measured);
  const metrics = measured.map((each) => evaluate(each, tests, base, now)).sort(byImportance);
  return {
    type: 'comparison',
    version: COMPARISON_VERSION,
    ...sides,
    doubts: doubtsOf(base, now),
    ...(hostDoubts(base, now).length > 0 ? { otherHost: true as const } : {}),
    metrics,
    regressed: metrics.some(({ verdict }) => verdict === 'regressed'),
  };
}

function describeSide({ name, runs }: Side): ComparedSide {
  const [first] = runs;
  if (first === undefined) throw new InputError(name, `${name}: contains no runs`);
  const { command, host, mode } = first;
  return { name, runs: runs.length, command, ...(host === undefined ? {} : { host }), mode };
}

/** All names that any run has, and names that are to be evaluated although no run has them. */
function namesOf(base: Side, now: Side, rule: RegressionRule): string[] {
  const names = new Set<string>();
  for (const { metrics, maps = {} } of [...base.runs, ...now.runs]) {
    for (const name of Object.keys(metrics)) names.add(name);
    for (const name of Object.keys(maps)) names.add(MAP_PREFIX + name);
  }
  const missing = rule.named.filter((named) => {
    const alone = { named: [named] };
    return ![...names].some((name) => allowanceOf(alone, name) !== undefined);
  });
  return [...names, ...missing.map(({ metric }) => metric)];
}

function measure(metric: string, base: Side, now: Side, rule: RegressionRule): Measured {
  const isNamed = {
    base: base.runs.some((run) => isIn(run, metric)),
    now: now.runs.some((run) => isIn(run, metric)),
  };
  // As with budgets: a literal name that no run has is more likely a typo than a map that is missing on both
  // sides.
  const isSlip = metric.startsWith(MAP_PREFIX) && !hasWildcards(metric) && !isNamed.base && !isNamed.now;
  // Without one of its runs a side would look like the others.
  const isUnmeasured = ({ runs }: Side) => isSlip || runs.some((run) => run.isPartial === true);
  const valuesOf = (side: Side) => valuesOfRuns(isUnmeasured(side) ? [] : side.runs, metric);
  const [before, after] = [valuesOf(base), valuesOf(now)];
  const hasEnough = before.length >= MIN_RUNS_FOR_SPREAD && after.length >= MIN_RUNS_FOR_SPREAD;
  return {
    metric,
    base: before,
    now: after,
    isNamed,
    allowance: allowanceOf(rule, metric),
    test: hasEnough ? rankTest(before, after) : undefined,
  };
}

function valuesOfRuns(runs: readonly RunFigures[], metric: string): number[] {
  return runs.flatMap((run) => valueIn(run, metric) ?? []);
}

/** Names come from files: `constructor` is not a metric. */
function isIn({ metrics, maps = {} }: RunFigures, metric: string): boolean {
  const map = mapNameIn(metric);
  return map === undefined ? Object.hasOwn(metrics, metric) : Object.hasOwn(maps, map);
}

/**
 * The more metrics are evaluated, the more likely one of them looks worse by chance: Holm's correction raises
 * the p-values so that the overall error rate is that of a single test. Metrics that are identical in every
 * run cannot fail and are not counted.
 */
function correctByHolm(measured: readonly Measured[]): Tests {
  const tested = measured
    .flatMap(({ metric, allowance, test }) =>
      allowance === undefined || test === undefined || test.smallestP === 1 ? [] : [{ metric, p: test.p }],
    )
    .sort((a, b) => a.p - b.p);
  const adjustedP = new Map<string, number>();
  let least = 0;
  tested.forEach(({ metric, p }, index) => {
    least = Math.min(1, Math.max(least, p * (tested.length - index)));
    adjustedP.set(metric, least);
  });
  return { count: tested.length, adjustedP };
}

function evaluate(each: Measured, tests: Tests, base: Side, now: Side): MetricDifference {
  const { metric, isNamed, allowance, test } = each;
  const family = allowance === undefined ? 1 : tests.count;
  const canDecide = test !== undefined && test.smallestP * family < SIGNIFICANCE;
  const result: MetricDifference = {
    metric,
    unit: unitOfMetric(metric),
    noise: noiseOf(
      metric,
      { values: each.base, host: base.runs[0]?.host },
      { values: each.now, host: now.runs[0]?.host },
      canDecide,
    ),
    verdict: allowance === undefined ? 'not-evaluated' : 'not-measured',
  };
  const [before, after] = [median(each.base), median(each.now)];
  // A new map has no base size; a pattern without matches was searched for on both sides.
  if (before !== undefined && (isNamed.base || !isNamed.now)) result.base = before;
  if (after !== undefined && (isNamed.now || !isNamed.base)) result.now = after;
  if (before === undefined || after === undefined) return result;
  result.difference = after - before;
  if (before !== 0) result.percent = (100 * result.difference) / Math.abs(before);
  if (test !== undefined) {
    result.p = test.p;
    const interval = medianDifferenceInterval(each.base, each.now);
    if (interval !== undefined) result.interval = interval;
  }
  if (allowance === undefined) return result;
  if (test !== undefined) result.adjustedP = tests.adjustedP.get(metric) ?? test.p;
  result.allowed = (Math.abs(before) * allowance.percent) / 100 + allowance.plus;
  const isSignificant = !canDecide || (result.adjustedP ?? 1) < SIGNIFICANCE;
  const isReal = Math.abs(result.difference) > result.noise && isSignificant;
  if (result.difference > result.allowed) result.verdict = isReal ? 'regressed' : 'within-noise';
  else result.verdict = isReal && result.difference < 0 ? 'improved' : 'passed';
  return result;
}

/** The verdicts, most important first. */
const IMPORTANCE: readonly MetricDifference['verdict'][] = [
  'regressed',
  'not-measured',
  'within-noise',
  'improved',
  'passed',
  'not-evaluated',
];

/**
 * By verdict; then significant differences first, maxima before averages, bytes before counts, large before
 * small.
 */
function byImportance(a: MetricDifference, b: MetricDifference): number {
  const rank = (each: MetricDifference) => [
    IMPORTANCE.indexOf(each.verdict),
    isBeyondNoise(each) ? 0 : 1,
    each.metric.endsWith('.avg') ? 1 : 0,
    each.unit === 'bytes' ? 0 : 1,
    -Math.abs(each.difference ?? 0),
  ];
  const [first, second] = [rank(a), rank(b)];
  const at = first.findIndex((value, index) => value !== second[index]);
  if (at >= 0) return (first[at] ?? 0) - (second[at] ?? 0);
  return a.metric < b.metric ? -1 : 1;
}
