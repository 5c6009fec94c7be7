/** Memory pressure, event counters and the last events. */
import { formatDuration } from '../../format/units.ts';
import type { EventRecord } from '../../model/recording.ts';
import type { Sample } from '../../model/sample.ts';
import type { View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { gauge, shownText, wrapText } from '../text/shown-text.ts';
import { fillUp, renderWrapped } from './pieces.ts';

/** From this share of stalled time on, pressure is highlighted as bad. Unit: per cent. */
const HEAVY = 10;

/** Minimum width. */
const WIDE = 116;

/** Rows reserved for events. */
const EVENT_ROWS = 2;

/** The meaning of `some` and `full`, shown if there is space. */
const MEANINGS = {
  some: 'at least one task waited for memory',
  full: 'all tasks waited for memory',
} as const;

/** Events that indicate that something was killed or exceeded. */
const SEVERE_EVENTS: ReadonlySet<string> = new Set([
  'oom',
  'oom_kill',
  'oom_group_kill',
  'budget_exceeded',
  'elsewhere',
  'cgroup_removed',
  'waiting',
]);

/** The order of memory.events; v1 has `failcnt` and `oom_kill`. */
const KERNEL_EVENTS = ['low', 'high', 'max', 'failcnt', 'oom', 'oom_kill', 'oom_group_kill'];

/** Pressure, counts, then events, latest first. */
export function renderPressure(view: View, size: Size): Line[] {
  const { width, height } = size;
  const figures = [...renderStalls(view, width), ...renderCounts(view, width)];
  // On low panels the latest events are more important than the last counts.
  const shown = figures.slice(0, Math.max(1, height - EVENT_ROWS));
  return fillUp([...shown, ...renderEvents(view, size)], size);
}

function renderStalls(view: View, width: number): Line[] {
  const pressure = view.data.latest?.pressure;
  if (pressure === undefined) {
    const text = shownText(view.status.absent.pressure ?? whyAbsent(view), view.unicode);
    return renderWrapped({ text: '  ' }, { text, style: 'dim' }, width);
  }
  // Two figures per time span side by side if there is no space for bars.
  const bar = Math.max(0, Math.min(10, Math.floor((width - 2 - 6 - 12 - 3 * 9) / 3)));
  const cell = bar === 0 ? 8 : bar + 9;
  const titles = ['10 s', '60 s', '300 s'].map((title) => `${title.padStart(6)} `.padEnd(cell)).join('');
  const lines = [fitLine([{ text: `  waited${titles}${'in all'.padStart(10)}`, style: 'dim' }], width)];
  for (const kind of ['some', 'full'] as const) {
    const line = pressure[kind];
    if (line === undefined) continue;
    const spans: Span[] = [{ text: `  ${kind.padEnd(6)}` }];
    for (const percent of [line.avg10, line.avg60, line.avg300]) {
      spans.push({ text: `${percent.toFixed(1).padStart(5)}%`, style: percent > 0 ? 'strong' : 'dim' });
      spans.push({
        text: bar === 0 ? '  ' : ` ${gauge(percent / 100, bar, view.unicode)}  `,
        style: percent >= HEAVY ? 'bad' : 'warning',
      });
    }
    spans.push({ text: formatDuration(line.total / 1000).padStart(10), style: 'strong' });
    if (width >= WIDE) spans.push({ text: `  ${MEANINGS[kind]}`, style: 'dim' });
    lines.push(fitLine(spans, width));
  }
  return lines;
}

function whyAbsent({ data: { start, latest } }: View): string {
  if (latest === undefined) return 'No sample yet.';
  switch (start?.mode) {
    case 'process-tree':
      return 'No pressure and no memory.events: there is no memory cgroup, only a process tree.';
    case 'cgroup1':
      return 'No memory.pressure: not available on cgroup v1.';
    default:
      return 'No memory.pressure: this kernel has no PSI (CONFIG_PSI) or was booted with psi=0.';
  }
}

/** Count and time of the last occurrence of each event. */
function renderCounts(view: View, width: number): Line[] {
  const { latest, eventCounts } = view.data;
  const counts = countsOf(latest);
  // Our own events are counted by their records.
  for (const [name, { count }] of eventCounts) if (!counts.has(name)) counts.set(name, count);
  if (counts.size === 0) return [];
  const lines: Span[][] = [[{ text: '  events' }]];
  let column = 8;
  const happened = [...counts].sort(([, a], [, b]) => Number(b > 0) - Number(a > 0));
  for (const [name, count] of happened) {
    const lastMs = eventCounts.get(name)?.lastMs;
    const when = lastMs === undefined ? '' : ` at ${formatDuration(lastMs)}`;
    const label = shownText(name, view.unicode);
    const text = `  ${label} ${count}${when}`;
    if (column + text.length > width && column > 8) {
      lines.push([{ text: ' '.repeat(8) }]);
      column = 8;
    }
    column += text.length;
    const style: Role = count === 0 ? 'dim' : SEVERE_EVENTS.has(name) ? 'bad' : 'strong';
    lines.at(-1)?.push({ text: `  ${label} ${count}`, style }, { text: when, style: 'dim' });
  }
  return lines.map((line) => fitLine(line, width));
}

function countsOf(sample: Sample | undefined): Map<string, number> {
  const events = sample?.events ?? sample?.eventsLocal ?? {};
  const names = [
    ...KERNEL_EVENTS.filter((name) => events[name] !== undefined),
    ...Object.keys(events).filter((name) => !KERNEL_EVENTS.includes(name)),
  ];
  return new Map(names.map((name) => [name, events[name] ?? 0]));
}

/** Past events, latest first, from the scroll position. */
function renderEvents(view: View, { width, height }: Size): Line[] {
  const { events } = view.data;
  if (events.length === 0) {
    const text = view.data.summary === undefined ? 'No events yet.' : 'No events.';
    return [fitLine([{ text: `  ${text}`, style: 'dim' }], width)];
  }
  const skipped = Math.max(0, Math.min(events.length - 1, view.ui.pressureScroll));
  const lines: Line[] = [];
  for (let at = events.length - 1 - skipped; at >= 0 && lines.length < height; at--) {
    const event = events[at];
    if (event !== undefined) lines.push(...renderOne(event, view.unicode, width));
  }
  return lines;
}

function renderOne(event: EventRecord, unicode: boolean, width: number): Line[] {
  const style: Role = SEVERE_EVENTS.has(event.event) ? 'bad' : event.event === 'exec' ? 'plain' : 'warning';
  const lead: Span[] = [
    { text: `${formatDuration(event.elapsedMs).padStart(8)}  `, style: 'dim' },
    { text: `${shownText(event.event, unicode)}  `, style },
  ];
  const indent = lead.reduce((sum, { text }) => sum + text.length, 0);
  const [first = '', ...rest] = wrapText(
    shownText(event.message ?? describeIncrease(event), unicode),
    Math.max(1, width - indent),
  );
  const hint =
    event.hint === undefined ? [] : wrapText(shownText(event.hint, unicode), Math.max(1, width - indent));
  return [
    fitLine([...lead, { text: first }], width),
    ...rest.map((text) => fitLine([{ text: ' '.repeat(indent) }, { text }], width)),
    ...hint.map((text) => fitLine([{ text: ' '.repeat(indent) }, { text, style: 'dim' }], width)),
  ];
}

function describeIncrease({ increase, localIncrease, count }: EventRecord): string {
  if (increase === undefined) return '';
  const nested =
    localIncrease === undefined || localIncrease === increase
      ? ''
      : `, ${increase - localIncrease} of it in nested cgroups`;
  return `+${increase}, now ${count ?? increase}${nested}`;
}
