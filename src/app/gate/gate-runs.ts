/**
 * Measures and evaluates runs with budgets, several runs and a baseline, from the first launch to the exit
 * status.
 */

import {
  type Baseline,
  explainedOf,
  formatBaseline,
  makeBaseline,
  medianRun,
  valuesOfBaseline,
} from '../../budget/comparison/baseline.ts';
import { compareRuns } from '../../budget/comparison/compare.ts';
import { findGrownNames } from '../../budget/comparison/find-grown-names.ts';
import type { Side } from '../../budget/comparison/host-doubts.ts';
import { type ReadSide, readBaseline } from '../../budget/comparison/inputs.ts';
import { combineRuns } from '../../budget/evaluation/combine-runs.ts';
import { samplingDifferences } from '../../budget/evaluation/sampling-differences.ts';
import { applyDoubt } from '../../budget/evaluation/sampling-doubt.ts';
import type { NamedBudget } from '../../budget/expression/budget.ts';
import { makeVerdict } from '../../budget/make-verdict.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { plural } from '../../format/plural.ts';
import { formatCommand } from '../../format/safe-text.ts';
import type { Comparison } from '../../model/comparison.ts';
import type { RecordedBudget, SummaryRecord } from '../../model/recording.ts';
import type { BudgetResult, Verdict } from '../../model/verdict.ts';
import { ProgressLine } from '../../output/progress-line.ts';
import { openTextFile } from '../../output/text-file.ts';
import { openReports } from '../../report/open-reports.ts';
import { isAloneOnStdout } from '../../report/render-report.ts';
import { renderRuns } from '../../report/runs-text.ts';
import { VERSION } from '../../version.ts';
import { openPage } from '../page/open-page.ts';
import type { PageCollector } from '../page/page-collector.ts';
import type { PageSink } from '../page/page-sink.ts';
import type { RunOptions } from '../run/options.ts';
import { measureRun } from '../run/run.ts';
import { BudgetSink, type RunEvaluation } from './budget-sink.ts';
import type { GatePlan, SeriesPlan } from './plan.ts';
import { numberedFile } from './run-files.ts';
import { runSeries, type SeriesEnd } from './run-series.ts';

/** The options of measured and evaluated runs. */
export interface GatedRunsPlan extends GatePlan, SeriesPlan {
  stopOnExceeded: boolean;
  saveBaseline: string | undefined;
}

/**
 * Measures the runs, evaluates them and writes the reports; returns the exit status of cmemstat.
 * @throws ToolError if something cannot be read, written, started or prepared.
 */
export async function runGated(options: RunOptions, plan: GatedRunsPlan): Promise<number> {
  const baseline = plan.baseline === undefined ? undefined : await readBaseline(plan.baseline);
  const reports = openReports(plan.reports);
  const saved =
    plan.saveBaseline === undefined ? undefined : openTextFile('--save-baseline', plan.saveBaseline);
  const stdoutToStderr = options.stdoutToStderr || plan.reports.some(isAloneOnStdout);
  const page = plan.reports.some(({ format }) => format === 'html')
    ? await openPage({}, plan.runs)
    : undefined;
  const pageSinks = page === undefined ? undefined : { page, ...(await import('../page/page-sink.ts')) };
  const measured = await measureAll({ ...options, stdoutToStderr }, plan, baseline?.baseline, pageSinks);
  const { runs, faults, end } = measured;
  const isWhole = noteEnd(measured, plan);
  const { json, output = json ? UNKNOWN_FILE : undefined } = options.outputs;
  const recordingOf = (run: number) => (plan.runs === 1 ? output : numberedFile(output, run));
  const verdict = verdictOn(runs, plan, baseline, recordingOf, faults);
  const figures = runs.flatMap((run) => run.figures ?? []);
  if (runs.length > 1) await reports.log([renderRuns(figures).join('\n')]);
  if (verdict === undefined) {
    // A thrown error is printed by main, including its hint.
    const cause = end.fault?.message;
    const others = faults.filter((fault) => cause === undefined || !fault.endsWith(cause));
    await reports.log(others);
    if (end.fault !== undefined) throw end.fault;
    return measured.status === 0 ? EXIT_CODES.FAILED : measured.status;
  }
  if (isWorthAReport(verdict, plan))
    await reports.write(verdict, (shown) => page?.render(shown) ?? '', isSummaryShown(options, plan));
  if (saved !== undefined) {
    const made = isWhole ? makeBaseline(figures) : undefined;
    if (made === undefined) await reports.log([withoutBaseline(plan)]);
    else if (await reports.writeTo(saved, formatBaseline(made))) {
      await reports.log([`${plan.saveBaseline} is the baseline of ${plural(runs.length, 'run')}`]);
    }
  }
  if (verdict.exitStatus !== 0) return verdict.exitStatus;
  return reports.failure === undefined ? 0 : EXIT_CODES.FAILED;
}

