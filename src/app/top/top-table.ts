/** `cmemstat top --once`: cgroups as a table. */
import { alignColumns } from '../../format/align-columns.ts';
import { plural } from '../../format/plural.ts';
import { safeLine, safeText } from '../../format/safe-text.ts';
import { formatBytes } from '../../format/units.ts';
import { cutMiddle, printableLines, widthOfText } from '../../format/wrap-lines.ts';
import { knownFigures, whyAbsent } from '../../model/host/absent-figures.ts';
import { HOST_FIGURES, type HostFigure, type HostReading } from '../../model/host/host-cgroups.ts';
import type { HostRow } from '../../model/host/host-tree.ts';
import { UNCHARGED_NAME, unchargedFigures, unchargedText } from '../../model/host/uncharged-text.ts';

/** What the table shows, and how. */
export interface TopTable {
  reading: HostReading;
  rows: readonly HostRow[];
  nameOf: (row: HostRow) => string;
  /** Sizes as plain numbers of bytes. */
  plainBytes: boolean;
  /** Maximum line width; absent for no limit. */
  columns?: number | undefined;
}

/** The columns that a narrow terminal does without, the least important first. */
const DROPPED_FIRST: readonly HostFigure[] = [
  ...(['sock', 'slab', 'shmem', 'orphaned', 'growth', 'pressure', 'swap', 'processes'] as const),
  ...(['file', 'kernel', 'bpf', 'anon'] as const),
];

/** What names keep at least before a column is left out, and afterwards. Unit: columns. */
const MIN_NAME_WIDTH = 24;
const MIN_CUT_WIDTH = 8;
const GAP = 2;

/** The lines: a title, one for each cgroup, what is charged to none, and why columns are missing. */
export function renderTopTable(table: TopTable): string[] {
  const { reading, rows, columns } = table;
  const figures = knownFigures(reading);
  const all = [
    { name: 'cgroup', cells: figures.map((figure) => String(figure)) },
    ...rows.map((row) => ({
      name: `${'  '.repeat(row.depth)}${safeText(table.nameOf(row))}`,
      cells: figures.map((figure) => formatHostFigure(figure, row.cgroup.figures[figure], table.plainBytes)),
    })),
    ...unchargedRow(table, figures),
  ];
  const widths = figures.map((_, at) => Math.max(...all.map(({ cells }) => cells[at]?.length ?? 0)));
  const widest = Math.max(...all.map(({ name }) => widthOfText(name)));
  const dropped = columnsToDrop(figures, widths, Math.min(widest, MIN_NAME_WIDTH), columns);
  const kept = figures.map((figure) => !dropped.includes(figure));
  const used = widths.reduce((sum, width, at) => (kept[at] === true ? sum + width + GAP : sum), 0);
  const room = columns === undefined ? undefined : Math.max(MIN_CUT_WIDTH, columns - used);
  const lines = alignColumns(
    all.map(({ name, cells }) => [
      ...cells.filter((_, at) => kept[at]),
      room === undefined ? name : cutName(name, room),
    ]),
    [...figures.filter((_, at) => kept[at]).map(() => 'right' as const), 'left'],
  );
  return [...lines.map(safeLine), ...printableLines(notes(table, dropped), columns)];
}

/** The text of a figure; `-` if it is not known. */
export function formatHostFigure(figure: HostFigure, value: number | undefined, plainBytes: boolean): string {
  if (value === undefined) return '-';
  if (figure === 'processes') return String(value);
  if (figure === 'pressure') return `${value.toFixed(value >= 10 ? 0 : 1)}%`;
  const size = plainBytes ? String(Math.round(value)) : formatBytes(value);
  return figure === 'growth' && value > 0 ? `+${size}` : size;
}

function unchargedRow(
  { reading, plainBytes }: TopTable,
  figures: readonly HostFigure[],
): { name: string; cells: string[] }[] {
  const { uncharged } = reading;
  if (uncharged === undefined) return [];
  const known = unchargedFigures(uncharged);
  return [
    {
      name: UNCHARGED_NAME,
      cells: figures.map((figure) => formatHostFigure(figure, known[figure], plainBytes)),
    },
  ];
}

function columnsToDrop(
  figures: readonly HostFigure[],
  widths: readonly number[],
  nameWidth: number,
  columns: number | undefined,
): readonly HostFigure[] {
  if (columns === undefined) return [];
  const dropped: HostFigure[] = [];
  let width = widths.reduce((sum, each) => sum + each + GAP, nameWidth);
  for (const figure of DROPPED_FIRST) {
    if (width <= columns) break;
    const at = figures.indexOf(figure);
    if (at < 0) continue;
    dropped.push(figure);
    width -= (widths[at] ?? 0) + GAP;
  }
  return dropped;
}

function cutName(name: string, room: number): string {
  const indent = /^ */.exec(name)?.[0] ?? '';
  const shown = indent.slice(0, Math.max(0, room - MIN_CUT_WIDTH));
  return shown + cutMiddle(name.slice(indent.length), room - shown.length);
}

function notes({ reading, rows, plainBytes, columns }: TopTable, dropped: readonly HostFigure[]): string[] {
  const size = plainBytes ? String : formatBytes;
  const hidden = reading.cgroups.length - rows.length;
  const shown = HOST_FIGURES.filter((figure) => dropped.includes(figure));
  return [
    ...(hidden > 0 ? [`and ${plural(hidden, 'more cgroup')}`] : []),
    ...(shown.length === 0 ? [] : [`not shown in ${columns} columns: ${shown.join(', ')}`]),
    ...(reading.uncharged === undefined ? [] : ['', unchargedText(reading.uncharged, size)]),
    ...whyAbsent(reading.absent),
  ];
}
