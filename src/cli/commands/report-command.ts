import { readFileSync, statSync } from 'node:fs';
import { gateRecordings } from '../../app/gate/gate-recordings.ts';
import { UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Verdict } from '../../model/verdict.ts';
import { parseVerdict } from '../../recording/parse-verdict.ts';
import { openReports } from '../../report/open-reports.ts';
import { parseReportFormat } from '../../report/render-report.ts';
import type { BaselineFlags, BudgetFlags } from '../options/gate-flags.ts';
import { readBudgetFile, toGatePlan } from '../options/gate-plan.ts';

/** The options of `report`. */
export interface ReportFlags extends BudgetFlags, BaselineFlags {
  format: string;
  output?: string;
  evaluate?: string;
}

/** A verdict is a small document; a recording may be of any size. Unit: bytes. */
const MAX_VERDICT_BYTES = 64 * 1024 * 1024;

/**
 * Writes the report on recordings, or on a verdict that was kept.
 * @throws ToolError when one can't be read or written.
 */
export async function report(files: string[], flags: ReportFlags): Promise<number> {
  const format = parseReportFormat(flags.format, '--format');
  const plan = toGatePlan(flags, readBudgetFile(flags.budgetFile), false);
  const kept = files.length === 1 ? readVerdict(files[0] ?? '') : undefined;
  if (kept !== undefined) refuseEvaluation(flags);
  const verdict = kept ?? (await gateRecordings(files, plan));
  const request = flags.output === undefined ? { format } : { format, file: flags.output };
  const reports = openReports([request], 'stdout');
  // The report was asked for, not the evaluation: its status does not decide ours.
  return (await reports.write(verdict)) === undefined ? 0 : EXIT_CODES.FAILED;
}

/** A verdict is the result of an evaluation: it cannot be evaluated again. */
function refuseEvaluation(flags: ReportFlags): void {
  const { format: _format, output: _output, ...evaluation } = flags;
  const [name] = Object.keys(evaluation);
  if (name === undefined) return;
  const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(
    option,
    `${option}: cannot be applied to a verdict, which has been evaluated already`,
    'cmemstat report RECORDING',
  );
}

/** Undefined where the file is something else: `gateRecordings` says what is wrong with it. */
function readVerdict(path: string): Verdict | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > MAX_VERDICT_BYTES) return undefined;
  return parseVerdict(readFileSync(path, 'utf8'), path);
}
