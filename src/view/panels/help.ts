/** The help page. */

import { KEY_PLACES, KEY_TABLE, type KeyEntry, type KeyPlace, LEGEND } from '../state/key-table.ts';
import type { View } from '../state/view.ts';
import { fitLine, widthOf } from '../text/cells.ts';
import type { Line, Span } from '../text/line.ts';
import { renderWrapped } from './pieces.ts';

/** Width of keys, including the following space. */
const KEYS = 22;

/** Minimum width of a column. */
const MIN_COLUMN_WIDTH = 58;

/** All keys by context; contexts that do not apply are last. Uses columns if there is space. */
export function helpLines(view: View, all: number): Line[] {
  const count = Math.max(1, Math.min(3, Math.floor(all / MIN_COLUMN_WIDTH)));
  const width = Math.floor(all / count);
  const [first, ...others] = placesFor(view).map(({ where, title }) => renderSection(where, title, width));
  const sections = [...(first === undefined ? [] : [first]), renderLegend(width), ...others];
  return inColumns(sections, count, width, all);
}

function placesFor(view: View): typeof KEY_PLACES {
  const other: KeyPlace = view.status.replay === undefined ? 'replay' : 'live';
  return [
    ...KEY_PLACES.filter(({ where }) => where !== other),
    ...KEY_PLACES.filter(({ where }) => where === other),
  ];
}

function renderSection(where: KeyPlace, title: string, width: number): Line[] {
  return [
    fitLine([{ text: ` ${title}`, style: 'title' }], width),
    ...KEY_TABLE.filter((entry) => entry.where === where).flatMap((entry) => renderEntry(entry, width)),
    fitLine([], width),
  ];
}

function renderLegend(width: number): Line[] {
  return [
    fitLine([{ text: ' Figures', style: 'title' }], width),
    ...LEGEND.flatMap(([word, text]) =>
      renderWrapped({ text: `  ${word}  `.padEnd(KEYS), style: 'strong' }, { text }, width),
    ),
    fitLine([], width),
  ];
}

function renderEntry({ keys, text }: KeyEntry, width: number): Line[] {
  const lead: Span = { text: `  ${keys.join(' ')}  `.padEnd(KEYS), style: 'key' };
  return renderWrapped(lead, { text }, width);
}

/** Distributes consecutive sections over columns of about equal length. */
function inColumns(sections: readonly Line[][], count: number, width: number, all: number): Line[] {
  const total = sections.reduce((sum, { length }) => sum + length, 0);
  const columns: Line[][] = [[]];
  for (const section of sections) {
    const column = columns.at(-1);
    const isFull = (column?.length ?? 0) + section.length / 2 > total / count;
    if (isFull && columns.length < count) columns.push([...section]);
    else column?.push(...section);
  }
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    fitLine(
      columns.flatMap((column) => column[row] ?? fitLine([], width)),
      all,
    ),
  ).filter((line, row) => row < height - 1 || line.some(({ text }) => widthOf(text.trim()) > 0));
}