/**
 * Adds failures of the series to faults and warnings; returns whether all of its runs are complete.
 */
function noteEnd(measured: Measured, plan: GatedRunsPlan): boolean {
  const { runs, faults, interrupted, end } = measured;
  const cut = describeCut(measured, plan.runs);
  const hasFailed = runs.some(({ summary }) => isFailure(summary));
  // Consequences of the target's failure are not failures of cmemstat.
  if (cut !== undefined && hasFailed && end.fault === undefined) runs.at(-1)?.warnings.push(cut);
  else if (cut !== undefined) faults.push(cut);
  if (end.cleanupFault !== undefined) faults.push(end.cleanupFault.message);
  if (plan.saveBaseline !== undefined && interrupted && cut === undefined) faults.push(withoutBaseline(plan));
  const isStopped = runs.some(({ summary }) => isStoppedOnExceeded(summary));
  const hasPartial = runs.some(({ figures }) => figures?.isPartial === true);
  if (plan.saveBaseline !== undefined && hasPartial) faults.push(withoutBaseline(plan, USED_OTHER_CGROUPS));
  return !hasFailed && cut === undefined && !interrupted && !isStopped && !hasPartial;
}

const USED_OTHER_CGROUPS = 'a run used memory in other cgroups';

function withoutBaseline({ saveBaseline }: GatedRunsPlan, why = 'a run was interrupted'): string {
  return `no baseline in ${saveBaseline}: ${why}`;
}

/** Whether the whole summary of the run was printed, with its advice. */
function isSummaryShown({ outputs: { json, quiet, noSummary } }: RunOptions, { runs }: SeriesPlan): boolean {
  return runs === 1 && !json && !quiet && !noSummary;
}

/** Without budgets or a baseline, the table of several runs is the report. */
function isWorthAReport(verdict: Verdict, { reports }: GatePlan): boolean {
  const { budgets, comparison, leftovers, exitStatus } = verdict;
  const isEvaluated = budgets.length > 0 || comparison !== undefined || leftovers !== undefined;
  return isEvaluated || reports.length > 0 || exitStatus !== 0;
}

/** A recording that went to standard output, or came from standard input. */
export const UNKNOWN_FILE = 'FILE';

const NOT_COMPARED = 'a run that was ended when a limit was exceeded is not compared with the baseline';

/** Why there are fewer runs than requested; undefined if there are not. */
function describeCut({ runs, status, interrupted, end }: Measured, wanted: number): string | undefined {
  if (runs.length === wanted) return undefined;
  if (end.fault !== undefined) return `${runs.length} of ${wanted} runs: ${end.fault.message}`;
  const why = interrupted ? 'interrupted' : 'the target failed';
  if (runs.length === 0) return `${why} in the warm-up, with exit status ${status}`;
  return `${runs.length} of ${wanted} runs: ${why} in the last of them`;
}

interface PageSinks {
  page: PageCollector;
  PageSink: typeof PageSink;
}

interface Measured {
  runs: RunEvaluation[];
  /** The target's exit status, in the last run. */
  status: number;
  /** Failures of cmemstat. */
  faults: string[];
  interrupted: boolean;
  end: SeriesEnd;
}

async function measureAll(
  options: RunOptions,
  plan: GatedRunsPlan,
  baseline: Baseline | undefined,
  sinks: PageSinks | undefined,
): Promise<Measured> {
  const measured = { runs: [] as RunEvaluation[], status: 0, faults: [] as string[], interrupted: false };
  const values = baseline === undefined ? undefined : valuesOfBaseline(baseline);
  const gatedOptions = {
    ...options,
    wantsDetails: true,
    failOnLeftover: false,
    budgets: plan.budgets.map(record),
  };
  const end = await runSeries(gatedOptions, plan, new ProgressLine(), async (each, run) => {
    let sink: BudgetSink | undefined;
    const result = await measureRun(each, (control) => {
      sink = new BudgetSink({
        budgets: run === 0 ? [] : plan.budgets,
        baseline: values,
        onExceeded: (event) => {
          control.emit(event);
          // List the processes before they are ended.
          const snapshot = control.snapshotProcesses();
          if (plan.stopOnExceeded) void snapshot.then(() => control.stop('budget'));
        },
      });
      return sinks === undefined || run === 0 ? sink : new sinks.PageSink(sink, sinks.page, `run ${run}`);
    });
    measured.status = result.summary.exit.status;
    if (result.fault !== undefined) measured.faults.push(result.fault);
    measured.interrupted ||= result.interrupted;
    const evaluation = run === 0 ? undefined : sink?.finish();
    if (evaluation !== undefined) measured.runs.push(evaluation);
    // A failing target would fail again, and Ctrl-C applies to all runs.
    return !isFailure(result.summary) && !measured.interrupted;
  });
  return { ...measured, end };
}

