/** The maps of a host as shown by `cmemstat maps`: filtered, sorted, grouped and summed. */
import type { NamePattern } from '../../format/glob.ts';
import type { InventoryMap, ObjectHolderProcess } from '../../model/bpf-inventory.ts';

/** A map with related objects. */
export interface ListedMap extends InventoryMap {
  /**
   * The path of the memory cgroup that it is charged to, relative to the mount point; absent if it cannot be
   * resolved.
   */
  readonly cgroup: string | undefined;
  /** Its pins. */
  readonly pinned: readonly string[];
  /** The programs that use it. */
  readonly programs: readonly { readonly id: number; readonly name: string }[];
}

/** Filter conditions; all must be met. */
export interface MapFilter {
  readonly pid?: number | undefined;
  readonly comm?: NamePattern | undefined;
  /** The full name or the one stored by the kernel. */
  readonly name?: NamePattern | undefined;
  readonly types?: ReadonlySet<string> | undefined;
  /** Pinned in this directory or below. */
  readonly pinnedBelow?: string | undefined;
  readonly anonymous?: boolean | undefined;
  /** Only maps whose cgroup was removed. */
  readonly orphaned?: boolean | undefined;
  /** Only maps that are known to be empty. */
  readonly unused?: boolean | undefined;
}

/** Whether a map meets the conditions. */
export function matchesFilter(map: ListedMap, filter: MapFilter): boolean {
  const { pid, comm, name, types, pinnedBelow, anonymous, orphaned, unused } = filter;
  return (
    (pid === undefined || map.holders.some((holder) => holder.pid === pid)) &&
    (comm === undefined || map.holders.some((holder) => comm.test(holder.comm))) &&
    (name === undefined || name.test(map.name) || name.test(map.kernelName)) &&
    (types === undefined || types.has(map.type)) &&
    (pinnedBelow === undefined || map.pinned.some((path) => isBelow(path, pinnedBelow))) &&
    (anonymous !== true || map.anonymous === true) &&
    (orphaned !== true || map.orphaned === true) &&
    (unused !== true || map.elements === 0)
  );
}

function isBelow(path: string, directory: string): boolean {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  return path.startsWith(prefix);
}

/** Sort keys; names and types ascend, figures descend. */
export const SORT_KEYS = [
  'bytes',
  'name',
  'elements',
  'type',
  'id',
  'uncharged',
  'max_entries',
  'count',
] as const;
/** A sort key. */
export type SortKey = (typeof SORT_KEYS)[number];

/** Group keys. */
export const GROUP_KEYS = ['name', 'type', 'cgroup', 'comm', 'pin-dir', 'prog'] as const;
/** A group key. */
export type GroupKey = (typeof GROUP_KEYS)[number];

/** The sum of several maps. Unit of sizes: bytes. */
export interface MapTotals {
  readonly maps: number;
  readonly bytes: number;
  /** Absent unless it was read for every map. */
  readonly memlock: number | undefined;
  /** Whether the kernel understates one of them. */
  readonly atLeast: true | undefined;
  /** The part of `bytes` that is not charged to any cgroup. */
  readonly unchargedBytes: number;
  /** Over maps with known elements; absent if there are none. */
  readonly elements: number | undefined;
}

/** Maps with the same group key. */
export interface MapGroup extends MapTotals {
  /** The group key; absent for maps without one (no name, no holder, no pin ...). */
  readonly key: string | undefined;
}

/** How to present maps. */
export interface ListingOptions {
  readonly sort: SortKey;
  readonly groupBy?: GroupKey | undefined;
  /** Maximum number of rows. */
  readonly top?: number | undefined;
  /** Rows below this share of all bytes are merged into one. From 0 to 1. */
  readonly threshold?: number | undefined;
}

/** The presented maps. */
export interface MapListing {
  /** The sum of all matching maps, each counted once. */
  readonly totals: MapTotals;
  /** Absent if there are groups. */
  readonly maps: readonly ListedMap[] | undefined;
  /** A map with several holders, pins or programs belongs to several groups. */
  readonly groups: readonly MapGroup[] | undefined;
  /** The sum of the rows below the threshold. */
  readonly others: (MapTotals & { readonly rows: number }) | undefined;
  /** The sum of the rows beyond the limit. */
  readonly hidden: (MapTotals & { readonly rows: number }) | undefined;
}

/** Sorts, groups and sums matching maps. */
export function evaluateListing(maps: readonly ListedMap[], options: ListingOptions): MapListing {
  const totals = totalsOf(maps);
  if (options.groupBy === undefined) {
    const { rows, others, hidden } = cut(sortMaps(maps, options.sort), options, totals, totalsOf);
    return { totals, maps: rows, groups: undefined, others, hidden };
  }
  const groups = sortGroups(groupMaps(maps, options.groupBy), options.sort);
  const { rows, others, hidden } = cut(groups, options, totals, totalsOfGroups);
  return { totals, maps: undefined, groups: rows, others, hidden };
}

