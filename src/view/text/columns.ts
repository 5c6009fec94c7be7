/** Rows in columns that fit: the less important ones are left out, titles mark the sort column. */
import { fitLine, fitRight, fitText, widthOf } from './cells.ts';
import type { Line, Role, Span } from './line.ts';

/** One column of a list. */
export interface Column<Row> {
  title: string;
  /** What it is called when the rows are sorted by it; absent where they can't be. */
  sort?: string;
  align: 'left' | 'right';
  /**
   * No narrower than this. What is aligned right is a figure and never cut. Unit: columns of the terminal.
   */
  least: number;
  /** No wider than this. Unit: columns of the terminal. */
  most: number;
  /** Columns without room are left out by this rank, the highest first. */
  rank: number;
  cell: (row: Row) => Span;
}

/** How the rows are drawn. */
export interface TableStyle {
  width: number;
  unicode: boolean;
  sort: string;
  isAscending: boolean;
  /** Which of the rows is selected; undefined for none. */
  selected: number | undefined;
  isFocused: boolean;
}

/** Titles and rows, each of exactly the width. */
export interface Table {
  header: Line;
  rows: Line[];
  /** Whether the column is there by which the rows are sorted. */
  showsSort: boolean;
}

/** The width of the mark before the selected row. */
const MARK = 2;

/** Draws rows in as many of the columns as fit. */
export function renderColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: TableStyle,
): Table {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const titles = columns.map((column) => titleOf(column, style));
  const natural = columns.map((column, at) => {
    const wide = Math.max(widthOf(titles[at] ?? ''), ...cells.map((row) => widthOf(row[at]?.text ?? '')));
    return Math.max(column.least, Math.min(column.most, wide));
  });
  const needed = natural.reduce((sum, width) => sum + width + 2, MARK - 2);
  const gap = needed <= style.width ? 2 : 1;
  const widths = shareOut(columns, natural, style.width - MARK, gap);
  const aligned = (text: string, at: number) => {
    const width = widths[at] ?? 0;
    return columns[at]?.align === 'right'
      ? fitRight(text, width, style.unicode)
      : fitText(text, width, style.unicode);
  };
  const line = (mark: Span, spans: readonly Span[], all?: Role): Line => {
    const shown: Span[] = [mark];
    for (const [at, span] of spans.entries()) {
      if (widths[at] === undefined) continue;
      if (shown.length > 1) shown.push({ text: ' '.repeat(gap) });
      shown.push({ ...span, text: aligned(span.text, at) });
    }
    return fitLine(
      all === undefined ? shown : shown.map(({ text }) => ({ text, style: all })),
      style.width,
      all,
    );
  };
  return {
    header: line(
      { text: ' '.repeat(MARK) },
      titles.map((text, at) => titleSpan(text, columns[at], style)),
    ),
    rows: cells.map((row, at) => {
      const isSelected = at === style.selected;
      const mark = { text: isSelected ? (style.unicode ? '▶ ' : '> ') : '  ', style: 'strong' as const };
      return line(mark, row, isSelected && style.isFocused ? 'selected' : undefined);
    }),
    showsSort: columns.some(({ sort }, at) => sort === style.sort && widths[at] !== undefined),
  };
}

function titleOf<Row>({ title, sort }: Column<Row>, style: TableStyle): string {
  if (sort !== style.sort) return title;
  return `${title}${style.unicode ? (style.isAscending ? '▲' : '▼') : style.isAscending ? '^' : 'v'}`;
}

function titleSpan<Row>(text: string, column: Column<Row> | undefined, style: TableStyle): Span {
  return { text, style: column?.sort === style.sort ? 'strong' : 'dim' };
}

/** The width of each column; undefined for those that there is no room for. */
function shareOut<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
  gap: number,
): (number | undefined)[] {
  const byRank = columns.map((_, at) => at).sort((a, b) => (columns[a]?.rank ?? 0) - (columns[b]?.rank ?? 0));
  const widths: (number | undefined)[] = columns.map(() => undefined);
  let left = width + gap;
  for (const at of byRank) {
    const column = columns[at];
    if (column === undefined) continue;
    const needed = column.align === 'right' ? (natural[at] ?? 0) : Math.min(column.least, natural[at] ?? 0);
    if (needed + gap > left) break;
    widths[at] = needed;
    left -= needed + gap;
  }
  for (const at of byRank) {
    const now = widths[at];
    if (now === undefined) continue;
    const more = Math.min(left, (natural[at] ?? 0) - now);
    widths[at] = now + more;
    left -= more;
  }
  return widths;
}
