/** Writing the reports of one verdict to where they were asked for. */
import { appendFileSync } from 'node:fs';
import { describeErrno, errnoOf, OutputError } from '../../errors.ts';
import type { Verdict } from '../../model/verdict.ts';
import { LineWriter } from '../line-writer.ts';
import { openTextFile, type TextFile } from '../text-file.ts';
import { githubStepSummary } from './github.ts';
import { defaultStreamOf, type ReportRequest, renderReport } from './render-report.ts';

/** Reports that can be written. */
export interface Reports {
  /** Lines on standard error; settles when they are out. */
  say(lines: readonly string[]): Promise<void>;
  /** Writes them all. @throws OutputError. */
  write(verdict: Verdict): Promise<void>;
}

/** What is written when nobody asked for anything else. */
const DEFAULT: readonly ReportRequest[] = [{ format: 'text' }];

/**
 * Opens them. `textTo` is where a text without a file goes.
 * @throws UsageError that names the file which can't be written.
 */
export function openReports(
  requests: readonly ReportRequest[],
  textTo: 'stdout' | 'stderr' = 'stderr',
): Reports {
  const wanted = (requests.length === 0 ? DEFAULT : requests).map((request) => ({
    ...request,
    target: request.file === undefined ? undefined : openTextFile(`--report ${request.format}`, request.file),
  }));
  let failure: OutputError | undefined;
  const onError = (error: OutputError) => {
    if (errnoOf(error.cause) !== 'EPIPE') failure ??= error;
  };
  const stdout = new LineWriter(1, 'standard output', onError);
  const stderr = new LineWriter(2, 'standard error', onError);
  const writeOne = (format: ReportRequest['format'], target: TextFile | undefined, verdict: Verdict) => {
    const text = renderReport(format, verdict);
    if (target !== undefined) target.write(text);
    else if (text !== '')
      ((format === 'text' ? textTo : defaultStreamOf(format)) === 'stderr' ? stderr : stdout).write(
        text.replace(/\n$/, ''),
        true,
      );
    if (format === 'github') writeStepSummary(verdict);
  };
  return {
    async say(lines) {
      for (const line of lines) stderr.write(line, true);
      await stderr.flush();
    },
    async write(verdict) {
      for (const { format, target } of wanted) writeOne(format, target, verdict);
      await Promise.all([stdout.flush(), stderr.flush()]);
      if (failure !== undefined) throw failure;
    },
  };
}

/** The summary of the step goes to the file that the runner names, after what other commands wrote there. */
function writeStepSummary(verdict: Verdict): void {
  const path = process.env.GITHUB_STEP_SUMMARY;
  if (path === undefined || path === '') return;
  try {
    appendFileSync(path, githubStepSummary(verdict));
  } catch (error) {
    throw new OutputError(path, `GITHUB_STEP_SUMMARY ${path}: ${describeErrno(errnoOf(error))}`, {
      cause: error,
    });
  }
}
