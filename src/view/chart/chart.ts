/** Draws a time series chart: braille or ASCII lines, axes, a peak mark and event marks. */

import { fitLine, fitRight, widthOf } from '../text/cells.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { type Axis, sizeAxis } from './axis.ts';
import { Canvas } from './canvas.ts';
import { type Chart, type ChartColumns, type ChartLine, timeColumn } from './chart-spec.ts';
import { markLine, timeLine } from './chart-time.ts';

/** Minimum width for line names at the ends of lines; below it, only letters are shown. */
const ROOM_FOR_NAMES = 50;

/** Minimum height for a separate row of marks below the axis. */
const ROOM_FOR_MARKS = 5;

/** Minimum height for limit lines. */
const ROOM_FOR_LIMITS = 7;

/** A limit is shown if it is at most this multiple of the maximum. */
const NEAR = 1.7;

/** Negative values below this share of the maximum are drawn as 0. */
const NEGLIGIBLE = 0.05;

/** Draws a chart with exactly `size.height` lines of `size.width` columns. */
export function renderChart(chart: Chart, size: Size): Line[] {
  const { width, height } = size;
  if (height <= 0) return [];
  const hasMarks = chart.marks.length > 0 && height >= ROOM_FOR_MARKS;
  const rows = Math.max(1, height - 1 - (hasMarks ? 1 : 0));
  const gutter = gutterWidth(chart, width);
  // Twice the resolution of the terminal, regardless of the width of labels, which depend on the values.
  const columns = chart.lines.map((line) => line.columns(Math.max(1, width) * (chart.unicode ? 2 : 1)));
  const axis = valueAxis(chart, columns, rows);
  const labels = axisLabels(axis, rows, chart.formatValue);
  const margin = Math.max(...labels.map((label) => widthOf(label ?? '')), 0);
  const plotWidth = width - margin - 1 - gutter;
  if (plotWidth < 4) return Array.from({ length: height }, () => fitLine([], width));
  const canvas = new Canvas({ width: plotWidth, height: rows }, chart.unicode);
  const drawn = chart.lines.map((line, owner) => ({ line, owner, columns: line.columns(canvas.across) }));
  drawLines(canvas, drawn, axis);
  drawPeak(canvas, chart, axis);
  if (rows >= ROOM_FOR_LIMITS) drawLimits(canvas, chart, axis);
  const ends = lineEnds(drawn, axis, canvas, gutter);
  const rule = chart.unicode ? '┤' : '+';
  const lines: Line[] = [];
  for (let row = 0; row < rows; row += 1) {
    const label = labels[row];
    const edge = label === undefined ? (chart.unicode ? '│' : '|') : rule;
    const left = { text: fitRight(label ?? '', margin, chart.unicode), style: 'dim' as const };
    lines.push(
      fitLine([left, { text: edge, style: 'border' }, ...canvas.line(row), ...(ends[row] ?? [])], width),
    );
  }
  if (height > 1) lines.push(timeLine(chart, margin, plotWidth, hasMarks ? [] : chart.marks, width));
  if (hasMarks) lines.push(markLine(chart, margin, plotWidth, width));
  return lines;
}

function gutterWidth({ lines }: Chart, width: number): number {
  if (width < 24) return 0;
  return width < ROOM_FOR_NAMES
    ? 1 + lines.length
    : 1 + Math.max(0, ...lines.map(({ name }) => widthOf(name)));
}

function valueAxis(chart: Chart, columns: readonly ChartColumns[], rows: number): Axis {
  let low = 0;
  let high = chart.peak?.value ?? 0;
  for (const line of columns) {
    for (const column of line) {
      if (column === undefined) continue;
      if (column.min < low) low = column.min;
      if (column.max > high) high = column.max;
    }
  }
  // A small negative value does not justify using a part of the height.
  if (-low < high * NEGLIGIBLE) low = 0;
  const limits = rows >= ROOM_FOR_LIMITS ? chart.limits : [];
  const near = limits.filter(({ value }) => value > high && value <= high * NEAR);
  return sizeAxis(low, Math.max(high, ...near.map(({ value }) => value)), Math.max(2, Math.floor(rows / 2)));
}

/** The label of each row. */
function axisLabels(axis: Axis, rows: number, format: (value: number) => string): (string | undefined)[] {
  const labels = new Array<string | undefined>(rows).fill(undefined);
  const count = Math.round((axis.to - axis.from) / axis.step);
  const all = Array.from({ length: count + 1 }, (_, index) => index);
  // If two labels are on the same row, the more important one is shown: the ends, then 0.
  for (const index of [count, 0, Math.round(-axis.from / axis.step), ...all]) {
    const row = Math.round((1 - index / count) * (rows - 1));
    labels[row] ??= format(axis.from + index * axis.step);
  }
  return labels;
}

