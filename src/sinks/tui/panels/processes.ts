/** The list of processes in the leaf and its nested cgroups. Pure. */
import { fitLine } from '../cells.ts';
import { type Column, renderColumns } from '../columns.ts';
import { ABSENT, formatChange, formatSize } from '../figures.ts';
import type { Line, Size, Span } from '../line.ts';
import {
  isAscending,
  listParts,
  listWindow,
  type ProcessListRow,
  processGrowth,
  selectedIndex,
  visibleProcesses,
} from '../lists.ts';
import { shownText } from '../shown-text.ts';
import type { View } from '../view.ts';
import { fillUp, renderAbsent } from './pieces.ts';

/** So many levels of a tree are drawn; below them their number is told. */
const DEEPEST = 8;

/** The processes that pass the filter, flat or as a tree: titles, the rows around the selected one, how many there are. */
export function renderProcesses(view: View, size: Size): Line[] {
  if (view.data.processes.size === 0) return renderAbsent(view, 'processes', 'No processes yet.', size);
  const { filter, sort, selected, top } = view.ui.processes;
  const all = visibleProcesses(view);
  const parts = listParts(size.height, filter);
  const at = selectedIndex(all, ({ entry }) => entry.row.pid, selected);
  const { from, to } = listWindow(all.length, at, parts.rows, top);
  const table = renderColumns(columnsOf(view), all.slice(from, to), {
    width: size.width,
    unicode: view.unicode,
    sort,
    isAscending: isAscending(view.ui.processes),
    selected: at - from,
    isFocused: view.ui.focus === 'processes',
  });
  const rows =
    all.length === 0
      ? [
          fitLine(
            [{ text: `  No process matches ${shownText(filter, view.unicode)}`, style: 'dim' }],
            size.width,
          ),
        ]
      : table.rows;
  return [
    ...(parts.header > 0 ? [table.header] : []),
    ...fillUp(rows, { ...size, height: parts.rows }),
    ...(parts.footer > 0 ? [fitLine(renderCounts(view, all.length, table.showsSort), size.width)] : []),
  ];
}

function columnsOf(view: View): Column<ProcessListRow>[] {
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
      ...column('comm', tree ? 20 : 15, 0, (row) => ({
        text: `${tree ? branchesOf(row, unicode) : ''}${shownText(row.entry.row.comm, unicode)}`,
      })),
      align: 'left',
      most: 40,
    },
    column('rss', size, 2, ({ entry }) => ({ text: formatSize(entry.row.rss, units), style: 'strong' })),
    column('pss', size, 5, ({ entry }) => ({ text: formatSize(entry.row.pss, units) })),
    column('growth', size, 3, ({ entry }) => {
      const bytes = processGrowth(view, entry);
      if (bytes === 0) return { text: '0', style: 'dim' };
      return { text: formatChange(bytes, units), style: bytes > 0 ? 'warning' : 'good' };
    }),
    column('cpu', 6, 4, ({ entry: { row } }) => ({
      text: row.cpuPercent === undefined ? ABSENT : `${row.cpuPercent.toFixed(1)}%`,
    })),
    { ...column('threads', 4, 6, ({ entry }) => ({ text: String(entry.row.threads) })), title: 'thr' },
    column('fds', 4, 7, ({ entry }) => ({ text: String(entry.row.fds ?? ABSENT) })),
  ];
  for (const { row } of view.data.processes.values()) {
    if (row.cgroup === undefined) continue;
    const cgroup = ({ entry }: ProcessListRow): Span => ({
      text: shownText(entry.row.cgroup ?? '', unicode),
      style: 'dim',
    });
    columns.push({ title: 'cgroup', align: 'left', least: 10, most: 30, rank: 8, cell: cgroup });
    break;
  }
  return columns;
}

/** The lines that join a process to its parent. */
function branchesOf(row: ProcessListRow, unicode: boolean): string {
  if (row.parent === undefined) return '';
  const [fork, end, past] = unicode ? ['├─ ', '└─ ', '│  '] : ['|- ', '`- ', '|  '];
  const own = row.isLast ? end : fork;
  if (row.depth > DEEPEST) return `(${row.depth}) ${own}`;
  const levels = [own];
  for (let above = row.parent; above.parent !== undefined; above = above.parent) {
    levels.unshift(above.isLast ? '   ' : past);
  }
  return levels.join('');
}

function renderCounts(view: View, shown: number, showsSort: boolean): Line {
  const { omittedProcesses, processes } = view.data;
  const { filter, sort, reverse } = view.ui.processes;
  const count = filter === '' ? `${processes.size}` : `${shown} of ${processes.size}`;
  const spans: Span[] = [
    { text: `  ${count} ${processes.size === 1 ? 'process' : 'processes'}`, style: 'dim' },
  ];
  if (omittedProcesses > 0)
    spans.push({ text: `, ${omittedProcesses} smaller ones not shown`, style: 'warning' });
  if (filter !== '')
    spans.push({ text: '  filter: ', style: 'dim' }, { text: shownText(filter, view.unicode), style: 'key' });
  if (!showsSort) spans.push({ text: `  by ${sort}${reverse ? ', reversed' : ''}`, style: 'dim' });
  return spans;
}
