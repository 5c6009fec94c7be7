/** The screen of all cgroups: a header, the tree, the whole path of the selected one, keys. */
import { formatBytes, formatDuration } from '../../format/units.ts';
import { knownFigures, whyAbsent } from '../../model/host/absent-figures.ts';
import type { HostFigure } from '../../model/host/host-cgroups.ts';
import { UNCHARGED_NAME, unchargedFigures, unchargedText } from '../../model/host/uncharged-text.ts';
import { formatSize, growthSpan } from '../panels/figure-text.ts';
import { fillUp, lastScroll, renderScrolled, renderWrapped } from '../panels/pieces.ts';
import { listWindow } from '../state/lists.ts';
import { fitLine, fitText, widthOfLine } from '../text/cells.ts';
import { type Column, renderColumns } from '../text/columns.ts';
import { labelled, packFields } from '../text/fields.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { endOfText, shownText } from '../text/shown-text.ts';
import { selectedTopRow, type TopData, type TopRow, topRows } from './top-state.ts';

/** What a frame is made of. */
export interface TopScreen extends TopData {
  unicode: boolean;
  intervalMs: number;
}

/** A drawn screen, and where its rows are. */
export interface TopFrame {
  lines: Line[];
  /** The rows that are in sight, and the line of the first one. */
  rows: readonly TopRow[];
  firstLine: number;
  /** The number of rows above them. */
  top: number;
  /** Maximum scroll position of the help; 0 without it. */
  pageEnd: number;
}

/** From this height on there is a header and the whole name of the selected row. */
const ROOM_FOR_HEADER = 6;
const ROOM_FOR_REASONS = 20;
const MAX_REASONS = 2;

/** Columns that do not fit are left out from the end. */
const RANKS: readonly HostFigure[] = [
  ...(['current', 'bpf', 'anon', 'kernel', 'file', 'processes', 'growth', 'orphaned'] as const),
  ...(['pressure', 'swap', 'shmem', 'slab', 'sock'] as const),
];

/** Draws the screen: exactly `size.height` lines of `size.width` columns. */
export function renderTop(screen: TopScreen, size: Size): TopFrame {
  const { ui, unicode } = screen;
  const { width, height } = size;
  if (ui.helpScroll !== undefined) {
    const lines = helpLines(screen, width);
    const page = { width, height: height - 1 };
    return {
      lines: [...renderScrolled(lines, ui.helpScroll, page, unicode), renderFooter(screen, width)],
      rows: [],
      firstLine: 0,
      top: ui.top,
      pageEnd: lastScroll(lines.length, page.height),
    };
  }
  const all = topRows(screen);
  const at = selectedTopRow(all, ui);
  const head = height >= ROOM_FOR_HEADER ? [renderHeader(screen, width)] : [];
  const detail = height >= ROOM_FOR_HEADER ? renderDetail(screen, all[at], width) : [];
  const reasons = height >= ROOM_FOR_REASONS ? reasonLines(screen, width).slice(0, MAX_REASONS) : [];
  const titleRows = height >= 3 ? 1 : 0;
  const room = Math.max(0, height - head.length - titleRows - detail.length - reasons.length - 1);
  const { from, to } = listWindow(all.length, at, room, ui.top);
  const rows = all.slice(from, to);
  const table = renderColumns(columnsOf(screen), rows, {
    width,
    unicode,
    sort: ui.sort,
    isAscending: (ui.sort === 'name') !== ui.isReversed,
    selected: at - from,
    isFocused: true,
  });
  const none: Span = {
    text: `  No cgroup matches ${shownText(ui.typed ?? ui.filter, unicode)}`,
    style: 'dim',
  };
  const body = all.length === 0 ? [fitLine([none], width)] : table.rows;
  const lines = [
    ...head,
    ...(titleRows > 0 ? [table.header] : []),
    ...fillUp(body, { width, height: room }),
    ...reasons,
    ...detail,
    renderFooter(screen, width),
  ];
  return {
    lines: lines.slice(0, height),
    rows,
    firstLine: head.length + titleRows,
    top: from,
    pageEnd: 0,
  };
}

function renderHeader({ reading, intervalMs, ui, unicode }: TopScreen, width: number): Line {
  const [root] = reading.cgroups;
  const filter = ui.filter === '' ? [] : [labelled(2, 'filter', shownText(ui.filter, unicode), 'key')];
  return packFields(
    [
      { rank: 0, spans: [{ text: 'cmemstat top', style: 'title' }] },
      labelled(1, 'cgroups', String(reading.cgroups.length)),
      ...filter,
      labelled(3, 'every', formatDuration(intervalMs)),
      labelled(4, 'current', formatSize(root.figures.current, ui.units)),
      ...(reading.uncharged === undefined
        ? []
        : [labelled(5, 'charged to none', formatSize(reading.uncharged.bytes, ui.units))]),
      labelled(6, 'cgroup', `v${reading.version}`),
    ],
    width,
    unicode,
  );
}

