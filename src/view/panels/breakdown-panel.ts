/** The breakdown: the composition of the leaf's memory, and the distance to its limits. */

import { type BarPart, stackedBar } from '../chart/bars.ts';
import type { View } from '../state/view.ts';
import { fitLine, widthOf, widthOfLine } from '../text/cells.ts';
import { type Column, renderColumns } from '../text/columns.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { gauge } from '../text/shown-text.ts';
import {
  type BreakdownRow,
  barParts,
  breakdownRows,
  isOver,
  kernelParts,
  treeRows,
} from './breakdown-rows.ts';
import {
  ABSENT,
  formatFigure,
  formatShare,
  formatSize,
  GROWTH,
  growthOf,
  growthSpan,
  isRelative,
} from './figure-text.ts';
import { fillUp } from './pieces.ts';

/** With fewer lines only the most important figures are shown; from this number on the panel scrolls. */
const ROOM_TO_SCROLL = 9;

/** Minimum height for a separate bar of kernel memory. */
const ROOM_FOR_KERNEL = 16;

/** Minimum and maximum width of bars. */
const MIN_BAR = 6;
const MAX_BAR = 40;

/** Minimum width for two limits side by side. */
const ROOM_FOR_TWO_LIMITS = 76;

/** What is not measured without a memory cgroup. */
const UNSEEN = 'no memory cgroup: kernel memory, page cache and BPF maps are not measured';

/** Draws the breakdown: exactly `size.height` lines of `size.width` columns. */
export function renderBreakdown(view: View, size: Size): Line[] {
  const { width, height } = size;
  if (height <= 0) return [];
  if (view.data.latest === undefined)
    return fillUp([fitLine([{ text: '  waiting for the first sample', style: 'dim' }], width)], size);
  const rows = rowsOf(view);
  if (height < 4) return fillUp(smallest(view, rows, size), size);
  const above = aboveTable(view, rows, size);
  return fillUp([...above, ...table(view, rows, { width, height: height - above.length })], size);
}

/** The scroll position at this size: the requested one, limited to the end. */
export function breakdownScrollIn(view: View, size: Size): number {
  const rows = rowsOf(view);
  const room = size.height < 4 ? 0 : size.height - aboveTable(view, rows, size).length - 1;
  const last = room <= 0 || rows.length <= room ? 0 : rows.length - room + 1;
  return Math.min(view.ui.breakdownScroll, last);
}

/** The number of lines with which the panel is complete, including its title. */
export function breakdownHeight(view: View, width: number): number {
  const rows = rowsOf(view);
  const columnTitles = 1;
  return (
    1 + aboveTable(view, rows, { width, height: ROOM_FOR_KERNEL - 1 }).length + columnTitles + rows.length
  );
}

function isTree({ data }: View): boolean {
  return data.start?.mode === 'process-tree';
}

function rowsOf(view: View): readonly BreakdownRow[] {
  return isTree(view) ? treeRows(view) : breakdownRows(view);
}

function aboveTable(view: View, rows: readonly BreakdownRow[], size: Size): Line[] {
  return isTree(view) ? treeHead(view, size.width) : head(view, rows, size);
}

/** Up to three lines: the bar and figures side by side. */
function smallest(view: View, rows: readonly BreakdownRow[], { width, height }: Size): Line[] {
  const spans: Span[] = [];
  const ranked = rows.toSorted((a, b) => a.rank - b.rank);
  const lines: Line[] = height > 1 ? [barLine('', barParts(rows), view, width)] : [];
  for (const { id, label, role, now } of ranked) {
    const next: Span[] = [{ text: ` ${label} `, style: role }, { text: `${formatFigure(view, id, now)} ` }];
    if (widthOfLine([...spans, ...next]) > width && spans.length > 0) {
      lines.push(fitLine(spans.splice(0), width));
      if (lines.length === height) return lines;
    }
    spans.push(...next);
  }
  return [...lines, fitLine(spans, width)];
}

