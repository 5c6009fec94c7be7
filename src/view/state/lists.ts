/** The rows of lists: filter, order and visible range. Does not format anything. */
import { compileGlob, type NamePattern } from '../../format/glob.ts';
import type { LiveMap } from '../../model/recording.ts';
import { growthOfSteps, type Steps } from '../../statistics/step-growth.ts';
import { shownGrowth } from '../../statistics/trend.ts';
import type { MapEntry, PanelId, ProcessEntry, TableId, UiState, View } from './view.ts';

/** A process in its list; in tree mode below its parent. */
export interface ProcessListRow {
  entry: ProcessEntry;
  /** 0 for roots, and for all processes in a flat list. */
  depth: number;
  /** Whether it is the last child of its parent. */
  isLast: boolean;
  /** The parent row; undefined for roots. */
  parent: ProcessListRow | undefined;
}

/** The visible rows: from the first up to, not including, the last. */
export interface ListWindow {
  from: number;
  to: number;
}

/** How the rows of a panel are used. */
export interface ListParts {
  /** 1 if there is a title line. */
  header: number;
  rows: number;
  /** 1 if there is a line of totals. */
  footer: number;
}

/** The maps that match the filter, in the selected order. */
export function visibleMaps(view: View): MapEntry[] {
  const { sort, reverse, filter } = view.ui.maps;
  const matches = matcherOf(filter);
  const entries = [...view.data.maps.values()];
  const shown = matches === undefined ? entries : entries.filter(({ row }) => matches(findableMap(row)));
  return sortBy(shown, mapKey(view, sort), (entry) => entry.row.id, reverse);
}

/** The processes that match the filter: sorted, or as a tree with sorted siblings. */
export function visibleProcesses(view: View): ProcessListRow[] {
  const { sort, reverse, filter, tree } = view.ui.processes;
  const matches = matcherOf(filter);
  const entries = [...view.data.processes.values()];
  const shown = matches === undefined ? entries : entries.filter((entry) => matches(findableProcess(entry)));
  const sorted = sortBy(shown, processKey(view, sort), (entry) => entry.row.pid, reverse);
  if (tree) return asTree(sorted);
  return sorted.map((entry) => ({ entry, depth: 0, isLast: false, parent: undefined }));
}

/** Whether a panel is a list whose rows can be selected. */
export function isTable(panel: PanelId): panel is TableId {
  return panel === 'maps' || panel === 'processes';
}

/** The ids or pids of a list, in display order. */
export function selectableIds(view: View, list: TableId): number[] {
  return list === 'maps'
    ? visibleMaps(view).map(({ row }) => row.id)
    : visibleProcesses(view).map(({ entry }) => entry.row.pid);
}

/** The index of the selected id; 0 if it does not exist. */
export function selectedIndex<Row>(
  rows: readonly Row[],
  idOf: (row: Row) => number,
  selected: number | undefined,
): number {
  return selected === undefined
    ? 0
    : Math.max(
        0,
        rows.findIndex((row) => idOf(row) === selected),
      );
}

/** The rows from `top` on, scrolled only as far as needed to show the selected one. */
export function listWindow(count: number, selected: number, rows: number, top: number): ListWindow {
  const nearest = Math.max(selected - rows + 1, Math.min(selected, top));
  const from = Math.max(0, Math.min(count - rows, nearest));
  return { from, to: Math.min(count, from + Math.max(0, rows)) };
}

/** A title line, and a line of totals if at least three rows remain or a filter is set. */
export function listParts(height: number, filter: string): ListParts {
  const header = height >= 2 ? 1 : 0;
  const footer = height >= 5 || (filter !== '' && height >= 3) ? 1 : 0;
  return { header, footer, rows: Math.max(0, height - header - footer) };
}

/**
 * The id or pid at a row of a panel of this height, counted from its first line; undefined if there is none.
 */
export function idAtRow(view: View, list: TableId, height: number, row: number): number | undefined {
  const { ids, header, from, to } = inSight(view, list, height);
  const at = from + row - header;
  return row < header || at >= to ? undefined : ids[at];
}

