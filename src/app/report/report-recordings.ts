/** The report on recordings, or on a verdict that was kept: `cmemstat report`. */
import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Verdict } from '../../model/verdict.ts';
import { parseVerdict } from '../../recording/parse-verdict.ts';
import { openReports } from '../../report/open-reports.ts';
import type { ReportRequest } from '../../report/render-report.ts';
import { gateRecordings } from '../gate/gate-recordings.ts';
import type { GatePlan } from '../gate/plan.ts';

/** A verdict is a small document; a recording may be of any size. Unit: bytes. */
const MAX_VERDICT_BYTES = 64 * 1024 * 1024;

/** What is reported, and where. */
export interface ReportJob {
  files: readonly string[];
  plan: GatePlan;
  request: ReportRequest;
  /** The first option that asks for an evaluation, which a verdict cannot have again; undefined when there is none. */
  evaluationOption: string | undefined;
}

/**
 * Writes the report; returns the exit status.
 * @throws ToolError when a file can't be read or written.
 */
export async function reportRecordings({
  files,
  plan,
  request,
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
  const verdict = kept ?? (await gateRecordings(files, plan));
  const reports = openReports([request], 'stdout');
  // The report was asked for, not the evaluation: its status does not decide ours.
  return (await reports.write(verdict)) === undefined ? 0 : EXIT_CODES.FAILED;
}

/** Undefined where the file is something else: `gateRecordings` says what is wrong with it. */
function readVerdict(path: string): Verdict | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > MAX_VERDICT_BYTES) return undefined;
  return parseVerdict(readFileSync(path, 'utf8'), path);
}
