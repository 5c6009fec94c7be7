/** Wording shared by all reports. Untrusted text is already sanitised. */

import { meetsLimit } from '../budget/evaluation/combine-runs.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { hintSuffix } from '../format/hint.ts';
import { plural } from '../format/plural.ts';
import { formatBytes, formatDuration } from '../format/units.ts';
import type { MetricDifference } from '../model/comparison.ts';
import type {
  BudgetResult,
  BudgetStatus,
  BudgetUnit,
  Exceedance,
  Grown,
  RunTimes,
  Verdict,
} from '../model/verdict.ts';
import { median } from '../statistics/statistics.ts';
import { oneLine } from './outside-text.ts';

/** The states of a budget for display; failures are in capitals. */
export const STATUS_WORDS: Readonly<Record<BudgetStatus, string>> = {
  passed: 'passed',
  failed: 'FAILED',
  'not-measured': 'NOT MEASURED',
  'not-measured-optional': 'not measured',
};

/** Formats a value with its unit: `312 MiB`, `1.50 MiB/min`, `3`, `12.5 %`. */
export function formatQuantity(value: number, unit: BudgetUnit): string {
  const perMinute = unit.endsWith('/min') ? '/min' : '';
  if (unit.startsWith('bytes')) return `${formatBytes(value)}${perMinute}`;
  const rounded = String(Number(value.toFixed(2)));
  return unit.startsWith('percent') ? `${rounded} %${perMinute}` : `${rounded}${perMinute}`;
}

/** Formats a difference with its sign. */
export function formatSigned(value: number, unit: BudgetUnit): string {
  return `${value > 0 ? '+' : ''}${formatQuantity(value, unit)}`;
}

/** Formats a relative difference with its sign: `+21.9 %`. */
export function formatSignedPercent(percent: number): string {
  const size = Math.abs(percent);
  if (size > 0 && size < 0.01) return 'under 0.01 %';
  const digits = size === 0 || size >= 99.95 ? 0 : size >= 0.995 ? 1 : 2;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(digits)} %`;
}

/** The name of a budget, or its expression. */
export function titleOf({ name, expression }: BudgetResult): string {
  return oneLine(name ?? expression);
}

/** The limit with its operator: `<= 256 MiB`. */
export function formatBound({ op, limit, unit }: BudgetResult): string {
  return limit === undefined ? op : `${op} ${formatQuantity(limit, unit)}`;
}

const AT_LIMIT: Readonly<Record<BudgetResult['op'], string>> = {
  '<=': 'at the limit',
  '<': 'at the limit, not below it',
  '>=': 'at the limit',
  '>': 'at the limit, not above it',
  '==': 'none',
};

/**
 * The distance of the value from its limit: `56.0 MiB over (+21.9 %)`, `2 short (-40.0 %)`, `12.0 MiB left
 * (-4.7 %)`.
 */
export function describeDifference({ op, excess, limit, unit }: BudgetResult): string {
  if (excess === undefined) return '';
  if (excess === 0) return AT_LIMIT[op];
  const words: Record<BudgetResult['op'], [below: string, above: string]> = {
    '<=': ['left', 'over'],
    '<': ['left', 'over'],
    '>=': ['short', 'more'],
    '>': ['short', 'more'],
    '==': ['too little', 'too much'],
  };
  const word = words[op][excess < 0 ? 0 : 1];
  const share = limit ? ` (${formatSignedPercent((excess / Math.abs(limit)) * 100)})` : '';
  return `${formatQuantity(Math.abs(excess), unit)} ${word}${share}`;
}

/** Describes a budget in one line: value, limit and difference, or why it was not measured. */
export function describeBudget(result: BudgetResult): string {
  const { status, value, reason, hint } = result;
  if (status === 'not-measured' || status === 'not-measured-optional') {
    const why = reason === undefined ? 'unknown reason' : oneLine(reason);
    return `${why}${hintSuffix(hint, oneLine)}`;
  }
  if (value === undefined) return STATUS_WORDS[status];
  const { op, limit, excess, unit } = result;
  const bound = limit === undefined ? '' : `, ${REQUIRED[op]} ${formatQuantity(limit, unit)}`;
  if (op === '==' && excess === 0) return `${describeValue(result)}, as required`;
  const difference = isBounded(result) ? '' : `: ${describeDifference(result)}`;
  return `${describeValue(result)}${bound}${difference}`;
}

const REQUIRED: Readonly<Record<BudgetResult['op'], string>> = {
  '<=': 'must be at most',
  '<': 'must be less than',
  '>=': 'must be at least',
  '>': 'must be more than',
  '==': 'must be',
};

/**
 * Whether nothing was read while the target ran, and the kernel's high-water mark alone shows that the limit
 * was met.
 */
function isBounded({ possible, limit, op }: BudgetResult): boolean {
  return possible !== undefined && limit !== undefined && meetsLimit(possible, op, limit);
}

/** The value; for growth, with the estimated slope. A dash if it was not measured. */
export function describeValue(result: BudgetResult): string {
  const { value, estimate, unit, possible = 0 } = result;
  if (isBounded(result)) {
    return `${formatQuantity(possible, unit)} at most, by the kernel's peak (not read while the target ran)`;
  }
  const slope = estimate === undefined ? '' : ` for certain (slope ${formatQuantity(estimate, unit)})`;
  return `${formatSide(value, unit)}${slope}`;
}

