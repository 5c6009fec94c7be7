/** The timeline: the memory of the leaf over time, with its peak, limits and events. */
import type { EventRecord } from '../../model/recording.ts';
import type { SeriesColumn } from '../../model/series.ts';
import { renderChart } from '../chart/chart.ts';
import type { Chart, ChartLine, ChartMark } from '../chart/chart-spec.ts';
import type { View } from '../state/view.ts';
import { fitLine, widthOfLine } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { formatFigure, formatSize, isRelative, relativeTo } from './figure-text.ts';
import { fillUp } from './pieces.ts';

interface Channel {
  id: string;
  name: string;
  letter: string;
  role: Role;
  /** Drawn even if it was 0 all the time. */
  isTotal?: true;
}

/**
 * The channels of the series, most important first. Letters are initials, so the legend need not list them.
 */
const CHANNELS: readonly Channel[] = [
  { id: 'current', name: 'current', letter: 'c', role: 'current', isTotal: true },
  { id: 'rss', name: 'rss', letter: 'r', role: 'current', isTotal: true },
  { id: 'pss', name: 'pss', letter: 'p', role: 'anon' },
  { id: 'anon', name: 'anon', letter: 'a', role: 'anon' },
  { id: 'file', name: 'file', letter: 'f', role: 'file' },
  { id: 'kernel', name: 'kernel', letter: 'k', role: 'kernel' },
  { id: 'bpf', name: 'BPF', letter: 'b', role: 'bpf-maps' },
];

/**
 * Marked events, most important first. Others, such as `low`, are not caused by the target.
 */
const MARKS: readonly { events: readonly string[]; letter: string; name: string; role: Role }[] = [
  { events: ['oom_kill', 'oom_group_kill', 'oom'], letter: 'O', name: 'OOM kill', role: 'bad' },
  { events: ['budget_exceeded'], letter: 'B', name: 'budget exceeded', role: 'bad' },
  { events: ['max', 'failcnt'], letter: 'm', name: 'limit hit', role: 'warning' },
  { events: ['high'], letter: 'h', name: 'high', role: 'warning' },
  { events: ['exec'], letter: 'x', name: 'exec', role: 'key' },
  { events: ['warning'], letter: '!', name: 'warning', role: 'warning' },
];

/** The minimum height with a legend. */
const ROOM_FOR_LEGEND = 6;

/** Draws the timeline: exactly `size.height` lines of `size.width` columns. */
export function renderTimeline(view: View, size: Size): Line[] {
  const { width, height } = size;
  if (height <= 0) return [];
  const { range } = view.data.series;
  if (range === undefined) return fillUp([waiting(width)], size);
  const channels = CHANNELS.filter(
    ({ id, isTotal }) => (view.data.series.peak(id)?.value ?? -1) >= (isTotal === true ? 0 : 1),
  );
  const chart = chartOf(view, channels, spanOf(view, range));
  if (height === 1) return [legendLine(view, channels, width)];
  const room = chart.marks.length > 0 ? ROOM_FOR_LEGEND : ROOM_FOR_LEGEND - 1;
  if (height < room) return renderChart(chart, size);
  return [legendLine(view, channels, width), ...renderChart(chart, { width, height: height - 1 })];
}

function waiting(width: number): Line {
  return fitLine([{ text: '  waiting for the first sample', style: 'dim' }], width);
}

function spanOf({ ui }: View, range: { fromMs: number; toMs: number }): { fromMs: number; toMs: number } {
  const fromMs = ui.windowMs === undefined ? 0 : Math.max(0, range.toMs - ui.windowMs);
  return { fromMs: Math.min(fromMs, range.fromMs === range.toMs ? range.fromMs : fromMs), toMs: range.toMs };
}

function chartOf(
  view: View,
  channels: readonly Channel[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Chart {
  const lines = channels.flatMap((channel): ChartLine[] => {
    const offset = isRelative(view) ? view.base?.get(channel.id) : 0;
    // Without a base value, a difference cannot be drawn.
    if (offset === undefined) return [];
    const columns = (count: number) =>
      view.data.series.columns(channel.id, fromMs, toMs, count).map((column) => shifted(column, offset));
    return [{ name: channel.name, letter: channel.letter, role: channel.role, columns }];
  });
  return {
    lines,
    fromMs,
    toMs,
    peak: peakOf(view, fromMs),
    limits: limitsOf(view),
    marks: [...marksOf(view.data.events, fromMs, toMs), ...explainMarks(view.data.explainedMs, fromMs, toMs)],
    formatValue: (value) => (value === 0 ? '0' : formatSize(value, view.ui.units)),
    unicode: view.unicode,
  };
}

function shifted(column: SeriesColumn | undefined, offset: number): SeriesColumn | undefined {
  if (column === undefined || offset === 0) return column;
  return { min: column.min - offset, max: column.max - offset, last: column.last - offset };
}

/** The kernel's own high-water mark if available: it includes peaks between samples. */
function peakOf(view: View, fromMs: number): Chart['peak'] {
  const id = view.data.tracks.has('current') ? 'current' : 'rss';
  const track = view.data.tracks.get(id);
  const value = relativeTo(view, id, track?.peak);
  if (track === undefined || value === undefined || track.peakMs < fromMs) return undefined;
  return { elapsedMs: track.peakMs, value, label: `peak ${formatFigure(view, id, track.peak)}` };
}

function limitsOf(view: View): Chart['limits'] {
  if (isRelative(view)) return [];
  const limits = view.data.latest?.limits;
  return (['high', 'max'] as const).flatMap((id) => {
    const value = limits?.[id];
    return typeof value === 'number'
      ? [{ value, label: `memory.${id} ${formatSize(value, view.ui.units)}` }]
      : [];
  });
}

function marksOf(events: readonly EventRecord[], fromMs: number, toMs: number): ChartMark[] {
  return MARKS.flatMap(({ events: names, letter, name, role }) =>
    events
      .filter(({ event, elapsedMs }) => names.includes(event) && elapsedMs >= fromMs && elapsedMs <= toMs)
      .map(({ elapsedMs }) => ({ elapsedMs, letter, name, role })),
  );
}

/** What `e` shows in a replay; the memory at the end is read after the last sample. */
function explainMarks(times: readonly number[], fromMs: number, toMs: number): ChartMark[] {
  return times
    .filter((elapsedMs) => elapsedMs >= fromMs)
    .map((elapsedMs) => ({
      elapsedMs: Math.min(elapsedMs, toMs),
      letter: 'e',
      name: 'explained',
      role: 'key',
    }));
}

/** The names of the lines, with current figures. */
function legendLine(view: View, channels: readonly Channel[], width: number): Line {
  const spans: Span[] = [];
  for (const { id, name, role } of channels) {
    const next: Span[] = [
      { text: spans.length === 0 ? ' ' : '  ' },
      { text: name, style: role },
      { text: ' ' },
      { text: formatFigure(view, id, view.data.tracks.get(id)?.now), style: 'strong' },
    ];
    if (widthOfLine([...spans, ...next]) > width) break;
    spans.push(...next);
  }
  return fitLine(spans, width);
}
