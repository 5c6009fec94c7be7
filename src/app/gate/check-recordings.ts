/** `cmemstat budget check`: evaluates budgets over recordings. */
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { openReports } from '../../report/open-reports.ts';
import { openPage } from '../page/open-page.ts';
import { gateRecordings } from './gate-recordings.ts';
import type { GatePlan } from './plan.ts';

/**
 * Evaluates recordings and writes the reports of the plan; returns the exit status. `budgetFile` is the one
 * that the plan was read from, if any.
 * @throws UsageError if there are no budgets; ToolError if a recording cannot be read.
 */
export async function checkRecordings(
  files: readonly string[],
  plan: GatePlan,
  budgetFile: string | undefined,
): Promise<number> {
  const reports = openReports(plan.reports);
  const isHtml = plan.reports.some(({ format }) => format === 'html');
  const page = isHtml ? await openPage({}, files.length) : undefined;
  const verdict = await gateRecordings(files, plan, page);
  if (verdict.budgets.length === 0 && plan.baseline === undefined) {
    throw new UsageError(
      '--budget',
      `${budgetFile === undefined ? 'no budgets were given' : `${budgetFile} has no budgets`}, and the recording contains none`,
      `cmemstat budget check --budget 'anon<=64MiB' FILE${budgetFile === undefined ? ', or --budget-file FILE' : ''}`,
    );
  }
  await reports.write(verdict, (shown) => page?.render(shown) ?? '');
  return verdict.exitStatus !== 0 || reports.failure === undefined ? verdict.exitStatus : EXIT_CODES.FAILED;
}
