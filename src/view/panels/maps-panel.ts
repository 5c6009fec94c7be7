/** The list of the run's BPF maps. */
import type { LiveMap } from '../../model/recording.ts';
import { mapFill, mapGrowth, mapUse, relativeBytes, visibleMaps } from '../state/lists.ts';
import type { MapEntry, View } from '../state/view.ts';
import { fitLine } from '../text/cells.ts';
import type { Column } from '../text/columns.ts';
import type { Line, Size, Span } from '../text/line.ts';
import { gauge, shownText } from '../text/shown-text.ts';
import { formatChange, formatShare, formatSize, GROWTH, growthSpan, isRelative } from './figure-text.ts';
import { renderList } from './list.ts';
import { fillUp, renderAbsent } from './pieces.ts';

const GAUGE = 6;

/** From this share on, a map is highlighted as nearly full. */
const NEARLY_FULL = 0.9;

/** The maps that match the filter: titles, the rows around the selected one, totals. */
export function renderMaps(view: View, size: Size): Line[] {
  const { maps } = view.data;
  if (maps.size === 0) return renderNone(view, size);
  const rows = visibleMaps(view);
  return renderList(view, size, {
    id: 'maps',
    columns: columnsOf(view),
    rows,
    idOf: ({ row }) => row.id,
    noMatch: 'No map matches',
    totals: renderTotals(view, rows),
  });
}

/** The maps of a completed run, as of their maximum. */
function renderNone(view: View, size: Size): Line[] {
  const { units } = view.ui;
  const { summary } = view.data;
  const largest = summary?.bpf?.maps ?? [];
  if (largest.length === 0) {
    return renderAbsent(view, 'maps', summary === undefined ? 'No BPF maps yet.' : 'No BPF maps.', size);
  }
  const heading = { text: '  No maps are left. At their peak there were:', style: 'dim' } as const;
  const rows = largest.map(
    ({ name, type, bytes }): Line => [
      { text: `  ${formatSize(bytes, units).padStart(units === 'readable' ? 8 : 11)}`, style: 'strong' },
      { text: `  ${shownText(name === '' ? '(no name)' : name, view.unicode)}  ` },
      { text: type, style: 'dim' },
    ],
  );
  return fillUp(
    [[heading], ...rows].map((line) => fitLine(line, size.width)),
    size,
  );
}

function columnsOf(view: View): Column<MapEntry>[] {
  const { units } = view.ui;
  const { unicode } = view;
  const totalBytes = sumOf(view.data.maps.values(), ({ bytes }) => bytes);
  const hasUncharged = sumOf(view.data.maps.values(), ({ unchargedBytes }) => unchargedBytes) > 0;
  const size = units === 'readable' ? 8 : 11;
  const columns: Column<MapEntry>[] = [
    { ...left('name', 15, 28, 0), cell: ({ row }) => nameOf(row, unicode) },
    { ...left('type', 8, 16, 5), cell: ({ row }) => ({ text: row.type, style: 'dim' }) },
    {
      ...right('bytes', size, 1),
      title: isRelative(view) ? `since ${view.ui.relative}` : 'bytes',
      cell: ({ row, firstBytes }) => {
        const relative = relativeBytes(view, `map:${row.id}`, row.bytes, firstBytes);
        if (relative !== undefined) return { text: formatChange(relative, units), style: 'strong' };
        const least = row.atLeast !== true ? '' : unicode ? '≥' : '>';
        return { text: least + formatSize(row.bytes, units), style: 'strong' };
      },
    },
    {
      ...right('share', 5, 4),
      cell: ({ row }) => ({ text: formatShare(row.bytes, totalBytes) }),
    },
    { ...right('elements', 11, 3), title: 'used/max', cell: ({ row }) => ({ text: useOf(view, row) }) },
    { ...left('fill', GAUGE, GAUGE, 6), cell: ({ row }) => fillOf(row, unicode) },
    {
      ...right('growth', size, 2),
      title: GROWTH,
      cell: (entry) => growthSpan(mapGrowth(view, entry), units),
    },
    { ...left('owner', 15, 30, 7), cell: ({ row }) => ({ text: shownText(ownerOf(row), unicode) }) },
    { ...right('id', 4, 9), cell: ({ row }) => ({ text: String(row.id), style: 'dim' }) },
  ];
  if (hasUncharged) {
    columns.splice(-2, 0, {
      ...right('uncharged', size, 8),
      cell: ({ row }) =>
        row.unchargedBytes === 0
          ? { text: '-', style: 'dim' }
          : { text: formatSize(row.unchargedBytes, units), style: 'warning' },
    });
  }
  return columns;
}

type Shape = Omit<Column<never>, 'cell'>;

function left(title: string, least: number, most: number, rank: number): Shape {
  return { title, sort: title, align: 'left', least, most, rank };
}

function right(title: string, least: number, rank: number): Shape {
  return { title, sort: title, align: 'right', least, most: 24, rank };
}

function nameOf({ name }: LiveMap, unicode: boolean): Span {
  return name === '' ? { text: '(no name)', style: 'dim' } : { text: shownText(name, unicode) };
}

/** Number of elements and capacity; in bytes for a ring buffer. */
function useOf({ ui: { units } }: View, row: LiveMap): string {
  const used = mapUse(row);
  if (row.backlogBytes !== undefined)
    return `${formatSize(used, units)}/${formatSize(row.max_entries, units)}`;
  return `${used ?? '-'}/${row.max_entries}`;
}

function fillOf(row: LiveMap, unicode: boolean): Span {
  const fill = mapFill(row);
  if (fill === undefined) return { text: '' };
  return { text: gauge(fill, GAUGE, unicode), style: fill >= NEARLY_FULL ? 'warning' : 'bpf-maps' };
}

/** The owner if known: a process, or only programs; and the cgroup, or elsewhere. */
function ownerOf({ holders = [], anonymous, cgroup, elsewhere, orphaned }: LiveMap): string {
  const [holder] = holders;
  const more = holders.length > 1 ? ` +${holders.length - 1}` : '';
  const who =
    holder === undefined ? (anonymous === true ? 'anonymous' : '') : `${holder.comm} ${holder.pid}${more}`;
  const where =
    orphaned === true
      ? 'orphaned'
      : elsewhere === true
        ? 'elsewhere'
        : cgroup === undefined
          ? ''
          : `in ${cgroup}`;
  return [who, where].filter((text) => text !== '').join(', ') || '-';
}

function renderTotals(view: View, entries: readonly MapEntry[]): Span[] {
  const { units } = view.ui;
  const all = view.data.maps.size;
  const bytes = sumOf(entries, (row) => row.bytes);
  const uncharged = sumOf(entries, ({ unchargedBytes }) => unchargedBytes);
  const count = view.ui.maps.filter === '' ? `${all}` : `${entries.length} of ${all}`;
  const spans: Span[] = [
    { text: `  ${count} ${all === 1 ? 'map' : 'maps'}, `, style: 'dim' },
    { text: formatSize(bytes, units), style: 'strong' },
  ];
  if (uncharged > 0) spans.push({ text: `, ${formatSize(uncharged, units)} uncharged`, style: 'dim' });
  return spans;
}

function sumOf(entries: Iterable<MapEntry>, bytesOf: (row: LiveMap) => number): number {
  let sum = 0;
  for (const { row } of entries) sum += bytesOf(row);
  return sum;
}
