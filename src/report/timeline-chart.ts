/** Renders the timeline of a verdict as a small chart of block characters. */
import { unitOf } from '../budget/expression/metric-catalogue.ts';
import { formatDuration } from '../format/units.ts';
import type { Timeline } from '../model/verdict.ts';
import { oneLine } from './outside-text.ts';
import { formatQuantity } from './wording.ts';

const COLUMNS = 60;
const ROWS = 4;
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
 * The chart as lines: the maximum of each step, scaled from 0 to the overall maximum. Empty without values.
 */
export function renderTimeline({ figure, fromMs, toMs, max }: Timeline): string[] {
  const columns = squeeze(max);
  const known = columns.filter((value) => value !== null);
  if (known.length === 0) return [];
  const highest = Math.max(...known);
  const top = formatQuantity(highest, unitOf(figure));
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const label = index === 0 ? top : index === ROWS - 1 ? '0' : '';
    const cells = columns.map((value) => cellOf(value, highest, ROWS - 1 - index));
    return `${label.padStart(top.length)} ┤${cells.join('')}`.trimEnd();
  });
  const until = formatDuration(toMs);
  const from = formatDuration(fromMs).padEnd(Math.max(0, columns.length - until.length));
  return [`${oneLine(figure)}, highest ${top}`, ...rows, `${' '.repeat(top.length + 2)}${from}${until}`];
}

/** Reduces the values to at most `COLUMNS`, each the maximum of its part. */
function squeeze(values: readonly (number | null)[]): (number | null)[] {
  const width = Math.min(COLUMNS, values.length);
  return Array.from({ length: width }, (_, column) => {
    const part = values.slice(
      Math.floor((column * values.length) / width),
      Math.floor(((column + 1) * values.length) / width),
    );
    const known = part.filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}

/** One character of a column; row 0 is at the bottom. Values above 0 are always visible. */
function cellOf(value: number | null, highest: number, row: number): string {
  if (value === null) return row === 0 ? '?' : ' ';
  const share = highest > 0 ? value / highest : 0;
  const eighths = Math.round(share * ROWS * 8) - row * 8;
  const least = row === 0 && value > 0 ? 1 : 0;
  return EIGHTHS[Math.min(8, Math.max(least, eighths))] ?? ' ';
}