/** The number of rows above the visible part in a panel of this height. */
export function topOfList(view: View, list: TableId, height: number): number {
  const { rows } = listParts(height, view.ui[list].filter);
  // If all rows fit, sorting is unnecessary.
  return view.data[list].size <= rows ? 0 : inSight(view, list, height).from;
}

function inSight(view: View, list: TableId, height: number) {
  const { filter, selected, top } = view.ui[list];
  const ids = selectableIds(view, list);
  const { header, rows } = listParts(height, filter);
  return { ids, header, ...listWindow(ids.length, selectedIndex(ids, Number, selected), rows, top) };
}

/** The growth of a map; undefined until it can be estimated, 0 if none is certain. Unit: bytes per minute. */
export function mapGrowth({ data }: View, { steps, seenMs }: MapEntry): number | undefined {
  return estimate(steps, seenMs, data.runningMs, data.start?.bpfIntervalMs);
}

/** Same as `mapGrowth`, for the RSS of a process. */
export function processGrowth({ data }: View, { steps, seenMs }: ProcessEntry): number | undefined {
  return estimate(steps, seenMs, data.runningMs, data.start?.processIntervalMs);
}

/** The last estimate of each row: sorting needs it several times per frame. */
const estimates = new WeakMap<Steps, { toMs: number; growth: number | undefined }>();

/** The interval of readings of recordings that do not name it. Unit: milliseconds. */
const DEFAULT_INTERVAL_MS = 1000;

function estimate(
  steps: Steps,
  seenMs: number,
  toMs: number,
  intervalMs = DEFAULT_INTERVAL_MS,
): number | undefined {
  const last = estimates.get(steps);
  if (last?.toMs === toMs) return last.growth;
  const growth = shownGrowth(growthOfSteps(steps, seenMs, toMs, intervalMs));
  estimates.set(steps, { toMs, growth });
  return growth;
}

/**
 * The size of a row in relative mode: since the start, which is when it was first seen, or since the pause.
 * Undefined in absolute mode. Unit: bytes.
 */
export function relativeBytes(
  { base, ui }: View,
  name: string,
  bytes: number,
  firstBytes: number,
): number | undefined {
  if (ui.relative === undefined || base === undefined) return undefined;
  return bytes - (ui.relative === 'start' ? firstBytes : (base.get(name) ?? 0));
}

/**
 * The usage and the capacity of a map: elements, or bytes for ring buffers. Undefined if the kernel does not
 * report it.
 */
export function mapUse({ backlogBytes, elements }: LiveMap): number | undefined {
  return backlogBytes ?? elements;
}

/** The fill level of a map, from 0 to 1. */
export function mapFill(row: LiveMap): number | undefined {
  const used = mapUse(row);
  return used === undefined || row.max_entries <= 0 ? undefined : used / row.max_entries;
}

type Key = number | string | undefined;

/**
 * The default order of a column: sizes descend, names and identifying numbers ascend.
 */
const ASCENDING: ReadonlySet<string> = new Set(['name', 'type', 'id', 'comm', 'pid']);

/** Whether the values of a column ascend. */
export function isAscending({ sort, reverse }: UiState['maps'] | UiState['processes']): boolean {
  return ASCENDING.has(sort) !== reverse;
}

function mapKey(view: View, sort: UiState['maps']['sort']): { of: (entry: MapEntry) => Key; up: boolean } {
  const up = ASCENDING.has(sort);
  switch (sort) {
    case 'bytes':
      return { up, of: ({ row }) => row.bytes };
    case 'growth':
      return { up, of: (entry) => mapGrowth(view, entry) };
    case 'elements':
      return { up, of: ({ row }) => mapUse(row) };
    case 'fill':
      return { up, of: ({ row }) => mapFill(row) };
    case 'uncharged':
      return { up, of: ({ row }) => row.unchargedBytes };
    case 'name':
      return { up, of: ({ row }) => row.name.toLowerCase() };
    case 'type':
      return { up, of: ({ row }) => row.type };
    case 'id':
      return { up, of: ({ row }) => row.id };
  }
}

function processKey(
  view: View,
  sort: UiState['processes']['sort'],
): { of: (entry: ProcessEntry) => Key; up: boolean } {
  const up = ASCENDING.has(sort);
  switch (sort) {
    case 'growth':
      return { up, of: (entry) => processGrowth(view, entry) };
    case 'cpu':
      return { up, of: ({ row }) => row.cpuPercent };
    case 'comm':
      return { up, of: ({ row }) => row.comm.toLowerCase() };
    case 'rss':
    case 'pss':
    case 'threads':
    case 'fds':
    case 'pid':
      return { up, of: ({ row }) => row[sort] };
  }
}

