/** Common parts of the lists of maps and processes. */

import { isAscending, listParts, listWindow, selectedIndex } from '../state/lists.ts';
import type { TableId, View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import { type Column, renderColumns } from '../text/columns.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { fillUp } from './pieces.ts';

/** One list and its rows. */
export interface List<Row> {
  id: TableId;
  columns: readonly Column<Row>[];
  /** The rows that match the filter, in display order. */
  rows: readonly Row[];
  idOf: (row: Row) => number;
  /** Shown if no row matches the filter: `No map matches`. */
  noMatch: string;
  /** The totals of the rows. */
  totals: readonly Span[];
}

/**
 * Titles, the rows around the selected one, and the totals with filter and sort order.
 */
export function renderList<Row>(view: View, size: Size, list: List<Row>): Line[] {
  const { unicode, ui } = view;
  const { filter, sort, selected, top } = ui[list.id];
  const { width } = size;
  const parts = listParts(size.height, filter);
  const at = selectedIndex(list.rows, list.idOf, selected);
  const { from, to } = listWindow(list.rows.length, at, parts.rows, top);
  const table = renderColumns(list.columns, list.rows.slice(from, to), {
    width,
    unicode,
    sort,
    isAscending: isAscending(ui[list.id]),
    selected: at - from,
    isFocused: ui.focus === list.id,
  });
  const noMatch: Span = { text: `  ${list.noMatch} ${shownText(filter, unicode)}`, style: 'dim' };
  const rows = list.rows.length === 0 ? [fitLine([noMatch], width)] : table.rows;
  const footer = [...list.totals, ...filterAndSort(view, list.id, table.showsSort)];
  return [
    ...(parts.header > 0 ? [table.header] : []),
    ...fillUp(rows, { width, height: parts.rows }),
    ...(parts.footer > 0 ? [fitLine(footer, width)] : []),
  ];
}

/** The sort order is shown as text if its column is not visible. */
function filterAndSort({ ui, unicode }: View, list: TableId, showsSort: boolean): Span[] {
  const { filter, sort, reverse } = ui[list];
  const spans: Span[] = [];
  if (filter !== '')
    spans.push({ text: '  filter: ', style: 'dim' }, { text: shownText(filter, unicode), style: 'key' });
  if (!showsSort) spans.push({ text: `  by ${sort}${reverse ? ', reversed' : ''}`, style: 'dim' });
  return spans;
}
