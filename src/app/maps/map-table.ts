/** `cmemstat maps` as a table with bars. */

import { type Align, alignColumns } from '../../format/align-columns.ts';
import { hintSuffix } from '../../format/hint.ts';
import { plural } from '../../format/plural.ts';
import { safeLine, safeText } from '../../format/safe-text.ts';
import { formatBytes, formatPercent } from '../../format/units.ts';
import { printableLines } from '../../format/wrap-lines.ts';
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { BpfAttribution } from '../../model/bpf-inventory.ts';
import type { ListedMap, MapGroup, MapListing, MapTotals } from './listing.ts';

/** Formatting options of the table. */
export interface MapTableStyle {
  plainBytes: boolean;
  /** The group key, as a column title; absent without groups. */
  groupedBy?: string | undefined;
  /** Maximum line width; absent for no limit. */
  columns?: number | undefined;
}

/** The contents of the table. */
export interface MapTableInput {
  readonly attribution: BpfAttribution;
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly advice: readonly BpfAdvice[] | undefined;
}

const BAR_WIDTH = 12;
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** The table as lines: a row per map or group, merged rows, the total, advice. */
export function renderMapTable(listing: MapListing, input: MapTableInput, style: MapTableStyle): string[] {
  const size = sizeFormat(style);
  const rows = listing.groups ?? listing.maps ?? [];
  const others = listing.others === undefined ? [] : [listing.others];
  const scale = {
    largest: Math.max(1, ...[...rows, ...others].map(({ bytes }) => bytes)),
    total: Math.max(1, listing.totals.bytes),
    size,
    hasUncharged: listing.totals.unchargedBytes > 0,
  };
  const header = [
    ...['bytes', '', 'share', ...(scale.hasUncharged ? ['uncharged'] : [])],
    ...(style.groupedBy === undefined
      ? ['id', 'name', 'type', 'used', 'of', 'held by', 'cgroup']
      : ['maps', style.groupedBy]),
  ];
  const cells = [
    header,
    ...(listing.groups?.map((group) => [...costCells(group, scale), ...groupCells(group)]) ?? []),
    ...(listing.maps?.map((map) => [...costCells(map, scale), ...mapCells(map)]) ?? []),
    ...others.map((folded) => [
      ...costCells(folded, scale),
      ...(style.groupedBy === undefined
        ? ['', `others (${folded.rows})`]
        : [String(folded.maps), `others (${folded.rows})`]),
    ]),
  ];
  const { lines, dropped } =
    rows.length + others.length === 0
      ? { lines: [], dropped: [] }
      : fitColumns(cells, header, style.columns ?? Number.POSITIVE_INFINITY);
  const { hidden } = listing;
  const { columns } = style;
  return [
    ...lines.map((line) => safeLine(line.slice(0, columns))),
    ...printableLines(
      [
        ...(dropped.length === 0 ? [] : [`not shown in ${columns} columns: ${dropped.join(', ')}`]),
        ...(hidden === undefined
          ? []
          : [`and ${hidden.rows} more ${hidden.rows === 1 ? 'row' : 'rows'}: ${size(hidden.bytes)}`]),
        ...(lines.length === 0 ? [] : ['']),
        describeTotal(listing.totals, style),
        ...renderAttribution(input),
        ...renderAdvice(input.advice, size),
      ],
      columns,
    ),
  ];
}

/** The columns that a narrow terminal does without, the least important first. */
const DROPPED_FIRST = ['', 'share', 'of', 'used', 'uncharged', 'type', 'id'];

/** What the last column keeps at least, before and after all other columns are left out. Unit: characters. */
const LAST_COLUMN_WIDTH = 24;
const MIN_CELL_WIDTH = 8;

/**
 * The rows without as many columns as are needed to fit, and the names of those columns. If that is not
 * enough, the last column (a cgroup or the key of a group) is shortened at its start: its end is what
 * differs.
 */
function fitColumns(
  cells: readonly (readonly string[])[],
  header: readonly string[],
  columns: number,
): { lines: string[]; dropped: string[] } {
  const dropped: string[] = [];
  const shown = () => header.map((title) => !dropped.includes(title));
  const layOut = () => {
    const isShown = shown();
    const rows = cells.map((row) => row.filter((_, index) => isShown[index]));
    return { rows, lines: alignColumns(rows, header.filter((_, index) => isShown[index]).map(alignmentOf)) };
  };
  let { rows, lines } = layOut();
  const width = () => Math.max(...lines.map(({ length }) => length));
  const widest = Math.max(...cells.map((row) => row[header.length - 1]?.length ?? 0));
  const shortest = () => width() - Math.max(0, widest - LAST_COLUMN_WIDTH);
  for (const title of DROPPED_FIRST) {
    if (shortest() <= columns) break;
    if (!header.includes(title)) continue;
    dropped.push(title);
    ({ rows, lines } = layOut());
  }
  const excess = width() - columns;
  if (excess > 0) {
    const last = (rows[0]?.length ?? 1) - 1;
    const room = Math.max(MIN_CELL_WIDTH, widest - excess);
    const shorten = (text: string) => (text.length <= room ? text : `…${text.slice(1 - room)}`);
    const short = rows.map((row) => row.map((cell, index) => (index === last ? shorten(cell) : cell)));
    lines = alignColumns(short, (rows[0] ?? []).map(alignmentOf));
  }
  return { lines, dropped: dropped.map((title) => title || 'bar') };
}

