import type { ListenAddress } from '../../app/http/listen-address.ts';
import type { PageOptions } from '../../app/page/page-collector.ts';
import { reportRecordings } from '../../app/report/report-recordings.ts';
import { UsageError } from '../../errors.ts';
import { parseReportRequest } from '../../report/render-report.ts';
import type { BaselineFlags, BudgetFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan } from '../options/gate-plan.ts';
import { serveAddress } from '../options/optional-address.ts';
import { parseShare } from '../options/parse-value.ts';
import { inputPlaces, rejectSharedPlaces } from '../options/places.ts';

/** The options of `report`. */
export interface ReportFlags extends BudgetFlags, BaselineFlags {
  format: string;
  output?: string;
  evaluate?: string;
  threshold?: string;
  embed: boolean;
  names: boolean;
  serve?: string | true;
}

/**
 * Writes a report on recordings, or on a saved verdict; returns the exit status.
 * @throws the errors of `reportRecordings`.
 */
export async function report(files: string[], flags: ReportFlags): Promise<number> {
  if (flags.serve !== undefined) return serve(files, flags, await serveAddress(flags.serve));
  const request = parseReportRequest(flags.format, '--format');
  const { format } = request;
  const { output } = flags;
  if (request.file !== undefined && output !== undefined) {
    throw new UsageError(
      '--output',
      `--output ${output}: --format ${flags.format} names a file, too`,
      `--format ${format}`,
    );
  }
  for (const [isGiven, option] of [
    [flags.threshold !== undefined, '--threshold'],
    [!flags.embed, '--no-embed'],
    [!flags.names, '--no-names'],
  ] as const) {
    if (isGiven && format !== 'html') throw new UsageError(option, `${option} requires --format html`);
  }
  const chosen = output === undefined || output === '-' ? request : { format, file: output };
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  rejectSharedPlaces([
    ...inputPlaces('the recording', ...files.map((file) => (file === '-' ? '/dev/stdin' : file))),
    ...inputPlaces('--budget-file', flags.budgetFile),
    ...inputPlaces('--baseline', plan.baseline),
    ...(chosen.file === undefined
      ? []
      : [{ option: output === undefined ? '--format' : '--output', file: chosen.file }]),
  ]);
  return reportRecordings({
    files,
    plan,
    request: chosen,
    page: toPageOptions(flags),
    evaluationOption: findEvaluationOption(flags),
  });
}

/** HTTP is only loaded here. */
async function serve(files: readonly string[], flags: ReportFlags, address: ListenAddress): Promise<number> {
  const { serveReport } = await import('../../app/report/serve-report.ts');
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  return serveReport(address, [...new Set(files)], plan, toPageOptions(flags));
}

function toPageOptions({ threshold, embed, names }: ReportFlags): Partial<PageOptions> {
  const share = threshold === undefined ? {} : { threshold: parseShare(threshold, '--threshold') };
  return { ...share, embed, names };
}

/** All options except these require an evaluation. */
function findEvaluationOption({
  format: _format,
  output: _output,
  threshold: _threshold,
  embed: _embed,
  names: _names,
  ...evaluation
}: ReportFlags): string | undefined {
  const [name] = Object.keys(evaluation);
  return name && `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