/** Describes the values of several runs; undefined for one run. */
export function describeRuns({ values, spread, unit }: BudgetResult): string | undefined {
  if (values === undefined) return undefined;
  const around = spread === undefined ? '' : `, spread (MAD) ${formatQuantity(spread, unit)}`;
  return `${plural(values.length, 'run')}: ${listValues(values, unit)}${around}`;
}

/** The value of each run. */
export function listValues(values: readonly (number | null)[], unit: BudgetUnit): string {
  return values.map((value) => (value === null ? 'not measured' : formatQuantity(value, unit))).join(', ');
}

/** What the times of a report are counted from. */
export type TimeOrigin = 'launch' | 'attachment';

/** What the times of a verdict are counted from. */
export function originOf({ target }: Pick<Verdict, 'target'>): TimeOrigin {
  return target.attached === true ? 'attachment' : 'launch';
}

/** Describes when it happened. */
export function describeMoment({ elapsedMs, shownMs, run }: Exceedance, origin: TimeOrigin): string {
  const inRun = run === undefined ? '' : `, in run ${run}`;
  return elapsedMs === undefined
    ? `at no single moment${inRun}; the breakdown is from ${formatDuration(shownMs)} after the ${origin}, when it was highest`
    : `${formatDuration(shownMs)} after the ${origin}${inRun}`;
}

/** When a limit was first exceeded, if that was before the moment that is shown; undefined otherwise. */
export function describeFirst({ elapsedMs, shownMs }: Exceedance, origin: TimeOrigin): string | undefined {
  if (elapsedMs === undefined || elapsedMs === shownMs) return undefined;
  return `${formatDuration(elapsedMs)} after the ${origin}`;
}

/**
 * How much of the growth of a metric the listed items explain: `17.7 MiB of the 17.7 MiB that bpf grew by
 * (100 %)`. Undefined if it is unknown.
 */
export function describeShare(
  { growthBytes = 0 }: Exceedance,
  grown: readonly Grown[],
  metric: string,
  areProcesses: boolean,
): string | undefined {
  if (growthBytes <= 0 || metric === '') return undefined;
  const bytes = grown.reduce((sum, { fromBytes, toBytes }) => sum + toBytes - fromBytes, 0);
  const [part, whole] = [formatBytes(bytes), formatBytes(growthBytes)];
  const name = oneLine(metric);
  if (bytes > growthBytes * MORE_THAN_ALL) {
    const why = areProcesses ? ': RSS also counts shared and file pages' : '';
    return `${part}; ${name} grew by ${whole}${why}`;
  }
  return `${part} of the ${whole} that ${name} grew by (${Math.round((bytes / growthBytes) * 100)} %)`;
}

/** Processes and maps are read at slightly other times than the metric. */
const MORE_THAN_ALL = 1.02;

