import { checkRecordings } from '../../app/gate/check-recordings.ts';
import { initBudgetFile } from '../../app/gate/init-budget.ts';
import { UsageError } from '../../errors.ts';
import { openTextFile } from '../../output/text-file.ts';
import type { BaselineFlags, BudgetFlags, SeriesFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan, toSeriesPlan } from '../options/gate-plan.ts';
import { inputPlaces, rejectSharedPlaces, runPlaces } from '../options/places.ts';
import { reportPlaces } from '../options/report-places.ts';
import type { RunFlags } from '../options/run-flags.ts';
import { readRunOptions } from '../options/run-options.ts';

/** The options of `budget init`. */
export interface InitFlags extends RunFlags, SeriesFlags {
  write?: string;
}

/** The options of `budget check`. */
export interface CheckFlags extends BudgetFlags, BaselineFlags {
  evaluate?: string;
  report?: string[];
}

/** Minimum number of runs for estimating the spread. */
const MIN_PROPOSAL_RUNS = 5;

/**
 * Measures some runs and writes a proposed budget file to standard output or a file.
 * @throws ToolError like a run.
 */
export async function initBudget(command: string[], flags: InitFlags): Promise<number> {
  if (flags.json === true && flags.write === undefined) {
    throw new UsageError(
      '--json',
      '--json and the proposed budget file would both be written to standard output',
      '--write FILE',
    );
  }
  if (flags.tui === true)
    throw new UsageError('--tui', '--tui conflicts with budget init, which measures several runs');
  if (flags.exitOnEnd === true)
    throw new UsageError('--exit-on-end', '--exit-on-end conflicts with budget init, which has no view');
  const { write } = flags;
  const series = toSeriesPlan(flags, undefined, MIN_PROPOSAL_RUNS);
  rejectSharedPlaces([
    ...runPlaces(flags, series.runs),
    ...(write === undefined ? [] : [{ option: '--write', file: write }]),
  ]);
  const file = write === undefined ? undefined : openTextFile('--write', write);
  const options = {
    ...(await readRunOptions(flags, command, 'cmemstat budget init')),
    stdoutToStderr: file === undefined || flags.json === true,
  };
  return initBudgetFile(options, series, file);
}

/**
 * Evaluates recordings.
 * @throws UsageError if there are no budgets; ToolError if a recording cannot be read.
 */
export async function checkBudgets(files: string[], flags: CheckFlags): Promise<number> {
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  rejectSharedPlaces([
    ...inputPlaces('the recording', ...files),
    ...inputPlaces('--budget-file', flags.budgetFile),
    ...inputPlaces('--baseline', plan.baseline),
    ...reportPlaces(plan.reports),
  ]);
  return checkRecordings(files, plan, flags.budgetFile);
}
