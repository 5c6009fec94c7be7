/** The summary of `--quiet`: at most six lines. */
import { plural } from '../format/plural.ts';
import { formatShortCommand, safeText } from '../format/safe-text.ts';
import { formatBytes, formatDuration } from '../format/units.ts';
import { cutLine, printableLines } from '../format/wrap-lines.ts';
import { figureOf } from '../model/figures.ts';
import type { SummaryRecord } from '../model/recording.ts';
import { describeHeld, describeLargest, describeSize } from './bpf-summary-text.ts';
import {
  describeElsewhere,
  describeHighest,
  peakNote,
  renderExit,
  type SummaryStyle,
} from './summary-text.ts';

const MAX_LINES = 6;

/** What memory consists of, without the parts of parts. */
const PARTS = ['anon', 'file', 'kernel', 'swap', 'rss', 'pss'];

/**
 * Command and status, peak, what memory consisted of at its highest, BPF memory, and warnings as far as there
 * is room. `width` is that of the terminal, if there is one. Unit: columns.
 */
export function renderBrief(
  summary: SummaryRecord,
  { plainBytes }: SummaryStyle,
  width: number | undefined,
): string[] {
  const size = (bytes: number) => (plainBytes ? String(bytes) : formatBytes(bytes));
  const { peak, bpf } = summary;
  const highest = summary.highestWithBpf ?? summary.highest;
  const status = renderExit(summary)[0]?.trim() ?? '';
  const room = width === undefined ? undefined : Math.max(8, width - 'cmemstat: '.length - status.length - 6);
  const parts = PARTS.flatMap((id) => {
    const bytes = highest === undefined ? undefined : figureOf(highest, id);
    return bytes === undefined || (id === 'swap' && bytes === 0) ? [] : [`${id} ${size(bytes)}`];
  });
  const warnings = warningsOf(summary).map((warning) => `  ${warning}`);
  // The remark that figures are too low precedes them.
  const first = describeElsewhere(summary).length > 0 ? 1 : 0;
  const [before, after] = [warnings.slice(0, first), warnings.slice(first)];
  const lines = [
    `cmemstat: ${cutLine(formatShortCommand(summary.command), room)}: ${status}`,
    ...before,
    ...(peak === undefined ? [] : [`  peak ${size(peak.bytes)} (${peakNote(summary)})`]),
    ...(highest === undefined || parts.length === 0
      ? []
      : [`  at ${describeHighest(summary)}, ${formatDuration(highest.elapsedMs)}: ${parts.join(', ')}`]),
    ...(bpf === undefined ? [] : [`  bpf: ${describeBpf(bpf, size)}`]),
  ];
  const whole = printableLines([...lines, ...after], width);
  if (whole.length <= MAX_LINES) return whole;
  const cut = lines.map((line) => cutLine(line, width));
  return [...cut, ...fitWarnings(after, MAX_LINES - cut.length, width)];
}

function describeBpf(bpf: NonNullable<SummaryRecord['bpf']>, size: (bytes: number) => string): string {
  const { unavailable, reason, largest, heldPeak } = bpf;
  if (unavailable !== undefined) return `not measured: ${safeText(unavailable)}`;
  const uncharged = largest?.uncharged?.maps;
  const charged = describeLargest(bpf, size);
  if (charged !== undefined) {
    const beside =
      uncharged === undefined || uncharged.count === 0 ? '' : `, ${size(uncharged.bytes)} uncharged`;
    const when = bpf.runningReadings === 0 ? 'after the target exited' : 'at most';
    const elsewhere = bpf.heldElsewhere ?? largest?.heldElsewhere?.maps;
    const held =
      elsewhere === undefined || elsewhere.count === 0
        ? ''
        : `; ${describeSize(elsewhere, size)} held, but charged elsewhere`;
    return `${charged} ${when}${beside}${held}`;
  }
  if (heldPeak !== undefined) return `held by the target at most: ${describeHeld(heldPeak, size)}`;
  return `unknown: ${reason === undefined ? 'it was not read' : safeText(reason)}`;
}

function warningsOf(summary: SummaryRecord): string[] {
  const leftovers = summary.bpf?.leftovers?.length ?? 0;
  const files = summary.leftoverFiles?.length ?? 0;
  return [
    ...describeElsewhere(summary),
    ...renderExit(summary).slice(1),
    ...(leftovers === 0 ? [] : [`LEFT BEHIND: ${plural(leftovers, 'BPF map')}`]),
    ...(files === 0 ? [] : [`LEFT BEHIND: ${plural(files, 'file')} in memory`]),
    ...summary.warnings.map((warning) => `warning: ${safeText(warning)}`),
  ].map((line) => line.trim());
}

/** The warnings that fit; the last line says how many do not. */
function fitWarnings(warnings: readonly string[], room: number, width: number | undefined): string[] {
  const shown: string[] = [];
  let left = warnings.length;
  for (const warning of warnings) {
    const lines = printableLines([warning], width);
    const last = left === 1 ? 0 : 1;
    if (shown.length + lines.length > room - last) break;
    shown.push(...lines);
    left -= 1;
  }
  // One that does not fit whole is still better than its number.
  if (shown.length === 0 && left > 0) {
    shown.push(...warnings.slice(0, 1).map((warning) => cutLine(warning, width)));
    left -= 1;
  }
  return left === 0 ? shown : [...shown, `  ${plural(left, 'more warning')} without --quiet`];
}