function cut<T extends { bytes: number }>(
  sorted: readonly T[],
  { top, threshold }: ListingOptions,
  totals: MapTotals,
  sum: (rows: readonly T[]) => MapTotals,
): { rows: readonly T[]; others: MapListing['others']; hidden: MapListing['hidden'] } {
  const least = (threshold ?? 0) * totals.bytes;
  const large = sorted.filter(({ bytes }) => bytes >= least);
  const small = sorted.filter(({ bytes }) => bytes < least);
  const rows = large.slice(0, top ?? large.length);
  const beyond = large.slice(rows.length);
  const fold = (folded: readonly T[]) =>
    folded.length === 0 ? undefined : { ...sum(folded), rows: folded.length };
  return { rows, others: fold(small), hidden: fold(beyond) };
}

/** The sum of several maps, each counted once. */
export function totalsOf(maps: readonly InventoryMap[]): MapTotals {
  return sumUp(maps, maps.length);
}

function totalsOfGroups(groups: readonly MapGroup[]): MapTotals {
  return sumUp(
    groups,
    groups.reduce((count, { maps }) => count + maps, 0),
  );
}

function sumUp(parts: readonly Omit<MapTotals, 'maps'>[], maps: number): MapTotals {
  let bytes = 0;
  let memlock: number | undefined = 0;
  let unchargedBytes = 0;
  let elements: number | undefined;
  let atLeast: true | undefined;
  for (const part of parts) {
    bytes += part.bytes;
    memlock = memlock === undefined || part.memlock === undefined ? undefined : memlock + part.memlock;
    unchargedBytes += part.unchargedBytes;
    atLeast ??= part.atLeast;
    if (part.elements !== undefined) elements = (elements ?? 0) + part.elements;
  }
  return { maps, bytes, atLeast, memlock, unchargedBytes, elements };
}

function groupMaps(maps: readonly ListedMap[], by: GroupKey): MapGroup[] {
  const groups = new Map<string | undefined, ListedMap[]>();
  for (const map of maps) {
    const keys: (string | undefined)[] = [...new Set(keysOf(map, by))];
    for (const key of keys.length === 0 ? [undefined] : keys) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [map]);
      else group.push(map);
    }
  }
  return [...groups].map(([key, members]) => ({ key, ...totalsOf(members) }));
}

function keysOf(map: ListedMap, by: GroupKey): string[] {
  switch (by) {
    case 'name':
      return map.name === '' ? [] : [map.name];
    case 'type':
      return [map.type];
    case 'cgroup':
      return map.cgroup === undefined ? [] : [map.cgroup];
    case 'comm':
      return map.holders.map(({ comm }: ObjectHolderProcess) => comm);
    case 'pin-dir':
      return map.pinned.map((path) => path.slice(0, Math.max(1, path.lastIndexOf('/'))));
    case 'prog':
      return map.programs.map(({ id, name }) => (name === '' ? `program ${id}` : name));
  }
}

type Order<T> = (left: T, right: T) => number;

const ascending = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
/** Unknown values sort last. */
const descending = (left: number | undefined, right: number | undefined) => (right ?? -1) - (left ?? -1);

function sortMaps(maps: readonly ListedMap[], key: SortKey): ListedMap[] {
  const orders: Record<SortKey, Order<ListedMap>> = {
    bytes: (left, right) => descending(left.bytes, right.bytes),
    name: (left, right) => ascending(left.name, right.name),
    elements: (left, right) => descending(left.elements, right.elements),
    type: (left, right) => ascending(left.type, right.type),
    id: () => 0,
    uncharged: (left, right) => descending(left.unchargedBytes, right.unchargedBytes),
    max_entries: (left, right) => descending(left.max_entries, right.max_entries),
    count: () => 0,
  };
  return maps.toSorted((left, right) => orders[key](left, right) || left.id - right.id);
}

function sortGroups(groups: readonly MapGroup[], key: SortKey): MapGroup[] {
  const byKey: Order<MapGroup> = (left, right) => ascending(left.key ?? '\uffff', right.key ?? '\uffff');
  const byBytes: Order<MapGroup> = (left, right) => descending(left.bytes, right.bytes);
  const orders: Partial<Record<SortKey, Order<MapGroup>>> = {
    name: byKey,
    type: byKey,
    count: (left, right) => descending(left.maps, right.maps),
    elements: (left, right) => descending(left.elements, right.elements),
    uncharged: (left, right) => descending(left.unchargedBytes, right.unchargedBytes),
  };
  const order = orders[key] ?? byBytes;
  return groups.toSorted((left, right) => order(left, right) || byKey(left, right));
}
