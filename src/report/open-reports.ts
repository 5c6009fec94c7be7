/** Opens the destinations of reports and writes the reports of one verdict. */
import { errnoOf, OutputError } from '../errors.ts';
import { printableLines } from '../format/wrap-lines.ts';
import type { Verdict } from '../model/verdict.ts';
import { LineWriter } from '../output/line-writer.ts';
import { StandardErrorLog } from '../output/log.ts';
import { terminalWidth } from '../output/terminal-width.ts';
import { openTextFile, type TextFile } from '../output/text-file.ts';
import { defaultStreamOf, type ReportRequest, renderReport } from './render-report.ts';
import type { ReportFormat } from './report-formats.ts';
import { openStepSummary } from './step-summary.ts';
import { describeExit } from './wording.ts';

/** Renders an HTML report. @throws ToolError. */
export type RenderHtml = (verdict: Verdict) => string;

/** Opened reports. */
export interface Reports {
  /** The first report or message that could not be written although its reader was still there. */
  readonly failure: OutputError | undefined;
  /** Writes another document; a failure is logged. Returns whether it was written. */
  writeTo(file: TextFile, text: string): Promise<boolean>;
  /** Logs messages to standard error; resolves when they are written. */
  log(messages: readonly string[]): Promise<void>;
  /**
   * Writes all reports, even if one fails; failures are logged. `isAdviceShown`: the summary above a text
   * report contains the advice. `renderHtml` renders the format html, which shows more than a verdict.
   */
  write(verdict: Verdict, renderHtml: RenderHtml, isAdviceShown?: boolean): Promise<void>;
}

/** The default report. */
const DEFAULT: readonly ReportRequest[] = [{ format: 'text' }];

/**
 * Opens the reports. `textTo` is the destination of text reports without a file.
 * @throws UsageError that names the file that cannot be written.
 */
export function openReports(
  requests: readonly ReportRequest[],
  textTo: 'stdout' | 'stderr' = 'stderr',
): Reports {
  const wanted = (requests.length === 0 ? DEFAULT : requests).map((request) => ({
    ...request,
    target: request.file === undefined ? undefined : openTextFile(`--report ${request.format}`, request.file),
  }));
  const stepSummary = wanted.some(({ format }) => format === 'github')
    ? openStepSummary(process.env.GITHUB_STEP_SUMMARY)
    : undefined;
  const failures: OutputError[] = [];
  const onError = (error: OutputError) => {
    if (errnoOf(error.cause) !== 'EPIPE') failures.push(error);
  };
  const stdout = new LineWriter(1, 'standard output', onError);
  const stderr = new LineWriter(2, 'standard error', onError);
  const log = new StandardErrorLog(stderr, { verbose: false, quiet: false });
  const logAll = async (messages: readonly string[]) => {
    for (const message of messages) log.warn(message);
    await log.flush();
  };
  const writeOne = async (format: ReportFormat, target: TextFile | undefined, text: string) => {
    if (target !== undefined) await target.write(text);
    else if (text !== '') {
      const stream = format === 'text' ? textTo : defaultStreamOf(format);
      // The target may have printed an incomplete line, and workflow commands must be at the start of a line.
      const start = format === 'github' ? '\n' : '';
      const fd = stream === 'stderr' ? 2 : 1;
      const lines = text.replace(/\n$/, '').split('\n');
      // Only text is for people; the other formats are for programs.
      const shown = format === 'text' ? printableLines(lines, terminalWidth(fd)) : lines;
      (stream === 'stderr' ? stderr : stdout).write(`${start}${shown.join('\n')}`, true);
    }
  };
  return {
    get failure() {
      return failures[0];
    },
    log: logAll,
    async writeTo(file, text) {
      try {
        await file.write(text);
        return true;
      } catch (error) {
        if (!(error instanceof OutputError)) throw error;
        onError(error);
        await logAll([error.message]);
        return false;
      }
    },
    async write(verdict, renderHtml, isAdviceShown = false) {
      const warnings: string[] = [];
      for (const { format, target } of wanted) {
        const isBelow = isAdviceShown && format === 'text' && target === undefined;
        try {
          const shown = isBelow ? withoutAdvice(verdict) : verdict;
          await writeOne(format, target, format === 'html' ? renderHtml(shown) : renderReport(format, shown));
        } catch (error) {
          if (!(error instanceof OutputError)) throw error;
          onError(error);
        }
        // The step summary is an extra: without it all requested reports are still written.
        if (format === 'github') warnings.push(...(stepSummary?.append(verdict) ?? []));
      }
      await Promise.all([stdout.flush(), stderr.flush()]);
      const isReportedNowhere =
        verdict.exitStatus !== 0 && wanted.every(({ target }) => target !== undefined);
      await logAll([
        ...warnings.map((warning) => `warning: ${warning}`),
        ...failures.map(({ message }) => message),
        ...(isReportedNowhere ? [describeExit(verdict)] : []),
      ]);
    },
  };
}

function withoutAdvice(verdict: Verdict): Verdict {
  const budgets = verdict.budgets.map((result) =>
    result.exceeded === undefined ? result : { ...result, exceeded: { ...result.exceeded, advice: [] } },
  );
  return { ...verdict, budgets };
}