/**
 * The sum only, also in KiB as `jq 'map(.bytes_memlock) | add / 1024'` prints it; in plain bytes one number.
 */
export function renderMapTotal(totals: MapTotals, style: MapTableStyle): string {
  return style.plainBytes ? String(totals.bytes) : describeTotal(totals, style);
}

function describeTotal(totals: MapTotals, style: MapTableStyle): string {
  const { maps, bytes, atLeast, unchargedBytes } = totals;
  const size = sizeFormat(style);
  const sum = style.plainBytes ? `${bytes} bytes` : `${formatBytes(bytes)} (${bytes / 1024} KiB)`;
  const uncharged = unchargedBytes === 0 ? '' : `, ${size(unchargedBytes)} of it charged to no cgroup`;
  const least = atLeast === undefined ? '' : 'at least ';
  return `${plural(maps, 'map')}, ${least}${sum}${uncharged}`;
}

function sizeFormat({ plainBytes }: MapTableStyle): (bytes: number) => string {
  return plainBytes ? String : formatBytes;
}

interface Scale {
  largest: number;
  total: number;
  size: (bytes: number) => string;
  hasUncharged: boolean;
}

function costCells(
  cost: { bytes: number; atLeast: true | undefined; unchargedBytes: number },
  scale: Scale,
): string[] {
  const { largest, total, size, hasUncharged } = scale;
  const least = cost.atLeast === undefined ? '' : '≥';
  const cells = [least + size(cost.bytes), bar(cost.bytes / largest), formatPercent(cost.bytes / total)];
  if (hasUncharged) cells.push(cost.unchargedBytes === 0 ? '-' : size(cost.unchargedBytes));
  return cells;
}

function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  return `${'█'.repeat(Math.floor(eighths / 8))}${BLOCKS[eighths % 8] ?? ''}`;
}

function groupCells({ key, maps }: MapGroup): string[] {
  return [String(maps), key === undefined ? '(none)' : safeText(key)];
}

function mapCells(map: ListedMap): string[] {
  const isRingBuffer = map.backlogBytes !== undefined;
  const used = isRingBuffer ? map.backlogBytes : map.elements;
  return [
    String(map.id),
    map.name === '' ? '-' : safeText(map.name),
    map.type,
    used === undefined ? '-' : String(used),
    String(map.max_entries),
    heldBy(map),
    cgroupCell(map),
  ];
}

function cgroupCell({ cgroup, orphaned }: ListedMap): string {
  const path = cgroup === undefined ? undefined : safeText(cgroup);
  if (orphaned !== true) return path ?? '-';
  return path === undefined ? 'removed' : `removed, now ${path}`;
}

function heldBy({ holders, anonymous, programs, pinned }: ListedMap): string {
  const [holder] = holders;
  if (holder !== undefined) {
    const more = holders.length > 1 ? ` +${holders.length - 1}` : '';
    return `${safeText(holder.comm)} ${holder.pid}${more}`;
  }
  const [program] = programs;
  if (anonymous === true) {
    const more = programs.length > 1 ? ` +${programs.length - 1}` : '';
    return program === undefined ? 'anonymous' : `prog ${safeText(program.name) || program.id}${more}`;
  }
  return pinned.length > 0 ? 'pinned' : '-';
}

const LEFT_ALIGNED: ReadonlySet<string> = new Set([
  '',
  'name',
  'type',
  'held by',
  'cgroup',
  'comm',
  'pin-dir',
  'prog',
]);

function alignmentOf(title: string): Align {
  return LEFT_ALIGNED.has(title) ? 'left' : 'right';
}

function renderAttribution({ attribution, reason, hint }: MapTableInput): string[] {
  if (attribution === 'memcg') return [];
  const remedy = hintSuffix(hint, safeText);
  return [`owners are known only from their descriptors: ${safeText(reason ?? 'unknown')}${remedy}`];
}

function renderAdvice(advice: MapTableInput['advice'], size: (bytes: number) => string): string[] {
  if (advice === undefined) return [];
  if (advice.length === 0) return ['', 'advice: no savings found'];
  return [
    '',
    'advice:',
    ...advice.flatMap(({ text, options = [], projection = [] }) => [
      `  ${safeText(text)}`,
      ...options.map(({ change, savesBytes }) => `    ${change}: saves ${size(savesBytes)}`),
      ...projection.map(
        ({ possibleCpus, bytes, unchargedPercpuBytes }) =>
          `    with ${possibleCpus} CPUs: ${size(bytes)}, ${size(unchargedPercpuBytes)} of it charged to no cgroup`,
      ),
    ]),
  ];
}
