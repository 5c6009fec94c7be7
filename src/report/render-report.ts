/** The reports by their names. */
import { UsageError } from '../errors.ts';
import { nearestName } from '../format/nearest-name.ts';
import type { Verdict } from '../model/verdict.ts';
import { renderGithubReport } from './github.ts';
import { renderJsonReport } from './json.ts';
import { renderJunitReport } from './junit.ts';
import { renderMarkdownReport } from './markdown.ts';
import { REPORT_FORMATS, type ReportFormat } from './report-formats.ts';
import { renderTapReport } from './tap.ts';
import { renderTextReport } from './text.ts';

/** What `--report FORMAT[:FILE]` asks for. */
export interface ReportRequest {
  format: ReportFormat;
  /** Absent: `defaultStreamOf(format)`. */
  file?: string;
}

const RENDERERS: Readonly<Record<ReportFormat, (verdict: Verdict) => string>> = {
  text: renderTextReport,
  markdown: renderMarkdownReport,
  junit: renderJunitReport,
  github: renderGithubReport,
  json: renderJsonReport,
  tap: renderTapReport,
};

/**
 * Reads `junit:out.xml` or `text`. What follows the first colon is the file, colons included.
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
  return { format, file };
}

/**
 * Reads the name of a format.
 * @throws UsageError that names the option and the nearest format.
 */
export function parseReportFormat(text: string, option: string): ReportFormat {
  const format = REPORT_FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  const nearest = nearestName(text, REPORT_FORMATS);
  throw new UsageError(
    option,
    `${option} ${text}: no such report; there are ${REPORT_FORMATS.join(', ')}`,
    nearest === undefined ? undefined : `${option} ${nearest}`,
  );
}

/** Where a report goes that has no file: text is for people and stays out of the way of what a pipe reads. */
export function defaultStreamOf(format: ReportFormat): 'stderr' | 'stdout' {
  return format === 'text' ? 'stderr' : 'stdout';
}

/**
 * Whether the report is a document on standard output, where nothing else may stand. GitHub takes its
 * commands from among the lines of a log.
 */
export function isAloneOnStdout({ format, file }: ReportRequest): boolean {
  return file === undefined && format !== 'github' && defaultStreamOf(format) === 'stdout';
}

/** The report, ended by a newline; empty where a format has nothing to say. */
export function renderReport(format: ReportFormat, verdict: Verdict): string {
  return RENDERERS[format](verdict);
}
