/**
 * Lays out rows in columns: less important columns are left out if there is no space, titles mark the sort
 * column.
 */
import { fitLine, fitRight, fitText, widthOf } from './cells.ts';
import type { Line, Role, Span } from './line.ts';

/** One column of a list. */
export interface Column<Row> {
  title: string;
  /** Name of the sort order by this column; absent if it is not sortable. */
  sort?: string;
  align: 'left' | 'right';
  /**
   * Minimum width. Right-aligned columns contain figures and are never truncated. Unit: columns of the
   * terminal.
   */
  least: number;
  /** Maximum width. Unit: columns of the terminal. */
  most: number;
  /** Columns that do not fit are left out by rank, highest first. */
  rank: number;
  cell: (row: Row) => Span;
}

/** How to draw the rows. */
export interface TableStyle {
  width: number;
  unicode: boolean;
  sort: string;
  isAscending: boolean;
  /** Index of the selected row; undefined for none. */
  selected: number | undefined;
  isFocused: boolean;
}

/** Titles and rows, each with exactly the given width. */
export interface Table {
  header: Line;
  rows: Line[];
  /** Whether the sort column is visible. */
  showsSort: boolean;
}

/** Width of the mark before the selected row. */
const MARK = 2;

/** Draws rows with as many columns as fit. */
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

/** The width of each column; undefined for those that do not fit. */
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
