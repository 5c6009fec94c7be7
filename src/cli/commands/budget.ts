import { UsageError } from '../../errors.ts';
import { judgeRecordings } from '../../judged-recordings.ts';
import { proposeBudgets } from '../../proposed-budgets.ts';
import { openReports } from '../../sinks/reports/open-reports.ts';
import { parseReportRequest } from '../../sinks/reports/render-report.ts';
import { openTextFile } from '../../sinks/text-file.ts';
import type { BaselineFlags, BudgetFlags, SeriesFlags } from '../judge-flags.ts';
import { readBudgetFile, toJudgePlan, toSeriesPlan } from '../judge-plan.ts';
import { type RunFlags, toRunOptions } from '../run-flags.ts';

/** The options of `budget init`. */
export interface InitFlags extends RunFlags, SeriesFlags {
  write?: string;
}

/** The options of `budget check`. */
export interface CheckFlags extends BudgetFlags, BaselineFlags {
  judge?: string;
  report?: string[];
}

/** A spread is known from so many runs on. */
const RUNS_TO_PROPOSE = 5;

/**
 * Measures some runs and proposes a budget file, on standard output or in a file.
 * @throws ToolError as a run does.
 */
export async function initBudget(command: string[], flags: InitFlags): Promise<number> {
  const file = flags.write === undefined ? undefined : openTextFile('--write', flags.write);
  const options = { ...toRunOptions(flags, command), stdoutToStderr: file === undefined };
  const { status, text } = await proposeBudgets(options, toSeriesPlan(flags, undefined, RUNS_TO_PROPOSE));
  if (text === undefined) {
    process.stderr.write(`cmemstat: no budgets are proposed: a run ended with exit status ${status}\n`);
    return status;
  }
  if (file === undefined) process.stdout.write(text);
  else file.write(text);
  return 0;
}

/**
 * Judges recordings.
 * @throws UsageError when there is nothing to judge them by; ToolError when one can't be read.
 */
export async function checkRecordings(files: string[], flags: CheckFlags): Promise<number> {
  const plan = toJudgePlan(flags, readBudgetFile(flags.budgetFile), false);
  if (plan.budgets.length === 0 && plan.baseline === undefined) {
    throw new UsageError(
      '--budget',
      'nothing to judge by',
      "cmemstat budget check --budget 'anon<=64MiB' FILE, or --budget-file FILE",
    );
  }
  const reports = openReports((flags.report ?? []).map((text) => parseReportRequest(text)));
  const verdict = await judgeRecordings(files, plan);
  await reports.write(verdict);
  return verdict.exitStatus;
}
