/** What a chart shows. */
import type { SeriesColumn } from '../../model/series.ts';
import type { Role } from '../text/line.ts';

/** A figure in columns of equal time; undefined where it was not measured. */
export type ChartColumns = readonly (SeriesColumn | undefined)[];

/** One figure; identified by its letter as well as by its colour. */
export interface ChartLine {
  name: string;
  letter: string;
  role: Role;
  /** The figure in `count` columns of equal time.  */
  columns: (count: number) => ChartColumns;
}

/** Something that happened, shown as a letter below the axis. */
export interface ChartMark {
  elapsedMs: number;
  letter: string;
  name: string;
  role: Role;
}

/** What a chart shows. */
export interface Chart {
  /** The most important first: it is drawn on top. */
  lines: readonly ChartLine[];
  fromMs: number;
  toMs: number;
  /** The highest value in the span and what is written beside it. */
  peak: { elapsedMs: number; value: number; label: string } | undefined;
  /** Values that are drawn across, where they are not far above the rest. */
  limits: readonly { value: number; label: string }[];
  /** The most important first: it is the one to be seen where several fall on one column. */
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