function columnsOf(screen: TopScreen): Column<TopRow>[] {
  const { reading, unicode } = screen;
  const ofNone = reading.uncharged === undefined ? {} : unchargedFigures(reading.uncharged);
  const figures = knownFigures(reading).map(
    (figure): Column<TopRow> => ({
      title: figure === 'growth' ? 'growth/min' : figure === 'processes' ? 'procs' : figure,
      sort: figure,
      align: 'right',
      least: figure === 'processes' ? 5 : 7,
      most: 24,
      rank: RANKS.indexOf(figure) + 1,
      cell: ({ row }) =>
        figureSpan(screen, figure, row === undefined ? ofNone[figure] : row.cgroup.figures[figure]),
    }),
  );
  const name: Column<TopRow> = {
    title: 'cgroup',
    sort: 'name',
    align: 'left',
    least: 12,
    most: 200,
    rank: 0,
    cell: ({ row }) => {
      if (row === undefined) return { text: UNCHARGED_NAME, style: 'dim' };
      const mark = !row.hasChildren ? ' ' : unicode ? (row.isOpen ? '▾' : '▸') : row.isOpen ? '-' : '+';
      const shown = shownText(screen.nameOf(row.cgroup), unicode);
      return {
        text: `${'  '.repeat(row.depth)}${mark} ${shown}`,
        style: row.depth === 0 ? 'title' : 'plain',
      };
    },
  };
  return [...figures, name];
}

function figureSpan({ ui }: TopScreen, figure: HostFigure, value: number | undefined): Span {
  if (figure === 'growth') return growthSpan(value, ui.units);
  if (value === undefined) return { text: '-', style: 'dim' };
  if (figure === 'processes') return { text: String(value) };
  if (figure === 'pressure') {
    const style = value >= 10 ? 'bad' : value > 0 ? 'warning' : 'dim';
    return { text: `${value.toFixed(value >= 10 ? 0 : 1)}%`, style };
  }
  if (figure === 'orphaned' && value > 0) return { text: formatSize(value, ui.units), style: 'warning' };
  return { text: formatSize(value, ui.units), style: figure === 'current' ? 'strong' : 'plain' };
}

/** The whole path of the selected row, or what is charged to none. */
function renderDetail({ reading, unicode }: TopScreen, row: TopRow | undefined, width: number): Line[] {
  const { uncharged } = reading;
  const text =
    row === undefined
      ? ''
      : row.row !== undefined
        ? row.row.cgroup.path
        : uncharged === undefined
          ? ''
          : unchargedText(uncharged, formatBytes);
  return [[{ text: fitText(` ${shownText(text, unicode)}`, width, unicode), style: 'dim' }]];
}

function reasonLines({ reading, unicode }: TopScreen, width: number): Line[] {
  const absent = reading.absent.filter(({ figure }) => figure !== 'growth');
  return whyAbsent(absent).map((text) =>
    fitLine([{ text: ` ${shownText(text, unicode)}`, style: 'dim' }], width),
  );
}

const KEYS = [
  ['?', 'help'],
  ['q', 'quit'],
  ['Enter', 'attach'],
  ['e', 'explain'],
  ['s', 'sort'],
  ['/', 'filter'],
  ['Space', 'open'],
  ['u', 'units'],
  ['p', 'pause'],
  ['+-', 'interval'],
] as const;

function renderFooter({ ui, unicode }: TopScreen, width: number): Line {
  if (ui.message !== undefined) {
    return [{ text: fitText(` ${shownText(ui.message, unicode)}`, width, unicode), style: 'warning' }];
  }
  if (ui.typed !== undefined) {
    const typed = endOfText(shownText(ui.typed, unicode), width - 10);
    return fitLine([{ text: ' filter: ', style: 'strong' }, { text: `${typed}_` }], width, 'plain');
  }
  const spans: Span[] = ui.isPaused ? [{ text: ' PAUSED ', style: 'selected' }] : [];
  for (const [key, word] of KEYS) {
    const next: Span[] = [
      { text: ` ${key}`, style: 'key' },
      { text: ` ${word} `, style: 'dim' },
    ];
    if (widthOfLine([...spans, ...next]) > width) break;
    spans.push(...next);
  }
  return fitLine(spans, width);
}

/** All keys and columns. */
export const TOP_HELP: readonly (readonly [key: string, text: string])[] = [
  ['Up Down PgUp PgDn Home End', 'move; so does the wheel'],
  ['Right, Left', 'open a cgroup or go into it; close it or go to the one above'],
  ['Space', 'open or close a cgroup'],
  ['* _', 'open all; close all'],
  ['Enter', 'attach: measure the cgroup; Ctrl-C there returns'],
  ['e', 'explain: its memory by name'],
  ['s S', 'sort by the next column; reverse'],
  ['/', 'filter: part of a name or path, or a glob; Esc clears it'],
  ['u', 'units: readable, KiB, bytes'],
  ['p', 'pause; reading continues'],
  ['+ -', 'longer, shorter interval'],
  ['Ctrl-L Ctrl-Z', 'redraw; suspend'],
  ['q Ctrl-C', 'quit'],
];

const COLUMN_HELP: readonly (readonly [column: string, text: string])[] = [
  ['current', 'of the cgroup and those below; first row: what all cgroups are charged for'],
  ['shmem, slab', 'part of file; part of kernel'],
  ['bpf', 'BPF maps that are charged to it'],
  ['orphaned', 'part of bpf: maps whose own cgroup was removed'],
  ['pressure', 'share of the last 10 s in which a task waited for memory'],
  ['growth/min', 'of current; empty: not known yet, 0: none that is certain'],
];

function helpLines(screen: TopScreen, width: number): Line[] {
  const section = (title: string, entries: readonly (readonly [string, string])[]): Line[] => [
    fitLine([{ text: ` ${title}`, style: 'title' }], width),
    ...entries.flatMap(([key, text]) =>
      renderWrapped({ text: `  ${key}  `.padEnd(width < 60 ? 0 : 30), style: 'key' }, { text }, width),
    ),
    fitLine([], width),
  ];
  return [...section('Keys', TOP_HELP), ...section('Columns', COLUMN_HELP), ...reasonLines(screen, width)];
}
