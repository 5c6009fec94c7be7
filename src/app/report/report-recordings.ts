/** `cmemstat report`: reports on recordings, or on a saved verdict. */
import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Verdict } from '../../model/verdict.ts';
import { parseVerdict } from '../../recording/parse-verdict.ts';
import { openReports } from '../../report/open-reports.ts';
import type { ReportRequest } from '../../report/render-report.ts';
import { gateRecordings } from '../gate/gate-recordings.ts';
import type { GatePlan } from '../gate/plan.ts';
import { openPage } from '../page/open-page.ts';
import type { PageOptions } from '../page/page-collector.ts';
import { printSummaries } from './print-summaries.ts';

/** A verdict is a small document; a recording may have any size. Unit: bytes. */
const MAX_VERDICT_BYTES = 64 * 1024 * 1024;

/** The input and output of a report. */
export interface ReportJob {
  files: readonly string[];
  plan: GatePlan;
  request: ReportRequest;
  /** For the format html. */
  page: Partial<PageOptions>;
  /**
   * The first option that requires an evaluation, which is not possible for a verdict; undefined if there is
   * none.
   */
  evaluationOption: string | undefined;
}

/**
 * Writes the report; returns the exit status.
 * @throws ToolError if a file cannot be read or written.
 */
export async function reportRecordings({
  files,
  plan,
  request,
  page: options,
  evaluationOption,
}: ReportJob): Promise<number> {
  const kept = files.length === 1 ? readVerdict(files[0] ?? '') : undefined;
  if (kept !== undefined && evaluationOption !== undefined) {
    throw new UsageError(
      evaluationOption,
      `${evaluationOption}: cannot be applied to a verdict, which has been evaluated already`,
      'cmemstat report RECORDING',
    );
  }
  const page = request.format === 'html' ? await openPage(options, files.length) : undefined;
  const verdict = kept ?? (await gateRecordings(files, plan, page));
  const isEvaluated = kept !== undefined || verdict.budgets.length > 0 || verdict.comparison !== undefined;
  if (!isEvaluated && request.format === 'text') return printSummaries(files, request.file);
  const reports = openReports([request], 'stdout');
  // A report was requested, not an evaluation: the verdict does not affect the exit status.
  await reports.write(verdict, (shown) => page?.render(shown) ?? '');
  return reports.failure === undefined ? 0 : EXIT_CODES.FAILED;
}

/** Undefined if it is something else, or cannot be read: `gateRecordings` reports what is wrong with it. */
function readVerdict(path: string): Verdict | undefined {
  let text: string;
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MAX_VERDICT_BYTES) return undefined;
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return parseVerdict(text, path);
}
