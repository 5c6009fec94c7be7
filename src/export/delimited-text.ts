/** Rows of comma- or tab-separated values. Source: RFC 4180; the media type text/tab-separated-values. */
import { safeText } from '../format/safe-text.ts';

/** How cells are separated. */
export type Separator = ',' | '\t';

/** A cell: undefined for what is absent. Text is from outside; numbers are our own. */
export type Cell = string | number | boolean | undefined;

/** A number that is already formatted, or other text of our own that needs no protection. */
export class Plain {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a spreadsheet would take for a formula. Source: OWASP, "CSV Injection". */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A row without its newline. */
export function formatRow(cells: readonly (Cell | Plain)[], separator: Separator): string {
  return cells.map((cell) => formatCell(cell, separator)).join(separator);
}

function formatCell(cell: Cell | Plain, separator: Separator): string {
  if (cell === undefined) return '';
  if (cell instanceof Plain) return cell.text;
  if (typeof cell !== 'string') return String(cell);
  const text = safeText(FORMULA.test(cell) ? `'${cell}` : cell);
  // `safeText` leaves no tab and no newline.
  return text.includes('"') || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The name of a column, which ends with its unit, and its cell in a row. */
export type Column<T> = readonly [name: string, cell: (row: T) => Cell | Plain];

/** A document: the names of the columns, then a row for each item. */
export function* formatTable<T>(
  columns: readonly Column<T>[],
  rows: Iterable<T>,
  separator: Separator,
): Generator<string> {
  yield formatRow(
    columns.map(([name]) => name),
    separator,
  );
  for (const row of rows)
    yield formatRow(
      columns.map(([, cell]) => cell(row)),
      separator,
    );
}
