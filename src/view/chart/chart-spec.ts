/** The contents of a chart. */
import type { SeriesColumn } from '../../model/series.ts';
import type { Role } from '../text/line.ts';

/** A figure in columns of equal duration; undefined if it was not measured. */
export type ChartColumns = readonly (SeriesColumn | undefined)[];

/** One figure; identified by its letter as well as by its colour. */
export interface ChartLine {
  name: string;
  letter: string;
  role: Role;
  /** The figure in `count` columns of equal duration. */
  columns: (count: number) => ChartColumns;
}

/** An event, shown as a letter below the axis. */
export interface ChartMark {
  elapsedMs: number;
  letter: string;
  name: string;
  role: Role;
}

/** The contents of a chart. */
export interface Chart {
  /** Most important first, which is drawn on top. */
  lines: readonly ChartLine[];
  fromMs: number;
  toMs: number;
  /** The maximum in the range, with its label. */
  peak: { elapsedMs: number; value: number; label: string } | undefined;
  /** Values drawn as horizontal lines, unless they are far above the rest. */
  limits: readonly { value: number; label: string }[];
  /** Most important first: it is the visible one if several are in the same column. */
  marks: readonly ChartMark[];
  /** A value beside the axis. */
  formatValue: (value: number) => string;
  unicode: boolean;
}

/** The column of a time in a plot of `width` columns. */
export function timeColumn(
  ms: number,
  { fromMs, toMs }: Pick<Chart, 'fromMs' | 'toMs'>,
  width: number,
): number {
  const span = toMs - fromMs;
  return span <= 0 ? 0 : Math.min(width - 1, Math.max(0, Math.floor(((ms - fromMs) / span) * width)));
}
