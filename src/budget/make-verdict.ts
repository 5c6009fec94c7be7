/** Computes the verdict on one or several runs, and the exit status. */
import { EXIT_CODES } from '../exit-codes.ts';
import type { Comparison } from '../model/comparison.ts';
import type { StartRecord, SummaryRecord } from '../model/recording.ts';
import { type BudgetResult, type Timeline, VERDICT_VERSION, type Verdict } from '../model/verdict.ts';
import { timesOf } from './comparison/run-figures.ts';

/** An evaluated run. A truncated recording has no summary. */
export interface EvaluatedRun {
  start: StartRecord;
  summary: SummaryRecord | undefined;
}

/** The options that determine the exit status. */
export interface StatusRules {
  /** The exit status for a failed budget, instead of 3. */
  budgetExitCode: number;
  /** `--budget-first`: a failed budget takes precedence over the target's own failure. */
  budgetFirst: boolean;
  /** `--timeout-ok`: a target that was ended at its time limit has succeeded. */
  timeoutOk: boolean;
  /** `--fail-on-leftover`. */
  failOnLeftover: boolean;
  /** `--strict-host`: a doubtful comparison counts as not measured. */
  strictHost: boolean;
}

/** The parts of a verdict. */
export interface VerdictInput {
  /** At least one. */
  runs: readonly [EvaluatedRun, ...EvaluatedRun[]];
  evaluatedOn: 'median' | 'worst';
  budgets: BudgetResult[];
  comparison: Comparison | undefined;
  timeline: Timeline | undefined;
  /** In addition to those of the runs. */
  warnings: readonly string[];
  /** Failures of cmemstat itself. */
  faults: readonly string[];
  rules: StatusRules;
  /** The version of cmemstat that evaluates. */
  cmemstat: string;
}

/** Assembles the verdict. */
export function makeVerdict(input: VerdictInput): Verdict {
  const { runs, comparison, timeline, rules } = input;
  const budgets = withAdviceOnce(input.budgets);
  const { start } = runs[0];
  const { kernel, arch, cpus } = start.host;
  const verdict: Verdict = {
    type: 'verdict',
    version: VERDICT_VERSION,
    cmemstat: input.cmemstat,
    time: start.time,
    command: start.command,
    mode: start.mode,
    host: { kernel, arch, cpus },
    durationMs: runs.reduce((sum, { summary }) => sum + (summary?.durationMs ?? 0), 0),
    status: statusOf(budgets, comparison, rules),
    runs: { count: runs.length, evaluatedOn: runs.length === 1 ? 'run' : input.evaluatedOn },
    target: targetOf(runs, rules),
    exitStatus: 0,
    budgets,
    warnings: [...new Set([...runs.flatMap(({ summary }) => summary?.warnings ?? []), ...input.warnings])],
  };
  const times = runs.flatMap(({ summary }) => (summary === undefined ? [] : timesOf(summary)));
  if (times.length === runs.length) verdict.runs.times = times;
  if (comparison !== undefined) verdict.comparison = comparison;
  if (timeline !== undefined) verdict.timeline = timeline;
  const leftovers = rules.failOnLeftover ? leftoversOf(runs) : undefined;
  if (leftovers !== undefined) verdict.leftovers = leftovers;
  else if (rules.failOnLeftover) verdict.leftoversUnknown = true;
  const leftoverFiles = rules.failOnLeftover ? leftoverFilesOf(runs) : undefined;
  if (leftoverFiles !== undefined) verdict.leftoverFiles = leftoverFiles;
  if (isOfOtherHost(comparison, rules)) verdict.strictHost = true;
  const missing = missingOf(comparison);
  if (missing.length > 0) verdict.missingMetrics = missing;
  if (input.faults.length > 0) verdict.faults = [...new Set(input.faults)];
  verdict.exitStatus = exitStatusOf(verdict, rules);
  return verdict;
}

/**
 * The budgets, each advice with the first one that it concerns. Two runs have other maps of the same names.
 */
