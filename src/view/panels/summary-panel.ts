/** The end of the run, in the few lines available in the frozen view. */
import { plural } from '../../format/plural.ts';
import { formatDuration } from '../../format/units.ts';
import type { SummaryRecord } from '../../model/recording.ts';
import { describeEvents, describeOutlived, renderExit } from '../../output/summary-text.ts';
import type { View } from '../state/view.ts';
import { fitLine, textOf } from '../text/cells.ts';
import { type Field, labelled, packFields } from '../text/fields.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { formatSize } from './figure-text.ts';
import { fillUp } from './pieces.ts';

/** The end, the peak and all problems, worst first; truncated to the available lines. */
export function renderEnd(view: View, size: Size): Line[] {
  return fillUp(endLines(view, size.width), size);
}

/** All lines of the summary; none before the end. */
export function endLines(view: View, width: number): Line[] {
  const { summary } = view.data;
  if (summary === undefined) return [];
  const lines = [
    endLine(summary, view, width),
    ...budgetLine(view),
    peakLine(summary, view, width),
    ...troubleLines(summary, view),
    samplesLine(summary),
  ];
  return lines.map((line) => fitLine(line, width));
}

function endLine(summary: SummaryRecord, { unicode, status, data }: View, width: number): Line {
  const [how = ''] = renderExit(summary);
  const hasSucceeded = summary.exit.status === 0;
  const style: Role = !hasSucceeded ? 'bad' : data.eventCounts.has('budget_exceeded') ? 'warning' : 'good';
  const line: Line = [
    { text: hasSucceeded ? '  ENDED  ' : '  FAILED  ', style },
    { text: shownText(how.trim(), unicode), style: 'strong' },
  ];
  if (status.replay !== undefined) return line;
  const hint: Span = { text: '  q quits', style: 'dim' };
  return textOf(line).length + hint.text.length <= width ? [...line, hint] : line;
}

/** The budgets exceeded during the run; the final evaluation is printed after the view. */
function budgetLine({ data: { events }, unicode }: View): Line[] {
  const exceeded = events.flatMap(({ event, message = '' }) =>
    event === 'budget_exceeded' ? [message] : [],
  );
  if (exceeded.length === 0) return [];
  const name = exceeded.length === 1 ? 'BUDGET EXCEEDED' : `${exceeded.length} BUDGETS EXCEEDED`;
  return [[{ text: `  ${name}: ${shownText(exceeded.join('; '), unicode)}`, style: 'bad' }]];
}

function peakLine(summary: SummaryRecord, { ui: { units }, unicode }: View, width: number): Line {
  const { peak, highest } = summary;
  if (peak === undefined) return [{ text: '  no peak: nothing was sampled', style: 'dim' }];
  const source = peak.source === 'sampled' ? 'the highest reading' : peak.source;
  const fields: Field[] = [
    labelled(0, ' peak', formatSize(peak.bytes, units), 'strong'),
    { rank: 3, spans: [{ text: `(${source})`, style: 'dim' }] },
  ];
  const total = highest?.current ?? highest?.tree?.rss;
  if (highest !== undefined && total !== undefined && peak.source !== 'sampled') {
    const at = formatDuration(highest.elapsedMs);
    fields.push(labelled(2, 'highest sample', `${formatSize(total, units)} at ${at}`));
  }
  const mean = summary.averages.current ?? summary.averages.rss;
  if (mean !== undefined) fields.push(labelled(1, 'mean', formatSize(mean, units)));
  return packFields(fields, width, unicode);
}

function troubleLines(summary: SummaryRecord, { unicode, ui: { units } }: View): Line[] {
  const lines: Line[] = [];
  const killed = describeOutlived(summary.outlived);
  if (killed !== undefined) lines.push([{ text: `  ${shownText(killed, unicode)}`, style: 'warning' }]);
  const leftovers = summary.bpf?.leftovers ?? [];
  if (leftovers.length > 0) {
    const bytes = leftovers.reduce((sum, map) => sum + map.bytes, 0);
    const names = leftovers.map(({ id, name }) => name || `map ${id}`).join(', ');
    const count = plural(leftovers.length, 'map');
    const text = `  LEFT BEHIND: ${count}, ${formatSize(bytes, units)}: ${shownText(names, unicode)}`;
    lines.push([{ text, style: 'bad' }]);
  }
  for (const warning of summary.warnings)
    lines.push([{ text: `  warning: ${shownText(warning, unicode)}`, style: 'warning' }]);
  return lines;
}

function samplesLine(summary: SummaryRecord): Line {
  const { count, late, missed, longestGapMs } = summary.samples;
  const events = describeEvents(summary);
  const lateness = late + missed === 0 ? 'none late' : `${late} late, ${missed} missed`;
  const text = `  ${count} samples, ${lateness}, longest gap ${formatDuration(longestGapMs)}`;
  return [
    { text, style: late + missed === 0 ? 'dim' : 'warning' },
    { text: events === '' ? '' : `  events: ${events}`, style: 'dim' },
  ];
}