/** The bar, and the limits if there are any. */
function head(view: View, rows: readonly BreakdownRow[], { width, height }: Size): Line[] {
  const lines: Line[] = [barLine('', barParts(rows), view, width)];
  const inKernel = kernelParts(rows);
  const kernel = rows.find(({ id }) => id === 'kernel')?.now;
  if (height >= ROOM_FOR_KERNEL && kernel !== undefined && inKernel.length > 1)
    lines.push(barLine('kernel ', inKernel, view, width));
  if (height < 8) return lines;
  const limits = limitLines(view, rows[0]?.now, width);
  return [...lines, ...(height < ROOM_TO_SCROLL + 2 ? limits.slice(0, 1) : limits)];
}

function barLine(name: string, parts: readonly BarPart[], view: View, width: number): Line {
  const inner = width - 2 - name.length;
  return fitLine([{ text: ` ${name}` }, ...stackedBar(parts, inner, view.unicode)], width);
}

/** The distances to the limits; if each has its own line, the closest limit is first. */
function limitLines(view: View, current: number | undefined, width: number): Line[] {
  const limits = (['high', 'max'] as const).flatMap((id) => {
    const bytes = view.data.latest?.limits?.[id];
    return typeof bytes === 'number' && current !== undefined ? [{ id, bytes, current }] : [];
  });
  if (limits.length === 2 && width >= ROOM_FOR_TWO_LIMITS) {
    const left = Math.floor(width / 2);
    return [
      fitLine(
        limits.flatMap((limit, at) => limitSpans(view, limit, at === 0 ? left : width - left)),
        width,
      ),
    ];
  }
  return limits
    .toSorted((a, b) => a.bytes - b.bytes)
    .map((limit) => fitLine(limitSpans(view, limit, width), width));
}

/** One limit: its usage and the remaining headroom. */
function limitSpans(
  view: View,
  { id, bytes, current }: { id: string; bytes: number; current: number },
  width: number,
): Line {
  const { units } = view.ui;
  const share = bytes === 0 ? 1 : current / bytes;
  const left = bytes - current;
  const name = ` ${id} `;
  const distance = left >= 0 ? `${formatSize(left, units)} left` : `${formatSize(-left, units)} over`;
  const words = ` ${Math.round(share * 100)}%, ${distance}`;
  const role: Role = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warning' : 'good';
  const room = width - name.length - words.length - 1;
  const bar = room >= 4 ? gauge(share, room, view.unicode) : '';
  return fitLine([{ text: name, style: 'strong' }, { text: bar, style: role }, { text: words }], width);
}

function treeHead(view: View, width: number): Line[] {
  const { latest } = view.data;
  const cpu = latest?.tree === undefined ? '-' : `${Math.round(latest.tree.cpuPercent)}%`;
  return [
    fitLine([{ text: ` ${UNSEEN}`, style: 'warning' }], width),
    fitLine(
      [
        { text: ' cpu ', style: 'dim' },
        { text: `${cpu} of one CPU`, style: 'strong' },
        { text: '  processes ', style: 'dim' },
        { text: `${latest?.processes ?? '-'}`, style: 'strong' },
      ],
      width,
    ),
  ];
}

/**
 * The rows with titles; if they do not fit, the most important ones, or those at the scroll position.
 */
function table(view: View, rows: readonly BreakdownRow[], { width, height }: Size): Line[] {
  const { shown, from } = choose(view, rows, height - 1);
  const hidden = rows.length - shown.length;
  const columns = columnsOf(view, rows, hidden > 0 ? placeOf(view, from, shown.length, rows.length) : '');
  const room = width - widthOfColumns(columns, rows);
  const all = room < MIN_BAR ? columns : [...columns, barColumn(view, rows[0]?.now, room)];
  // All rows determine the widths, so that columns do not jump when scrolling.
  const { header, rows: lines } = renderColumns(all, rows, {
    width,
    unicode: view.unicode,
    sort: 'none',
    isAscending: false,
    selected: undefined,
    isFocused: false,
  });
  return [header, ...shown.map((row) => lines[rows.indexOf(row)] ?? [])];
}