function withAdviceOnce(budgets: readonly BudgetResult[]): BudgetResult[] {
  const given = new Set<string>();
  return budgets.map((result) => {
    if (result.exceeded === undefined) return result;
    const advice = result.exceeded.advice.filter(({ kind, maps }) => {
      const key = JSON.stringify([kind, maps.map(({ name }) => name)]);
      return !given.has(key) && given.add(key);
    });
    return { ...result, exceeded: { ...result.exceeded, advice } };
  });
}

function statusOf(
  budgets: readonly BudgetResult[],
  comparison: Comparison | undefined,
  rules: StatusRules,
): Verdict['status'] {
  const has = (status: BudgetResult['status']) => budgets.some((budget) => budget.status === status);
  if (has('failed') || comparison?.regressed === true) return 'failed';
  const isMissing = missingOf(comparison).length > 0;
  return has('not-measured') || isOfOtherHost(comparison, rules) || isMissing ? 'not-measured' : 'passed';
}

function isOfOtherHost(comparison: Comparison | undefined, { strictHost }: StatusRules): boolean {
  return strictHost && comparison?.otherHost === true;
}

function missingOf(comparison: Comparison | undefined): string[] {
  const missing = comparison?.metrics.filter(({ verdict }) => verdict === 'not-measured') ?? [];
  return missing.map(({ metric }) => metric);
}

/**
 * The first run whose target failed, otherwise the last. If cmemstat ended the target because of a budget,
 * that is not a failure of the target.
 */
function targetOf(runs: VerdictInput['runs'], { timeoutOk }: StatusRules): Verdict['target'] {
  const exits = runs.flatMap(({ summary }) => summary?.exit ?? []);
  const isExpected = (endedBy: string | undefined) =>
    endedBy === 'budget' || (timeoutOk && endedBy === 'timeout');
  const failed = exits.find(({ status, endedBy }) => status !== 0 && !isExpected(endedBy));
  const exit = failed ?? exits.at(-1);
  if (exit === undefined) return { status: 0, unknown: true };
  const target: Verdict['target'] = { status: exit.status };
  if (runs.some(({ summary }) => summary?.attached !== undefined)) return { ...target, attached: true };
  if (exit.code !== undefined) target.code = exit.code;
  if (exit.signal !== undefined) target.signal = exit.signal;
  if (exit.endedBy === 'timeout') {
    target.timedOut = true;
    if (timeoutOk) return { ...target, status: 0, timeoutExpected: true };
  }
  // The target's own exit status is unknown then.
  return exit.endedBy === 'budget' ? { ...target, status: 0 } : target;
}

function leftoversOf(runs: VerdictInput['runs']): Verdict['leftovers'] {
  const found = runs.map(({ summary }) => summary?.bpf?.leftovers);
  if (found.some((each) => each === undefined)) return undefined;
  return found.flatMap((each) => each ?? []).map(({ id, name, bytes }) => ({ id, name, bytes }));
}

function leftoverFilesOf(runs: VerdictInput['runs']): Verdict['leftoverFiles'] {
  const found = runs.map(({ summary }) => summary?.leftoverFiles);
  if (found.some((each) => each === undefined)) return undefined;
  return found.flatMap((each) => each ?? []);
}

function exitStatusOf(verdict: Verdict, rules: StatusRules): number {
  const gated = gatedStatus(verdict, rules);
  const { status } = verdict.target;
  if (status === 0 && gated === 0 && verdict.faults !== undefined) return EXIT_CODES.FAILED;
  if (status === 0) return gated;
  return rules.budgetFirst && gated !== 0 ? gated : status;
}

function gatedStatus(verdict: Verdict, rules: StatusRules): number {
  const { status, leftovers = [], leftoverFiles = [], leftoversUnknown } = verdict;
  if (status === 'failed') return rules.budgetExitCode;
  if (leftovers.length + leftoverFiles.length > 0) return EXIT_CODES.LEFTOVER;
  return status === 'not-measured' || leftoversUnknown === true ? EXIT_CODES.NOT_MEASURED : 0;
}