/** Rows without a key are last in both directions; equal rows are ordered by id. */
function sortBy<Row>(
  rows: readonly Row[],
  { of, up }: { of: (row: Row) => Key; up: boolean },
  idOf: (row: Row) => number,
  reverse: boolean,
): Row[] {
  const sign = up === reverse ? -1 : 1;
  return rows
    .map((row) => ({ row, key: of(row), id: idOf(row) }))
    .sort((a, b) => {
      if (a.key === b.key) return a.id - b.id;
      if (a.key === undefined) return 1;
      if (b.key === undefined) return -1;
      return a.key < b.key ? -sign : sign;
    })
    .map(({ row }) => row);
}

/** Places children below their parents, keeping their relative order. */
function asTree(sorted: readonly ProcessEntry[]): ProcessListRow[] {
  const pids = new Set(sorted.map(({ row }) => row.pid));
  const children = new Map<number, ProcessEntry[]>();
  const roots: ProcessEntry[] = [];
  for (const entry of sorted) {
    const { pid, ppid } = entry.row;
    const siblings = children.get(ppid);
    if (ppid === pid || !pids.has(ppid)) roots.push(entry);
    else if (siblings === undefined) children.set(ppid, [entry]);
    else siblings.push(entry);
  }
  const rows: ProcessListRow[] = [];
  const placed = new Set<number>();
  for (const root of roots) placeBelow(root, children, rows, placed);
  // A cycle of parents: possible if rows were read at different times and a pid was reused.
  for (const entry of sorted) if (!placed.has(entry.row.pid)) placeBelow(entry, children, rows, placed);
  return rows;
}

function placeBelow(
  root: ProcessEntry,
  children: ReadonlyMap<number, readonly ProcessEntry[]>,
  rows: ProcessListRow[],
  placed: Set<number>,
): void {
  const waiting: ProcessListRow[] = [{ entry: root, depth: 0, isLast: true, parent: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { pid } = next.entry.row;
    if (placed.has(pid)) continue;
    placed.add(pid);
    rows.push(next);
    const below = children.get(pid) ?? [];
    for (let index = below.length - 1; index >= 0; index--) {
      const entry = below[index];
      if (entry === undefined) continue;
      waiting.push({ entry, depth: next.depth + 1, isLast: index === below.length - 1, parent: next });
    }
  }
}

/** The texts that a row can be found by. */
interface Findable {
  words: readonly string[];
  numbers: readonly number[];
}

/**
 * Whether a word contains the filter, or matches the filter as a glob; numbers must match completely.
 * Undefined without a filter.
 */
function matcherOf(filter: string): ((row: Findable) => boolean) | undefined {
  if (filter === '') return undefined;
  const wanted = filter.toLowerCase();
  const glob = /[*?]/.test(wanted) ? globOf(wanted.replace(/\*+/g, '*')) : undefined;
  if (glob !== undefined) {
    return ({ words, numbers }) =>
      words.some((word) => glob.test(word.toLowerCase())) ||
      numbers.some((number) => glob.test(String(number)));
  }
  return ({ words, numbers }) =>
    words.some((word) => word.toLowerCase().includes(wanted)) ||
    numbers.some((number) => String(number) === wanted);
}

function globOf(pattern: string): NamePattern | undefined {
  try {
    return compileGlob(pattern);
  } catch {
    // An invalid set, such as `[z-a]`, which may still be being typed.
    return undefined;
  }
}

function findableMap({ id, name, type, cgroup = '', holders = [] }: LiveMap): Findable {
  return {
    words: [name, type, cgroup, ...holders.map(({ comm }) => comm)],
    numbers: [id, ...holders.map(({ pid }) => pid)],
  };
}

function findableProcess({ row: { pid, comm, cgroup = '' }, program }: ProcessEntry): Findable {
  return { words: [comm, cgroup, program?.user ?? '', program?.command?.join(' ') ?? ''], numbers: [pid] };
}