/** The width of figures and names, with the space between columns, before the bars. */
function widthOfColumns(columns: readonly Column<BreakdownRow>[], rows: readonly BreakdownRow[]): number {
  const widths = columns.map(({ cell, title }) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(cell(row).text))),
  );
  return widths.reduce((sum, width) => sum + width + 2, 3);
}

function choose(
  view: View,
  rows: readonly BreakdownRow[],
  room: number,
): { shown: readonly BreakdownRow[]; from: number | undefined } {
  if (rows.length <= room) return { shown: rows, from: 0 };
  if (view.ui.breakdownScroll === 0) {
    const ranked = rows.toSorted((a, b) => a.rank - b.rank).slice(0, room);
    return { shown: rows.filter((row) => ranked.includes(row)), from: undefined };
  }
  // The first step shows the start of the list.
  const from = Math.min(view.ui.breakdownScroll - 1, rows.length - room);
  return { shown: rows.slice(from, from + room), from };
}

/**
 * Which rows are shown: the scroll position is relative to the start of the list; undefined shows the most
 * important ones.
 */
function placeOf({ unicode }: View, from: number | undefined, shown: number, all: number): string {
  const rows = from === undefined ? `${shown}` : `${from + 1}-${from + shown}`;
  return `${unicode ? '↕' : '^v'} ${rows} of ${all}`;
}

function columnsOf(view: View, rows: readonly BreakdownRow[], title: string): Column<BreakdownRow>[] {
  const { units, relative } = view.ui;
  const total = rows[0]?.now;
  const now = isOver(view) ? 'at peak' : 'now';
  const labelWidth = Math.max(title.length, ...rows.map((row) => widthOf(nameOf(row))));
  const right = { align: 'right' as const, least: 4, most: 24 };
  return [
    {
      title,
      align: 'left',
      least: labelWidth,
      most: labelWidth,
      rank: 0,
      cell: (row) => ({ text: nameOf(row), style: row.role }),
    },
    {
      ...right,
      title: isRelative(view) ? `since ${relative}` : now,
      rank: 1,
      cell: ({ id, now: bytes }) => figure(formatFigure(view, id, bytes), 'strong'),
    },
    {
      ...right,
      title: 'share',
      rank: 5,
      cell: ({ now: bytes, isPart }) => figure(isPart ? formatShare(bytes, total) : ''),
    },
    {
      ...right,
      title: 'peak',
      rank: 2,
      cell: ({ id, track }) => figure(formatFigure(view, id, track?.peak)),
    },
    { ...right, title: GROWTH, rank: 3, cell: ({ track }) => growthSpan(growthOf(track), units) },
  ];
}

function nameOf({ letter, label, depth }: BreakdownRow): string {
  return `${letter === '' ? ' ' : letter} ${'  '.repeat(depth)}${label}`;
}

/** Bars of the parts; rows that are not parts show a note instead. */
function barColumn(view: View, total: number | undefined, room: number): Column<BreakdownRow> {
  const width = Math.min(MAX_BAR, room);
  return {
    title: '',
    align: 'left',
    least: width,
    most: width,
    rank: 6,
    cell: ({ note, shortNote, now, isPart, depth, role }) => {
      if (note !== undefined) {
        const text = [note, shortNote ?? ''].find((words) => words.length <= width) ?? '';
        return { text, style: 'dim' };
      }
      if (!isPart || depth === 0 || now === undefined || total === undefined || total <= 0)
        return { text: '' };
      return { text: gauge(now / total, width, view.unicode), style: role };
    },
  };
}

function figure(text: string, role: Role = 'plain'): Span {
  return { text, style: text === ABSENT || text === '0' ? 'dim' : role };
}
