/** The list of processes in the leaf and its nested cgroups. */

import { type ProcessListRow, processGrowth, relativeBytes, visibleProcesses } from '../state/lists.ts';
import type { ProcessEntry, View } from '../state/view.ts';
import type { Column } from '../text/columns.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { ABSENT, formatChange, formatSize, GROWTH, growthSpan, isRelative } from './figure-text.ts';
import { renderList } from './list.ts';
import { renderAbsent } from './pieces.ts';

/** From this width on, command lines are more important than the last columns. */
const ROOM_FOR_COMMANDS = 70;

/** Maximum tree depth that is drawn; deeper levels are shown as a number. */
const MAX_DEPTH = 8;

/**
 * The processes that match the filter, flat or as a tree: titles, the rows around the selected one, their
 * number.
 */
export function renderProcesses(view: View, size: Size): Line[] {
  if (view.data.processes.size === 0) return renderNone(view, size);
  const rows = visibleProcesses(view);
  return renderList(view, size, {
    id: 'processes',
    columns: columnsOf(view, size.width < ROOM_FOR_COMMANDS ? 12 : 24),
    rows,
    idOf: ({ entry }) => entry.row.pid,
    noMatch: 'No process matches',
    totals: renderCounts(view, rows.length),
  });
}

/** Processes are read less often than samples: a short run may end before the first snapshot. */
function renderNone(view: View, size: Size): Line[] {
  const hasEnded = view.data.summary !== undefined;
  return renderAbsent(view, 'processes', hasEnded ? 'No processes were seen.' : 'No processes yet.', size);
}

function columnsOf(view: View, commandWidth: number): Column<ProcessListRow>[] {
  const { unicode, ui } = view;
  const { units } = ui;
  const { tree } = ui.processes;
  const size = units === 'readable' ? 8 : 11;
  const column = (title: string, least: number, rank: number, cell: (row: ProcessListRow) => Span) => ({
    title,
    sort: title,
    align: 'right' as const,
    least,
    most: 24,
    rank,
    cell,
  });
  const columns: Column<ProcessListRow>[] = [
    column('pid', 6, 1, ({ entry }) => ({ text: String(entry.row.pid) })),
    {
      ...column('comm', commandWidth, 0, (row) => ({
        text: `${tree ? branchesOf(row, unicode) : ''}${shownText(shortCommand(row.entry), unicode)}`,
      })),
      title: 'command',
      align: 'left',
      most: 200,
    },
    {
      ...column('rss', size, 2, ({ entry: { row, firstRss } }) => {
        const relative = relativeBytes(view, `process:${row.pid}`, row.rss, firstRss);
        const text = relative === undefined ? formatSize(row.rss, units) : formatChange(relative, units);
        return { text, style: 'strong' };
      }),
      title: isRelative(view) ? `since ${ui.relative}` : 'rss',
    },
    {
      ...column('user', leastUserWidth(view), 5, ({ entry }) => ({
        text: shownText(entry.program?.user ?? ABSENT, unicode),
      })),
      align: 'left',
      most: 12,
    },
    column('pss', size, 6, ({ entry }) => ({ text: formatSize(entry.row.pss, units) })),
    {
      ...column('growth', size, 3, ({ entry }) => growthSpan(processGrowth(view, entry), units)),
      title: GROWTH,
    },
    column('cpu', 6, 4, ({ entry: { row } }) => ({
      text: row.cpuPercent === undefined ? ABSENT : `${row.cpuPercent.toFixed(1)}%`,
    })),
    { ...column('threads', 4, 7, ({ entry }) => ({ text: String(entry.row.threads) })), title: 'thr' },
    column('fds', 4, 8, ({ entry }) => ({ text: String(entry.row.fds ?? ABSENT) })),
  ];
  if (![...view.data.processes.values()].some(({ row }) => row.cgroup !== undefined)) return columns;
  const cgroup = ({ entry }: ProcessListRow): Span => ({
    text: shownText(entry.row.cgroup ?? '', unicode),
    style: 'dim',
  });
  return [...columns, { title: 'cgroup', align: 'left', least: 10, most: 30, rank: 9, cell: cgroup }];
}

/** A name in full, such as `www-data`, unless it is longer than most are. */
function leastUserWidth({ data }: View): number {
  let least = 4;
  for (const { program } of data.processes.values()) least = Math.max(least, program?.user?.length ?? 0);
  return Math.min(least, 8);
}

/** The command line without the folder of the program, or the name of the process. */
function shortCommand({ row, program }: ProcessEntry): string {
  const [name = row.comm, ...words] = program?.command ?? [];
  return [name.replace(/^\/(\S*\/)*/, ''), ...words].join(' ');
}

/** The lines from a process to its parent. */
function branchesOf(row: ProcessListRow, unicode: boolean): string {
  if (row.parent === undefined) return '';
  const [fork, end, past] = unicode ? ['├─ ', '└─ ', '│  '] : ['|- ', '`- ', '|  '];
  const own = row.isLast ? end : fork;
  if (row.depth > MAX_DEPTH) return `(${row.depth}) ${own}`;
  const levels = [own];
  for (let above = row.parent; above.parent !== undefined; above = above.parent) {
    levels.unshift(above.isLast ? '   ' : past);
  }
  return levels.join('');
}

function renderCounts({ data, ui }: View, shown: number): Span[] {
  const { omittedProcesses, processes, summary } = data;
  const count = ui.processes.filter === '' ? `${processes.size}` : `${shown} of ${processes.size}`;
  const spans: Span[] = [
    { text: `  ${count} ${processes.size === 1 ? 'process' : 'processes'}`, style: 'dim' },
  ];
  if (summary !== undefined) spans.push({ text: ' in the last snapshot', style: 'dim' });
  if (omittedProcesses > 0)
    spans.push({ text: `, ${omittedProcesses} smaller processes not shown`, style: 'warning' });
  return spans;
}
