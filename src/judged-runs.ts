/** Runs that are judged: budgets, several runs, a baseline; from the first launch to the exit status. */
import { type Baseline, formatBaseline, makeBaseline, valuesOfBaseline } from './budget/baseline.ts';
import { combineRuns } from './budget/combine-runs.ts';
import { compareRuns } from './budget/compare.ts';
import { type ReadSide, readSide } from './budget/inputs.ts';
import { makeVerdict } from './budget/verdict.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { JudgePlan, SeriesPlan } from './judge-plan.ts';
import type { Verdict } from './model/verdict.ts';
import { measureRun } from './run.ts';
import type { RunOptions } from './run-options.ts';
import { JudgeSink, type RunJudgement } from './session/judge-sink.ts';
import { numberedFile, runSeries } from './session/run-series.ts';
import { ProgressLine } from './sinks/progress.ts';
import { openReports } from './sinks/reports/open-reports.ts';
import { isAloneOnStdout } from './sinks/reports/render-report.ts';
import { renderRuns } from './sinks/runs-text.ts';
import { openTextFile } from './sinks/text-file.ts';
import { VERSION } from './version.ts';

/** What a run with budgets does beside being judged. */
export interface JudgedRunsPlan extends JudgePlan, SeriesPlan {
  stopOnBreach: boolean;
  saveBaseline: string | undefined;
}

/**
 * Measures as often as asked, judges, reports; returns the exit status for cmemstat.
 * @throws ToolError when something could not be read, written, started or prepared as asked.
 */
export async function runJudged(options: RunOptions, plan: JudgedRunsPlan): Promise<number> {
  const baseline = plan.baseline === undefined ? undefined : await readSide(plan.baseline);
  const reports = openReports(plan.reports);
  const saved =
    plan.saveBaseline === undefined ? undefined : openTextFile('--save-baseline', plan.saveBaseline);
  const stdoutToStderr = options.stdoutToStderr || plan.reports.some(isAloneOnStdout);
  const judged = await measureAll({ ...options, stdoutToStderr }, plan, baseline?.baseline);
  const { runs } = judged;
  const cut = describeCut(judged, plan.runs);
  if (cut !== undefined) runs.at(-1)?.warnings.push(cut);
  const verdict = verdictOn(runs, plan, baseline, (run) =>
    plan.runs === 1 ? options.outputs.output : numberedFile(options.outputs.output, run),
  );
  const figures = runs.flatMap((run) => run.figures ?? []);
  if (runs.length > 1) await reports.say(renderRuns(figures));
  if (verdict === undefined) {
    await reports.say([`cmemstat: ${cut ?? 'no run'}`]);
    return judged.status === 0 ? EXIT_CODES.FAILED : judged.status;
  }
  if (isWorthAReport(verdict, plan)) await reports.write(verdict);
  if (saved !== undefined) {
    const made = cut === undefined && verdict.target.status === 0 ? makeBaseline(figures) : undefined;
    if (made !== undefined) saved.write(formatBaseline(made));
    await reports.say([
      made === undefined
        ? `cmemstat: no baseline in ${plan.saveBaseline}: a run that was broken off is nothing to be measured against`
        : `cmemstat: ${plan.saveBaseline} is the baseline of ${runs.length === 1 ? '1 run' : `${runs.length} runs`}`,
    ]);
  }
  if (verdict.exitStatus !== 0) return verdict.exitStatus;
  if (cut !== undefined) await reports.say(['cmemstat: exit status 125: not all runs were made']);
  return cut !== undefined || judged.isIncomplete ? EXIT_CODES.FAILED : 0;
}

/** Who only wants to know what several runs take has the table of them. */
function isWorthAReport(verdict: Verdict, { reports }: JudgePlan): boolean {
  const { budgets, comparison, leftovers, exitStatus } = verdict;
  const isJudged = budgets.length > 0 || comparison !== undefined || leftovers !== undefined;
  return isJudged || reports.length > 0 || exitStatus !== 0;
}