/** Describes the time of the breakdown. */
export function formatShown({ shownMs }: Exceedance): string {
  return formatDuration(shownMs);
}

/** The commands that record and display an exceeded limit if no recording exists. */
export function recordingHint({ shownMs }: Exceedance): { option: string; replay: string } {
  const file = 'run.jsonl';
  return { option: `--output ${file}`, replay: `cmemstat replay ${file} --at ${Math.round(shownMs)}ms` };
}

/** Describes how the target ended. */
export function describeTarget({ target }: Verdict): string {
  const { status, code, signal, timedOut, timeoutExpected, unknown, attached } = target;
  if (attached === true) return 'a cgroup that existed before: nothing in it was started or ended';
  if (unknown === true) return 'its end is not in the recording';
  if (timeoutExpected === true) return 'ended at the time limit, as expected';
  if (timedOut === true) return `ended at the time limit (exit status ${status})`;
  const end = signal === undefined ? `exit status ${code ?? status}` : `ended by ${oneLine(signal)}`;
  // If cmemstat ended the target, that is not a failure of the target.
  if (status === 0 && end !== 'exit status 0') return `${end}: cmemstat ended it when a limit was exceeded`;
  return signal === undefined ? end : `${end} (exit status ${status})`;
}

/** Describes the exit status of cmemstat and its cause. */
export function describeExit(verdict: Verdict): string {
  return `exit status ${verdict.exitStatus}: ${reasonOfExit(verdict)}`;
}

function reasonOfExit(verdict: Verdict): string {
  const { exitStatus, target, status, budgets, leftovers = [], leftoverFiles = [], faults = [] } = verdict;
  const hasFailed = budgets.some((budget) => budget.status === 'failed');
  const failure = hasFailed ? 'a budget failed' : 'a metric regressed';
  if (target.status !== 0 && exitStatus === target.status) {
    const why = target.timedOut === true ? 'the time limit was reached' : "the target's own";
    return status === 'failed' ? `${why}; ${failure} as well` : why;
  }
  if (target.timedOut === true && exitStatus === EXIT_CODES.TIMED_OUT) return 'the time limit was reached';
  if (exitStatus === 0 && target.timeoutExpected === true) return 'the time limit was the expected end';
  if (exitStatus === 0 && target.attached === true) return 'nothing failed';
  if (exitStatus === 0) return target.unknown === true ? 'the recorded part passed' : "the target's own";
  if (status === 'failed') return failure;
  if (leftovers.length > 0) return 'BPF maps were left behind';
  if (leftoverFiles.length > 0) return 'files in memory were left behind';
  const unmeasured = causesOfNotMeasured(verdict);
  if (unmeasured.length > 0) return unmeasured.join('; ');
  return faults.length > 0 ? faults.map(oneLine).join('; ') : 'something could not be measured';
}

function causesOfNotMeasured({
  budgets,
  missingMetrics = [],
  strictHost,
  leftoversUnknown,
}: Verdict): string[] {
  const verb = missingMetrics.length === 1 ? 'is' : 'are';
  return [
    ...(budgets.some(({ status }) => status === 'not-measured') ? ['a budget could not be measured'] : []),
    ...(missingMetrics.length > 0
      ? [`${missingMetrics.map(oneLine).join(', ')} ${verb} not measured on one side of the comparison`]
      : []),
    ...(strictHost === true ? ['the baseline is from another kind of host'] : []),
    ...(leftoversUnknown === true ? ['the maps that outlived the run could not be determined'] : []),
  ];
}

