/** The time axis below a chart, with event marks. */

import { fitLine } from '../text/cells.ts';
import type { Line } from '../text/line.ts';
import { formatTick, timeTicks } from './axis.ts';
import { Canvas } from './canvas.ts';
import { type Chart, type ChartMark, timeColumn } from './chart-spec.ts';

/** The time axis with labels, and the marks if they have no row of their own. */
export function timeLine(
  chart: Chart,
  margin: number,
  plotWidth: number,
  marks: readonly ChartMark[],
  width: number,
): Line {
  const axis = new Canvas({ width: plotWidth, height: 1 }, chart.unicode);
  // Frequent events such as exec yield to labels; severe events do not.
  drawMarks(
    axis,
    chart,
    marks.filter(({ role }) => role === 'bad' || role === 'warning'),
  );
  const count = Math.floor(plotWidth / 12);
  for (const ms of timeTicks(chart.fromMs, chart.toMs, count)) {
    const column = timeColumn(ms, chart, plotWidth);
    const label = formatTick(ms);
    if (axis.isFree(column, 0, 1)) axis.write(column, 0, chart.unicode ? '┴' : '+', 'border');
    if (axis.isFree(column + 1, 0, label.length)) axis.write(column + 1, 0, label, 'dim');
  }
  drawMarks(
    axis,
    chart,
    marks.filter(({ role }) => role !== 'bad' && role !== 'warning'),
  );
  for (let column = 0; column < plotWidth; column += 1)
    if (axis.isFree(column, 0, 1)) axis.write(column, 0, chart.unicode ? '─' : '-', 'border');
  return fitLine(
    [{ text: ' '.repeat(margin) }, { text: chart.unicode ? '└' : '+', style: 'border' }, ...axis.line(0)],
    width,
  );
}

/**
 * The position of each mark: next to its column if that is occupied, or none if both are.
 */
function drawMarks(
  canvas: Canvas,
  chart: Chart,
  marks: readonly ChartMark[],
): Map<string, ChartMark & { column: number }> {
  const last = new Map<string, ChartMark & { column: number }>();
  const taken = new Map<number, string>();
  for (const mark of marks) {
    const own = timeColumn(mark.elapsedMs, chart, canvas.size.width);
    const column = [own, own + 1, own - 1].find(
      (at) => taken.get(at) === mark.letter || canvas.isFree(at, 0, 1),
    );
    if (column === undefined) continue;
    taken.set(column, mark.letter);
    canvas.write(column, 0, mark.letter, mark.role);
    last.set(mark.letter, { ...mark, column });
  }
  return last;
}

/** The row of marks, with a legend where there is space. */
export function markLine(chart: Chart, margin: number, plotWidth: number, width: number): Line {
  const row = new Canvas({ width: plotWidth, height: 1 }, chart.unicode);
  const entries: string[] = [];
  for (const { letter, name, column } of drawMarks(row, chart, chart.marks).values()) {
    // Next to the last mark of its kind; the others where there is space.
    if (row.isFree(column + 1, 0, name.length + 2)) row.write(column + 2, 0, name, 'dim');
    else entries.push(`${letter} ${name}`);
  }
  for (let count = entries.length; count > 0; count -= 1) {
    const text = `[${entries.slice(0, count).join(', ')}]`;
    const place = freePlace(row, text.length + 2);
    if (place === undefined) continue;
    row.write(place + 1, 0, text, 'dim');
    break;
  }
  return fitLine([{ text: ' '.repeat(margin + 1) }, ...row.line(0)], width);
}

/** The rightmost position with `length` free cells; undefined if there is none. */
function freePlace(row: Canvas, width: number): number | undefined {
  for (let column = row.size.width - width; column >= 0; column -= 1)
    if (row.isFree(column, 0, width)) return column;
  return undefined;
}