/** Why there are fewer runs than were asked for; undefined when there are not. */
function describeCut({ runs, status, interrupted }: Measured, wanted: number): string | undefined {
  if (runs.length === wanted) return undefined;
  const why = interrupted ? 'interrupted' : 'the target failed';
  if (runs.length === 0) return `${why} in the warm-up, with exit status ${status}`;
  return `${runs.length} of ${wanted} runs: ${why} in the last of them`;
}

interface Measured {
  runs: RunJudgement[];
  /** Of the last run. */
  status: number;
  isIncomplete: boolean;
  interrupted: boolean;
}

async function measureAll(
  options: RunOptions,
  plan: JudgedRunsPlan,
  baseline: Baseline | undefined,
): Promise<Measured> {
  const measured: Measured = { runs: [], status: 0, isIncomplete: false, interrupted: false };
  const values = baseline === undefined ? undefined : valuesOfBaseline(baseline);
  await runSeries(options, plan, new ProgressLine(), async (each, run) => {
    let sink: JudgeSink | undefined;
    const result = await measureRun({ ...each, wantsDetails: true, failOnLeftover: false }, (control) => {
      sink = new JudgeSink({
        budgets: run === 0 ? [] : plan.budgets,
        baseline: values,
        onBreak: (event) => {
          control.emit(event);
          // Whoever it was is named before it is gone.
          const told = control.tellProcesses();
          if (plan.stopOnBreach) void told.then(() => control.stop('budget'));
        },
      });
      return sink;
    });
    measured.status = result.status;
    measured.isIncomplete ||= result.isIncomplete;
    measured.interrupted ||= result.interrupted;
    const judgement = run === 0 ? undefined : sink?.finish();
    if (judgement !== undefined) measured.runs.push(judgement);
    // A target that fails would fail again, and Ctrl-C means all of them.
    const hasFailed = result.status !== 0 && result.summary.exit.endedBy !== 'budget';
    return !hasFailed && !measured.interrupted;
  });
  return measured;
}

/**
 * The verdict on runs, or on recordings of runs; undefined without any. `recordingOf` names the recording of a run, counted from 1.
 */
export function verdictOn(
  runs: readonly RunJudgement[],
  plan: JudgePlan,
  baseline: ReadSide | undefined,
  recordingOf: (run: number) => string | undefined,
): Verdict | undefined {
  const [first, ...others] = runs;
  if (first === undefined) return undefined;
  const now = {
    name: runs.length === 1 ? 'this run' : 'these runs',
    runs: runs.flatMap(({ figures }) => figures ?? []),
  };
  const budgets = combineRuns(
    runs.map(({ results }) => results),
    plan.judgedOn,
  );
  const verdict = makeVerdict({
    runs: [first, ...others],
    judgedOn: plan.judgedOn,
    budgets,
    comparison: baseline === undefined ? undefined : compareRuns(baseline, now, plan.regression),
    timeline: (runs[(shownRun(budgets) ?? runs.length) - 1] ?? first).timeline,
    warnings: runs.flatMap(({ warnings }) => warnings),
    rules: plan.rules,
    cmemstat: VERSION,
  });
  tellReplay(verdict, recordingOf);
  return verdict;
}

/** The run, from 1, whose breach is told first. */
function shownRun(budgets: Verdict['budgets']): number | undefined {
  return budgets.find(({ breach }) => breach?.run !== undefined)?.breach?.run;
}

/** What to type to see each breach. */
function tellReplay(verdict: Verdict, recordingOf: (run: number) => string | undefined): void {
  for (const { breach } of verdict.budgets) {
    const file = breach === undefined ? undefined : recordingOf(breach.run ?? 1);
    if (breach === undefined || file === undefined) continue;
    breach.replay = `cmemstat replay ${quote(file)} --at ${Math.round(breach.shownMs)}ms`;
  }
}

/** As a shell takes it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
