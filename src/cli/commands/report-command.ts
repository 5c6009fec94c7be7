import { reportRecordings } from '../../app/report/report-recordings.ts';
import { parseReportFormat } from '../../report/render-report.ts';
import type { BaselineFlags, BudgetFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan } from '../options/gate-plan.ts';
import { inputPlaces, rejectSharedPlaces } from '../options/places.ts';

/** The options of `report`. */
export interface ReportFlags extends BudgetFlags, BaselineFlags {
  format: string;
  output?: string;
  evaluate?: string;
}

/**
 * Writes a report on recordings, or on a saved verdict; returns the exit status.
 * @throws the errors of `reportRecordings`.
 */
export async function report(files: string[], flags: ReportFlags): Promise<number> {
  const format = parseReportFormat(flags.format, '--format');
  const request =
    flags.output === undefined || flags.output === '-' ? { format } : { format, file: flags.output };
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  rejectSharedPlaces([
    ...inputPlaces('the recording', ...files),
    ...inputPlaces('--budget-file', flags.budgetFile),
    ...inputPlaces('--baseline', plan.baseline),
    ...(request.file === undefined ? [] : [{ option: '--output', file: request.file }]),
  ]);
  return reportRecordings({
    files,
    plan,
    request,
    evaluationOption: findEvaluationOption(flags),
  });
}

/** All options except these two require an evaluation. */
function findEvaluationOption({
  format: _format,
  output: _output,
  ...evaluation
}: ReportFlags): string | undefined {
  const [name] = Object.keys(evaluation);
  return name && `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
