import { checkRecordings } from '../../app/gate/check-recordings.ts';
import { proposeBudgets } from '../../app/gate/propose-budgets.ts';
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { safeText } from '../../format/safe-text.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { openTextFile } from '../../output/text-file.ts';
import type { BaselineFlags, BudgetFlags, SeriesFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan, toSeriesPlan } from '../options/gate-plan.ts';
import { refuseSharedPlaces, reportPlaces } from '../options/places.ts';
import type { RunFlags } from '../options/run-flags.ts';
import { toRunOptions } from '../options/run-options.ts';

/** The options of `budget init`. */
export interface InitFlags extends RunFlags, SeriesFlags {
  write?: string;
}

/** The options of `budget check`. */
export interface CheckFlags extends BudgetFlags, BaselineFlags {
  evaluate?: string;
  report?: string[];
}

/** The number of runs from which the spread is known. */
const RUNS_TO_PROPOSE = 5;

/**
 * Measures some runs and proposes a budget file, on standard output or in a file.
 * @throws ToolError as a run does.
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
  const file = flags.write === undefined ? undefined : openTextFile('--write', flags.write);
  const options = {
    ...toRunOptions(flags, command),
    stdoutToStderr: file === undefined || flags.json === true,
  };
  const { status, text, unproposed, fault } = await proposeBudgets(
    options,
    toSeriesPlan(flags, undefined, RUNS_TO_PROPOSE),
  );
  if (fault !== undefined) process.stderr.write(`cmemstat: ${safeText(fault)}\n`);
  if (text === undefined) {
    process.stderr.write(`cmemstat: no budgets proposed: not all runs completed (exit status ${status})\n`);
    return status;
  }
  if (unproposed.length > 0) {
    process.stderr.write(
      `cmemstat: warning: no budget on ${unproposed.join(', ')}: not every run was long enough to measure it (hint: --interval 20ms --bpf-interval 100ms, or a longer run)\n`,
    );
  }
  if (file === undefined) await new StandardOutput().write(text.trimEnd());
  else file.write(text);
  return fault === undefined ? 0 : EXIT_CODES.FAILED;
}

/**
 * Evaluates recordings.
 * @throws UsageError when there is no budgets; ToolError when one can't be read.
 */
export async function checkBudgets(files: string[], flags: CheckFlags): Promise<number> {
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  refuseSharedPlaces(reportPlaces(plan.reports));
  return checkRecordings(files, plan);
}
