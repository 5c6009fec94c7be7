/** Creates the plan from the evaluation options and the budget file. */
import { dirname, isAbsolute, join } from 'node:path';
import type { GatePlan, SeriesPlan } from '../../app/gate/plan.ts';
import { type BudgetFile, parseBudgetFile } from '../../budget/budget-file.ts';
import { parseMaxRegression } from '../../budget/comparison/max-regression.ts';
import type { NamedBudget } from '../../budget/expression/budget.ts';
import { parseBudget } from '../../budget/expression/parse-budget.ts';
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { parseReportRequest } from '../../report/render-report.ts';
import {
  A_BASELINE,
  type BaselineFlags,
  type BudgetFlags,
  DECIDING_RUNS,
  type SeriesFlags,
} from './gate-flags.ts';
import { oneOf } from './one-of.ts';
import { readOptionFile } from './option-file.ts';
import { missingOption } from './requirements.ts';

const MAX_RUNS = 1000;
const MAX_EXIT_CODE = 255;

/** Options that override the budget file. */
type Flags = BudgetFlags & BaselineFlags & { evaluate?: string; report?: string[] };

/**
 * The plan of the evaluation; `file` is the budget file, if any.
 * @throws UsageError or InputError that names the option, or the place in the file.
 */
export function toGatePlan(flags: Flags, file: BudgetFile | undefined, failOnLeftover: boolean): GatePlan {
  const isOptional = flags.budgetOptional === true;
  const maxRegression = flags.maxRegression ?? file?.maxRegression;
  const baseline = flags.baseline ?? file?.baseline;
  // Each may come from the command line or from the file.
  if (baseline === undefined) {
    if (maxRegression !== undefined) throw missingOption('--max-regression', A_BASELINE);
    if (flags.strictHost === true) throw missingOption('--strict-host', A_BASELINE);
  }
  const own = (flags.budget ?? []).map(
    (text): NamedBudget => ({ budget: parseBudget(text), optional: isOptional }),
  );
  const ofFile = (file?.budgets ?? []).map((each) => ({ ...each, optional: each.optional || isOptional }));
  return {
    budgets: [...ofFile, ...own],
    evaluatedOn: oneOf(flags.evaluate, DECIDING_RUNS, '--evaluate') ?? file?.runs.evaluate ?? 'median',
    sampling: file?.sampling ?? {},
    strictSampling: flags.strictSampling ?? file?.sampling.strict ?? false,
    rules: {
      budgetExitCode:
        parseCount(flags.budgetExitCode, 1, '--budget-exit-code', MAX_EXIT_CODE) ??
        EXIT_CODES.BUDGET_EXCEEDED,
      budgetFirst: flags.budgetFirst === true,
      timeoutOk: flags.timeoutOk === true,
      failOnLeftover,
      strictHost: flags.strictHost === true,
    },
    reports: (flags.report ?? []).map((text) => parseReportRequest(text)),
    baseline,
    regression: maxRegression === undefined ? undefined : parseMaxRegression(maxRegression),
  };
}

/** The plan of several runs. @throws UsageError that names the option */
export function toSeriesPlan(flags: SeriesFlags, file: BudgetFile | undefined, runs = 1): SeriesPlan {
  return {
    runs: parseCount(flags.runs, 1, '--runs') ?? file?.runs.count ?? runs,
    warmup: parseCount(flags.warmup, 0, '--warmup') ?? file?.runs.warmup ?? 0,
    prepare: flags.prepare ?? file?.runs.prepare,
    cleanup: flags.cleanup ?? file?.runs.cleanup,
    // They conflict: one on the command line overrides the other in the file.
    dropCaches: flags.dropCaches ?? (flags.warm !== true && file?.runs.dropCaches === true),
    warm: flags.warm ?? (flags.dropCaches !== true && file?.runs.warm === true),
  };
}

/** Reads a budget file; the baseline that it names is resolved against its directory. @throws InputError */
export function readBudgetFile(path: string | undefined): BudgetFile | undefined {
  if (path === undefined) return undefined;
  const file = parseBudgetFile(readOptionFile(path, '--budget-file'), path);
  return file.baseline === undefined
    ? file
    : { ...file, baseline: isAbsolute(file.baseline) ? file.baseline : join(dirname(path), file.baseline) };
}

function parseCount(
  text: string | undefined,
  least: number,
  option: string,
  most = MAX_RUNS,
): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > most) {
    throw new UsageError(option, `${option} ${text}: expected a whole number from ${least} to ${most}`);
  }
  return count;
}
