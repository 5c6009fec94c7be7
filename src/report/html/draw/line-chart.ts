/** A line chart as SVG, for pages without scripts and for print. */
import { formatBytes, formatDuration } from '../../../format/units.ts';
import type { PageEvent } from '../data/page-model.ts';
import { STROKES } from './chart-colors.ts';
import { escapeName, escapeText } from './markup.ts';
import { ticksUpTo } from './ticks.ts';

/** One line; null leaves a gap. */
export interface ChartLine {
  label: string;
  seconds: ArrayLike<number>;
  values: readonly (number | null)[];
  /** Ascending indexes of values where the line is interrupted; others of a column or less are bridged. */
  gaps?: readonly number[];
  /** Index of its colour. */
  color: number;
}

/** What is drawn besides lines. */
export interface ChartMarks {
  /** Horizontal lines. */
  limits?: readonly { label: string; bytes: number }[];
  events?: readonly PageEvent[];
  peak?: { bytes: number; elapsedMs: number } | undefined;
}

/** The size of a chart and how its values are printed. */
export interface ChartFormat {
  title: string;
  height?: number;
  format?: (value: number) => string;
}

const WIDTH = 960;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;
/** Columns of the drawing; each has the extremes of its points. */
const COLUMNS = 400;
const MAX_EVENT_LINES = 100;

/** The chart as SVG. Colours are attributes: they remain where styles are forbidden. */
export function lineChart(lines: readonly ChartLine[], marks: ChartMarks, format: ChartFormat): string {
  const { title, height = HEIGHT, format: print = formatBytes } = format;
  const { limits = [], events = [], peak } = marks;
  let [endS, top] = [1e-3, print === formatBytes ? 1 : 1e-3];
  for (const { seconds, values } of lines) {
    endS = Math.max(endS, seconds[seconds.length - 1] ?? 0);
    for (const value of values) if (value !== null && value > top) top = value;
  }
  if (peak !== undefined) top = Math.max(top, peak.bytes);
  // A limit far above the lines would flatten them.
  const near = limits.filter(({ bytes }) => bytes <= top * 2.5);
  for (const { bytes } of near) top = Math.max(top, bytes);
  top *= 1.05;
  const x = (s: number) => LEFT + (s / endS) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - value / top) * (height - TOP - BOTTOM);
  const grid = ticksUpTo(top, 5, print === formatBytes).map((value) => {
    const at = y(value).toFixed(0);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ccc" stroke-width="1"/><text class="axis" x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end" fill="#555">${escapeText(print(value))}</text>`;
  });
  const times = Array.from({ length: 7 }, (_, index) => (endS * index) / 6).map(
    (s, index) =>
      `<text class="axis" x="${x(s).toFixed(0)}" y="${height - 8}" text-anchor="${index === 0 ? 'start' : index === 6 ? 'end' : 'middle'}" fill="#555">${formatDuration(s * 1000)}</text>`,
  );
  const drawn = lines.map((line) => {
    const color = line.color % STROKES.length;
    return `<path class="line s${color}" d="${pathOf(line, x, y)}" fill="none" stroke="${STROKES[color]?.light ?? '#000'}" stroke-width="1.5"><title>${escapeName(line.label)}</title></path>`;
  });
  const bars = near.map(({ label, bytes }) => {
    const at = y(bytes).toFixed(0);
    return `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#c23636" stroke-dasharray="6 4"/><text class="limit" x="${LEFT + 4}" y="${Number(at) - 4}" fill="#b02a2a">${escapeName(label)}</text>`;
  });
  const ticks = events.slice(0, MAX_EVENT_LINES).map(({ ms, event, text }) => {
    const at = x(Math.min(endS, ms / 1000)).toFixed(0);
    return `<line class="event" x1="${at}" x2="${at}" y1="${TOP}" y2="${height - BOTTOM}" stroke="#777" stroke-dasharray="2 3"><title>${formatDuration(ms)}: ${escapeName(`${event} ${text}`)}</title></line>`;
  });
  const mark =
    peak === undefined
      ? ''
      : `<circle class="peak" cx="${x(peak.elapsedMs / 1000).toFixed(1)}" cy="${y(peak.bytes).toFixed(1)}" r="4" fill="#c23636"/><text class="peak" x="${Math.min(WIDTH - 120, x(peak.elapsedMs / 1000) + 7).toFixed(0)}" y="${(y(peak.bytes) + 4).toFixed(0)}" fill="#b02a2a">peak ${formatBytes(peak.bytes)}</text>`;
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeName(`${title}; the table below has the figures`)}" font-family="sans-serif" font-size="12">${grid.join('')}${times.join('')}${ticks.join('')}${bars.join('')}${drawn.join('')}${mark}</svg>`;
}

/** Extremes of each column, in the order of their times. */
function pathOf(
  { seconds, values, gaps = [] }: ChartLine,
  x: (s: number) => number,
  y: (value: number) => number,
): string {
  const points: string[] = [];
  const stride = Math.max(1, Math.ceil(values.length / (2 * COLUMNS)) * 2);
  let isOpen = false;
  const push = (index: number) => {
    points.push(
      `${isOpen ? 'L' : 'M'}${x(seconds[index] as number).toFixed(1)} ${y(values[index] as number).toFixed(1)}`,
    );
    isOpen = true;
  };
  const ends = [...gaps, values.length];
  let nextGap = 0;
  let end = 0;
  for (let start = 0; start < values.length; start = end) {
    if (start === ends[nextGap]) {
      nextGap += 1;
      isOpen = false;
    }
    end = Math.min(ends[nextGap] ?? values.length, start + stride);
    let [low, high] = [-1, -1];
    for (let index = start; index < end; index += 1) {
      const value = values[index];
      if (value === null || value === undefined) continue;
      if (low < 0 || value < (values[low] as number)) low = index;
      if (high < 0 || value > (values[high] as number)) high = index;
    }
    if (low < 0) isOpen = false;
    else if (low === high) push(low);
    else {
      push(Math.min(low, high));
      push(Math.max(low, high));
    }
  }
  return points.join('');
}