/** Summarises the outcome: `2 of 3 budgets passed, 1 failed, 1 regression`. */
export function describeOutcome(verdict: Verdict): string {
  const { budgets, comparison, leftovers = [], leftoverFiles = [], faults = [] } = verdict;
  const count = (status: BudgetStatus) => budgets.filter((budget) => budget.status === status).length;
  const regressed = comparison?.metrics.filter(({ verdict }) => verdict === 'regressed').length ?? 0;
  const isEvaluated = comparison?.metrics.some(({ verdict }) => verdict !== 'not-evaluated') === true;
  const parts = [
    budgets.length === 0 ? 'no budgets' : `${count('passed')} of ${plural(budgets.length, 'budget')} passed`,
    ...counted(count('failed'), 'failed'),
    ...counted(count('not-measured'), 'not measured'),
    ...counted(count('not-measured-optional'), 'not measured, optional'),
    ...(isEvaluated ? [regressed === 0 ? 'no regression' : plural(regressed, 'regression')] : []),
    ...(leftovers.length > 0 ? [`${plural(leftovers.length, 'BPF map')} left behind`] : []),
    ...(leftoverFiles.length > 0 ? [`${plural(leftoverFiles.length, 'file')} left behind in memory`] : []),
    ...(faults.length > 0 ? ['cmemstat failed'] : []),
  ];
  return parts.join(', ');
}

/** A count for the summary; omitted if 0. */
export function counted(count: number, word: string): string[] {
  return count > 0 ? [`${count} ${word}`] : [];
}

/** Describes both sides of a metric: `200 MiB -> 230 MiB, +30.0 MiB (+15.0 %)`. */
export function describeChange({ base, now, difference, percent, unit }: MetricDifference): string {
  const sides = `${formatSide(base, unit)} -> ${formatSide(now, unit)}`;
  if (difference === undefined) return sides;
  const share = percent === undefined ? '' : ` (${formatSignedPercent(percent)})`;
  return `${sides}, ${formatSigned(difference, unit)}${share}`;
}

/** One side of a comparison; a dash if it does not have the metric. */
export function formatSide(value: number | undefined, unit: BudgetUnit): string {
  return value === undefined ? '-' : formatQuantity(value, unit);
}

/** Describes how the change was evaluated: threshold, noise, test and interval. */
export function describeEvaluation({
  allowed,
  noise,
  p,
  adjustedP,
  interval,
  unit,
}: MetricDifference): string {
  return [
    ...(allowed === undefined ? [] : [`allowed ${formatQuantity(allowed, unit)}`]),
    `noise ${formatQuantity(noise, unit)}`,
    ...(p === undefined ? [] : [`p ${formatProbability(p)}`]),
    ...(adjustedP === undefined ? [] : [`adjusted ${formatProbability(adjustedP)}`]),
    ...(interval === undefined
      ? []
      : [`95 % interval ${formatSigned(interval[0], unit)} to ${formatSigned(interval[1], unit)}`]),
  ].join(', ');
}

/** Formats a probability with three decimal places. */
export function formatProbability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Describes the machine and the measurement. */
export function describeHost({ host, mode, runs }: Verdict): string {
  const evaluated = runs.evaluatedOn === 'run' ? '' : `, evaluated on the ${runs.evaluatedOn}`;
  const machine = `Linux ${oneLine(host.kernel)}, ${oneLine(host.arch)}, ${plural(host.cpus, 'CPU')}`;
  return `${oneLine(mode)}, ${machine}, ${plural(runs.count, 'run')}${evaluated}`;
}

/** User and system time together; undefined if it is unknown. Unit: milliseconds. */
export function cpuMsOf({ cpuUs }: RunTimes): number | undefined {
  return cpuUs === undefined ? undefined : (cpuUs.user + cpuUs.system) / 1000;
}

/**
 * Describes how long the runs took: `duration 2.5s, cpu time 630ms`; of several runs, the median and the
 * range. Undefined if it is unknown.
 */
export function describeTimes({ runs: { times = [] } }: Verdict): string | undefined {
  const parts = [
    describeRange(
      'duration',
      times.map(({ durationMs }) => durationMs),
    ),
    describeRange('cpu time', times.map(cpuMsOf)),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function describeRange(name: string, values: readonly (number | undefined)[]): string | undefined {
  const known = values.filter((value) => value !== undefined);
  const middle = median(known);
  if (middle === undefined) return undefined;
  const range = `${formatDuration(Math.min(...known))} to ${formatDuration(Math.max(...known))}`;
  return `${name} ${formatDuration(middle)}${known.length === 1 ? '' : ` (${range})`}`;
}