function record({ budget: { expression }, name, optional }: NamedBudget): RecordedBudget {
  return {
    expression,
    ...(name === undefined ? {} : { name }),
    ...(optional ? { optional: true as const } : {}),
  };
}

/** Whether the target has failed by itself. */
function isFailure(summary: SummaryRecord | undefined): boolean {
  return summary?.exit.status !== 0 && !isStoppedOnExceeded(summary);
}

function isStoppedOnExceeded(summary: SummaryRecord | undefined): boolean {
  return summary?.exit.endedBy === 'budget';
}

/**
 * The verdict on runs or on recordings of runs; undefined without runs. `recordingOf` names the recording of
 * a run, counted from 1.
 * @throws as {@link compareRuns}.
 */
export function verdictOn(
  runs: readonly RunEvaluation[],
  plan: GatePlan,
  baseline: ReadSide | undefined,
  recordingOf: (run: number) => string | undefined,
  faults: readonly string[] = [],
): Verdict | undefined {
  const [first, ...others] = runs;
  if (first === undefined) return undefined;
  // A run that was ended when a limit was exceeded would have used more.
  const whole = runs.filter(({ summary }) => !isStoppedOnExceeded(summary));
  const now = {
    name: runs.length === 1 ? 'this run' : 'these runs',
    runs: whole.flatMap(({ figures }) => figures ?? []),
  };
  const isComparable = baseline !== undefined && whole.length > 0;
  const combined = combineRuns(
    runs.map(({ results }) => results),
    plan.evaluatedOn,
  );
  const { results: budgets, warnings: doubts } = applyDoubt(combined, plan.strictSampling);
  addNames(budgets, runs, baseline);
  const verdict = makeVerdict({
    runs: [first, ...others],
    evaluatedOn: plan.evaluatedOn,
    budgets,
    comparison: isComparable ? compareWith(baseline, now, plan) : undefined,
    timeline: (runs[(shownRun(budgets) ?? runs.length) - 1] ?? first).timeline,
    warnings: [
      ...runs.flatMap(({ warnings }) => warnings),
      ...doubts,
      ...runs.flatMap(({ start }) => samplingDifferences(start, plan.sampling)),
      ...(baseline === undefined || whole.length === runs.length ? [] : [NOT_COMPARED]),
    ],
    faults,
    rules: plan.rules,
    cmemstat: VERSION,
  });
  logReplayHint(verdict, recordingOf);
  return verdict;
}

/** Adds the names of memory to failed budgets: what grew, or what was largest, at that moment. */
function addNames(
  budgets: readonly BudgetResult[],
  runs: readonly RunEvaluation[],
  baseline: ReadSide | undefined,
): void {
  const base = baseline === undefined ? undefined : explainedOf(baseline.runs);
  for (const { metric, op, exceeded } of budgets) {
    // What is too little has not grown.
    if (exceeded === undefined || op.startsWith('>')) continue;
    const names = findGrownNames(metric, exceeded.shownMs, runs[(exceeded.run ?? 1) - 1]?.explained, base);
    if (names !== undefined) exceeded.names = names;
  }
}

/** The comparison with the baseline; a metric that regressed has the names of its memory at the maximum. */
function compareWith(baseline: ReadSide, now: Side, { regression }: GatePlan): Comparison {
  const comparison = compareRuns(baseline, now, regression);
  const [base, explained] = [explainedOf(baseline.runs), explainedOf(now.runs)];
  const shownMs = medianRun(now.runs)?.breakdown?.elapsedMs ?? 0;
  for (const difference of comparison.metrics) {
    if (difference.verdict !== 'regressed') continue;
    const names = findGrownNames(difference.metric.replace(/\.avg$/, ''), shownMs, explained, base);
    if (names !== undefined) difference.names = names;
  }
  return comparison;
}

/** The number of the run, from 1, whose exceeded limit is reported first. */
function shownRun(budgets: Verdict['budgets']): number | undefined {
  return budgets.find(({ exceeded }) => exceeded?.run !== undefined)?.exceeded?.run;
}

/** The commands that display each exceeded limit. */
function logReplayHint(verdict: Verdict, recordingOf: (run: number) => string | undefined): void {
  for (const { exceeded } of verdict.budgets) {
    const file = exceeded === undefined ? undefined : recordingOf(exceeded.run ?? 1);
    if (exceeded === undefined || file === undefined) continue;
    exceeded.replay = formatCommand([
      'cmemstat',
      'replay',
      file,
      '--at',
      `${Math.round(exceeded.shownMs)}ms`,
    ]);
  }
}
