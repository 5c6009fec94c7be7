/** The maps of a run as recorded: the changes since the previous reading. */
import { readComm } from '../../kernel/procfs/comm.ts';
import type { InventoryMap, InventorySnapshot } from '../../model/bpf-inventory.ts';
import type { LiveMap } from '../../model/recording.ts';
import { RowChanges, type RowDifference } from '../../model/row-changes.ts';

/** The maximum number of holders and programs that are listed per map: those with the lowest ids. */
const MAX_USERS = 8;

/** The inputs for a row besides the map itself. */
interface Users {
  /** Absent if holders were not read. */
  holderPids: readonly number[] | undefined;
  programs: readonly { id: number; name: string }[];
}

/** Turns readings into rows. Memory is bounded by the maps of one reading. */
export class LiveMaps {
  readonly #leafId: bigint | undefined;
  readonly #nameNested: (cgroupId: bigint) => string | undefined;
  readonly #changes = new RowChanges<LiveMap>(({ id }) => id);
  #known = new Map<number, { map: InventoryMap; row: LiveMap }>();

  /** `nameNested` returns the path of a descendant cgroup, relative to the leaf. */
  constructor(leafId: bigint | undefined, nameNested: (cgroupId: bigint) => string | undefined) {
    this.#leafId = leafId;
    this.#nameNested = nameNested;
  }

  /** The changed rows; undefined if nothing changed. The first call returns all rows. */
  update(snapshot: InventorySnapshot): RowDifference<LiveMap> | undefined {
    const { maps, programs, heldElsewhere, cgroupHolders } = snapshot;
    const programsOf = new Map<number, { id: number; name: string }[]>();
    for (const { id, name, map_ids } of programs) {
      for (const mapId of map_ids) {
        const users = programsOf.get(mapId);
        if (users === undefined) programsOf.set(mapId, [{ id, name }]);
        else if (users.length < MAX_USERS) users.push({ id, name });
      }
    }
    const known = new Map<number, { map: InventoryMap; row: LiveMap }>();
    const comms = new Map<number, string>();
    const add = (map: InventoryMap, isElsewhere: boolean) => {
      const users: Users = {
        holderPids: cgroupHolders && lowestPids(cgroupHolders.get(map.id) ?? []),
        programs: programsOf.get(map.id) ?? [],
      };
      known.set(map.id, { map, row: this.#rowOf(map, isElsewhere, users, comms) });
    };
    for (const map of maps) add(map, false);
    for (const map of heldElsewhere) add(map, true);
    this.#known = known;
    return this.#changes.next([...known.values()].map(({ row }) => row));
  }

  #rowOf(map: InventoryMap, isElsewhere: boolean, users: Users, comms: Map<number, string>): LiveMap {
    const cgroup = isElsewhere ? undefined : this.#nestedOf(map);
    const before = this.#known.get(map.id);
    // An identical object has identical figures: the usual case for nearly all maps of a run.
    if (
      before?.map === map &&
      before.row.cgroup === cgroup &&
      (before.row.elsewhere === true) === isElsewhere &&
      isSameList(before.row.programs, users.programs, (a, b) => a.id === b.id) &&
      isSameList(before.row.holders, users.holderPids, (holder, pid) => holder.pid === pid)
    ) {
      return before.row;
    }
    const row = toLiveMap(map);
    if (cgroup !== undefined) row.cgroup = cgroup;
    if (isElsewhere) row.elsewhere = true;
    row.programs = [...users.programs];
    if (users.holderPids !== undefined) {
      row.holders = users.holderPids.map((pid) => ({ pid, comm: commOf(pid, comms) }));
    }
    return row;
  }

  #nestedOf({ cgroupId }: InventoryMap): string | undefined {
    return cgroupId === undefined || this.#leafId === undefined || cgroupId === this.#leafId
      ? undefined
      : this.#nameNested(cgroupId);
  }
}

function toLiveMap(map: InventoryMap): LiveMap {
  const { id, type, name, key_size, value_size, max_entries, map_flags } = map;
  const { bytes, source, unchargedBytes, elements, backlogBytes, anonymous } = map;
  const row: LiveMap = {
    id,
    type,
    name,
    key_size,
    value_size,
    max_entries,
    map_flags,
    bytes,
    source,
    unchargedBytes,
  };
  if (elements !== undefined) row.elements = elements;
  if (map.atLeast !== undefined) row.atLeast = map.atLeast;
  if (map.orphaned !== undefined) row.orphaned = map.orphaned;
  if (backlogBytes !== undefined) row.backlogBytes = backlogBytes;
  if (anonymous !== undefined) row.anonymous = anonymous;
  return row;
}

function lowestPids(holders: readonly { readonly pid: number }[]): number[] {
  return holders
    .map(({ pid }) => pid)
    .sort((a, b) => a - b)
    .slice(0, MAX_USERS);
}

function commOf(pid: number, known: Map<number, string>): string {
  let comm = known.get(pid);
  if (comm === undefined) {
    // Empty if the process has exited since its descriptors were read.
    comm = readComm(pid) ?? '';
    known.set(pid, comm);
  }
  return comm;
}

function isSameList<A, B>(
  a: readonly A[] | undefined,
  b: readonly B[] | undefined,
  isSame: (a: A, b: B) => boolean,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((each, index) => index in b && isSame(each, b[index] as B));
}
