/** Renders reports by format name. */
import { UsageError } from '../errors.ts';
import { listWords } from '../format/list-words.ts';
import { nearestName } from '../format/nearest-name.ts';
import { safeLine } from '../format/safe-text.ts';
import type { Verdict } from '../model/verdict.ts';
import { renderGithubReport } from './github.ts';
import { renderJsonReport } from './json.ts';
import { renderJunitReport } from './junit.ts';
import { renderMarkdownReport } from './markdown.ts';
import { REPORT_FORMATS, type ReportFormat, type VerdictFormat } from './report-formats.ts';
import { renderTapReport } from './tap.ts';
import { renderTextReport } from './text.ts';

/** A parsed `--report FORMAT[:FILE]`. */
export interface ReportRequest {
  format: ReportFormat;
  /** Absent: `defaultStreamOf(format)`. */
  file?: string;
}

const RENDERERS: Readonly<Record<VerdictFormat, (verdict: Verdict) => string>> = {
  text: renderTextReport,
  markdown: renderMarkdownReport,
  junit: renderJunitReport,
  github: renderGithubReport,
  json: renderJsonReport,
  tap: renderTapReport,
};

/**
 * Parses `junit:out.xml` or `text`. Everything after the first colon is the file name.
 * @throws UsageError that names the option and the nearest format.
 */
export function parseReportRequest(text: string, option = '--report'): ReportRequest {
  const colon = text.indexOf(':');
  const format = parseReportFormat(colon < 0 ? text : text.slice(0, colon), option);
  if (colon < 0) return { format };
  const file = text.slice(colon + 1);
  if (file === '') {
    throw new UsageError(option, `${option} ${text}: no file after the colon`, `${option} ${format}:FILE`);
  }
  // Text goes to standard error by default.
  if (file === '-') return format === 'text' ? { format, file: '/dev/stdout' } : { format };
  return { format, file };
}

/**
 * Parses the name of a format.
 * @throws UsageError that names the option and the nearest format.
 */
export function parseReportFormat(text: string, option: string): ReportFormat {
  const format = REPORT_FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  const nearest = nearestName(text, REPORT_FORMATS);
  throw new UsageError(
    option,
    `${option} ${text}: unknown report format; expected ${listWords(REPORT_FORMATS)}`,
    nearest === undefined ? undefined : `${option} ${nearest}`,
  );
}

/** Default destination of a report: text goes to standard error, to keep it out of pipes. */
export function defaultStreamOf(format: ReportFormat): 'stderr' | 'stdout' {
  return format === 'text' ? 'stderr' : 'stdout';
}

/**
 * Whether the report is a document that must be alone on standard output. GitHub reads its commands from
 * between the lines of a log.
 */
export function isAloneOnStdout({ format, file }: ReportRequest): boolean {
  return file === undefined && format !== 'github' && defaultStreamOf(format) === 'stdout';
}

/** Renders the report, ending with a newline; empty if the format has nothing to report. */
export function renderReport(format: VerdictFormat, verdict: Verdict): string {
  const text = RENDERERS[format](verdict);
  // Only those of this format are commands.
  return format === 'github' ? text : text.split('\n').map(safeLine).join('\n');
}
