/** The page of keys. */

import { KEY_PLACES, KEY_TABLE, type KeyEntry, type KeyPlace } from '../state/key-table.ts';
import type { View } from '../state/view.ts';
import { fitLine, widthOf } from '../text/cells.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { renderScrolled, renderWrapped } from './pieces.ts';

/** What keys take, with the space after them. */
const KEYS = 22;

/** A column of the page is no narrower than this. */
const NARROWEST = 58;

/** All keys by where they work: what does not apply here comes last; in columns where there is room. */
export function helpLines(view: View, all: number): Line[] {
  const count = Math.max(1, Math.min(3, Math.floor(all / NARROWEST)));
  const width = Math.floor(all / count);
  const sections = placesFor(view).map(({ where, title }) => renderSection(where, title, width));
  return inColumns(sections, count, width, all);
}

/** As much of the page as there is room for, from where it was scrolled to. */
export function renderHelp(view: View, size: Size): Line[] {
  const { dialog } = view.ui;
  const scroll = dialog?.kind === 'help' ? dialog.scroll : 0;
  return renderScrolled(helpLines(view, size.width), scroll, size, view.unicode);
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

function renderEntry({ keys, text }: KeyEntry, width: number): Line[] {
  const lead: Span = { text: `  ${keys.join(' ')}  `.padEnd(KEYS), style: 'key' };
  return renderWrapped(lead, { text }, width);
}

/** Sections one after the other, in columns that are about equally long. */
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