function dotOf(value: number, axis: Axis, down: number): number {
  const share = (value - axis.from) / (axis.to - axis.from);
  return Math.min(down - 1, Math.max(0, Math.round((1 - share) * (down - 1))));
}

function drawLimits(canvas: Canvas, chart: Chart, axis: Axis): void {
  for (const { value, label } of chart.limits) {
    if (value > axis.to || value < axis.from) continue;
    const row = rowOf(dotOf(value, axis, canvas.down), canvas);
    const shown = ` ${label} `;
    const free = cellsOf(canvas).find((column) => canvas.isFree(column, row, shown.length));
    if (free !== undefined) canvas.write(free, row, shown, 'warning');
    for (const column of cellsOf(canvas))
      if (canvas.isFree(column, row, 1)) canvas.write(column, row, chart.unicode ? '┄' : '-', 'dim');
  }
}

/** The columns of a canvas from the second one on, then the first: labels should not be at the edge. */
function cellsOf({ size }: Canvas): number[] {
  return [...Array.from({ length: size.width - 1 }, (_, index) => index + 1), 0];
}

/** A line at the resolution of the canvas, with the index of its dots. */
interface DrawnLine {
  line: ChartLine;
  owner: number;
  columns: ChartColumns;
}

function drawLines(canvas: Canvas, drawn: readonly DrawnLine[], axis: Axis): void {
  for (const each of drawn.toReversed()) drawLine(canvas, each, axis);
}

function drawLine(canvas: Canvas, { line: { letter, role }, owner, columns }: DrawnLine, axis: Axis): void {
  let before: number | undefined;
  for (const [x, column] of columns.entries()) {
    if (column === undefined) {
      before = undefined;
      continue;
    }
    let top = dotOf(column.max, axis, canvas.down);
    let bottom = dotOf(column.min, axis, canvas.down);
    // A step is drawn as a vertical line.
    if (before !== undefined && before < top) top = before + 1;
    if (before !== undefined && before > bottom) bottom = before - 1;
    for (let y = top; y <= bottom; y += 1) canvas.dot(x, y, letter, role, owner);
    before = dotOf(column.last, axis, canvas.down);
  }
}

function rowOf(dot: number, canvas: Canvas): number {
  return Math.floor((dot * canvas.size.height) / canvas.down);
}

function drawPeak(canvas: Canvas, chart: Chart, axis: Axis): void {
  const { peak, unicode } = chart;
  if (peak === undefined) return;
  const { width, height } = canvas.size;
  const column = timeColumn(peak.elapsedMs, chart, width);
  const row = rowOf(dotOf(peak.value, axis, canvas.down), canvas);
  canvas.write(column, row, unicode ? '◆' : '*', 'strong');
  const label = ` ${peak.label} `;
  const length = widthOf(label);
  // Next to the peak if that is free, otherwise where it hides least.
  const places = [row, row - 1, row + 1].flatMap((at) =>
    [column + 1, column + 2, column - length].map((left) => ({ at, left })),
  );
  const fitting = places.filter(
    ({ at, left }) => at >= 0 && at < height && left >= 0 && left + length <= width,
  );
  const place = fitting.find(({ at, left }) => canvas.isFree(left, at, length)) ?? fitting[0];
  if (place !== undefined) canvas.write(place.left, place.at, label, 'strong');
}

/** The labels at the ends of lines: the name if the row has no other label, otherwise letters. */
function lineEnds(drawn: readonly DrawnLine[], axis: Axis, canvas: Canvas, width: number): Line[] {
  if (width === 0) return [];
  const byRow: ChartLine[][] = Array.from({ length: canvas.size.height }, () => []);
  for (const { line, columns } of drawn) {
    const last = columns.findLast((column) => column !== undefined);
    if (last !== undefined) byRow[rowOf(dotOf(last.last, axis, canvas.down), canvas)]?.push(line);
  }
  return byRow.map((lines) => {
    const [only] = lines;
    const isAlone = lines.length === 1 && only !== undefined && widthOf(only.name) < width;
    const spans: Span[] = isAlone
      ? [{ text: only.name, style: only.role }]
      : lines.map(({ letter, role }) => ({ text: letter, style: role }));
    const gaps = isAlone || width <= lines.length * 2 ? '' : ' ';
    return fitLine([{ text: ' ' }, ...spans.flatMap((span) => [span, { text: gaps }])], width);
  });
}
