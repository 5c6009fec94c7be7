/** Converts maps of a source to inventory entries: type names, full names, sizes. */
import { PermissionError } from '../../errors.ts';
import { guessMapFootprint, type MapShape } from '../../kernel/bpf/memory/map-formulas.ts';
import {
  chooseMapBytes,
  computeMapMemory,
  isUnderstated,
  type MapMemory,
} from '../../kernel/bpf/memory/map-memory.ts';
import type { MapHost } from '../../kernel/bpf/memory/map-struct-sizes.ts';
import {
  BPF_F_NO_PREALLOC,
  mapTypeName,
  mapTypeNumber,
  programTypeName,
} from '../../kernel/bpf/sys/bpf-enums.ts';
import type { MapFdinfo } from '../../kernel/procfs/fdinfo.ts';
import type { InventoryMap, MapBytesSource, ObjectHolderProcess } from '../../model/bpf-inventory.ts';
import { type BpfHolders, holdersOf } from './holders.ts';
import type { SourceMap } from './source.ts';

/**
 * When to open a map to read its `memlock`, which needs CAP_SYS_ADMIN and takes time. `when-needed`: if the
 * size cannot be determined otherwise. `when-different`: also if it may differ from `bytes`, before Linux
 * 6.4. `always`.
 */
export type MemlockSource = 'when-needed' | 'when-different' | 'always';

/** The dependencies of the entries; tests substitute their own. */
export interface MapEntrySources {
  /** Absent on a kernel without BTF: only memlock is available then. */
  readonly host: MapHost | undefined;
  /** Whether `memlock` is exact, if `host` is absent. */
  readonly memlockIsExact: boolean;
  readonly memlock: MemlockSource;
  /** Absent if the map no longer exists. @throws PermissionError. */
  readonly readFdinfo: (id: number) => MapFdinfo | undefined;
  readonly completeName: (name: string, btfId: number) => string;
}

/** The number of entries of removed maps that are kept before they are dropped. */
const MIN_STALE_ENTRIES = 256;

/**
 * Maps whose memlock follows the live elements; a type that we don't know may be one. Source: the
 * `map_mem_usage` callbacks of `kernel/bpf/` and `net/core/sock_map.c`.
 */
const GROWING_TYPES: ReadonlySet<number> = new Set(
  (['sockhash', 'devmap', 'devmap_hash', 'rhash', 'lpm_trie'] as const).map(mapTypeNumber),
);
const PROG_ARRAY = mapTypeNumber('prog_array');

/** Fields of fdinfo that no iterator provides. */
type MemlockInfo = Pick<MapFdinfo, 'memlock'> & Partial<Pick<MapFdinfo, 'owner_prog_type' | 'owner_jited'>>;

/** The size of a definition, or of one with this number of elements. */
interface MapSize {
  readonly computed: MapMemory | undefined;
  /** Unit: bytes. Undefined until it was read, or if it cannot be shared. */
  memlock: number | undefined;
}

interface Known {
  /** As returned by the source; sources return the same object while nothing changes. */
  map: SourceMap;
  entry: InventoryMap;
  /** Its memlock may have changed. */
  grows: boolean;
}

/**
 * The entries of all maps across reads. An entry is replaced only if something about the map changed.
 */
export class MapEntries {
  readonly #sources: MapEntrySources;
  readonly #known = new Map<number, Known>();
  /** By everything that the size depends on, for the current update; see `#sizeOf`. */
  readonly #sizes = new Map<string, MapSize>();
  /** The last update; sources return the same array while nothing changes. */
  #last: { maps: readonly SourceMap[]; holders: BpfHolders | undefined; entries: InventoryMap[] } | undefined;
  #mayOpen = true;

  constructor(sources: MapEntrySources) {
    this.#sources = sources;
  }

  /**
   * The entries of these maps; a map that disappeared before its size was known is left out.
   * @throws SyscallError, KernelFileError; UnsupportedError for a map above 2^53 bytes.
   */
  update(maps: readonly SourceMap[], holders: BpfHolders | undefined): readonly InventoryMap[] {
    if (this.#last?.maps === maps && this.#last.holders === undefined && holders === undefined) {
      return this.#last.entries;
    }
    const entries: InventoryMap[] = [];
    let anyGrows = false;
    for (const map of maps) {
      const mapHolders = holdersOf(holders, 'map', map.id);
      const known = this.#known.get(map.id);
      if (known !== undefined && !known.grows && isUnchanged(known, map, mapHolders)) {
        entries.push(known.entry);
        continue;
      }
      const entry = this.#evaluate(map, mapHolders, known?.entry);
      if (entry === undefined) continue;
      const grows = entry.memlock !== undefined && this.#grows(map);
      anyGrows ||= grows;
      if (known === undefined) this.#known.set(map.id, { map, entry, grows });
      else Object.assign(known, { map, entry });
      entries.push(entry);
    }
    this.#forgetGone(maps);
    this.#sizes.clear();
    this.#last = anyGrows ? undefined : { maps, holders, entries };
    return entries;
  }

  clear(): void {
    this.#last = undefined;
    this.#known.clear();
  }

  #evaluate(
    map: SourceMap,
    holders: readonly ObjectHolderProcess[],
    before: InventoryMap | undefined,
  ): InventoryMap | undefined {
    // Field by field: with ten thousand maps, object spread dominates the time.
    const { key_size, value_size, max_entries, map_flags, map_extra } = map;
    const shape: MapShape = { map_type: map.type, key_size, value_size, max_entries, map_flags, map_extra };
    const size = this.#sizeOf(map, shape);
    const { computed } = size;
    const fdinfo = this.#fdinfoOf(map, size, before);
    const memlock = fdinfo?.memlock ?? before?.memlock;
    const chosen = this.#choose(shape, memlock, computed);
    if (chosen === undefined) return undefined;
    return {
      id: map.id,
      type: mapTypeName(map.type) ?? String(map.type),
      map_type: map.type,
      name: before?.name ?? this.#sources.completeName(map.name, map.btf_id),
      kernelName: map.name,
      key_size,
      value_size,
      max_entries,
      map_flags,
      map_extra,
      frozen: map.frozen,
      btf_id: map.btf_id,
      owner_prog_type: programType(fdinfo?.owner_prog_type) ?? before?.owner_prog_type,
      owner_jited: fdinfo?.owner_jited ?? before?.owner_jited,
      refcnt: map.refcnt,
      usercnt: map.usercnt,
      anonymous: map.usercnt === undefined ? undefined : map.usercnt === 0,
      elements: map.elements,
      backlogBytes: map.backlogBytes,
      memlock,
      computedBytes: computed?.bytes,
      bytes: chosen.bytes,
      source: chosen.source,
      atLeast: isUnderstated({ map_type: map.type, map_flags }) || undefined,
      unchargedBytes: computed?.unchargedPercpuBytes ?? 0,
      cgroupId: map.cgroupId,
      orphaned: map.isOrphaned || undefined,
      chargeIdentity: map.chargeIdentity,
      holders,
    };
  }

  /** Maps of one definition share it: thousands of maps have few definitions. */
  #sizeOf(map: SourceMap, shape: MapShape): MapSize {
    const { host } = this.#sources;
    const { type, key_size, value_size, max_entries, map_flags, map_extra, elements } = map;
    const definition = `${type} ${key_size} ${value_size} ${max_entries} ${map_flags} ${map_extra}`;
    const key = sizeFollowsElements(map) ? `${definition} ${elements}` : definition;
    let size = this.#sizes.get(key);
    if (size === undefined) {
      size = { computed: host && computeMapMemory(shape, host, elements), memlock: undefined };
      this.#sizes.set(key, size);
    }
    return size;
  }

  /**
   * Read once for a map whose memlock does not change; absent if it is not needed or not permitted.
   */
  #fdinfoOf(map: SourceMap, size: MapSize, before: InventoryMap | undefined): MemlockInfo | undefined {
    const { computed, memlock } = size;
    if (before === undefined && map.fdinfo !== undefined) return map.fdinfo;
    if (before?.memlock !== undefined && !this.#grows(map)) return undefined;
    if (!this.#mayOpen || !this.#needsFdinfo(map, computed)) return undefined;
    const isShared = this.#sharesMemlock(map, computed);
    if (isShared && memlock !== undefined) return { memlock };
    try {
      const fdinfo = this.#sources.readFdinfo(map.id);
      if (isShared) size.memlock = fdinfo?.memlock;
      return fdinfo;
    } catch (error) {
      if (!(error instanceof PermissionError)) throw error;
      this.#mayOpen = false;
      return undefined;
    }
  }

  /**
   * Whether maps of one definition have the same `memlock`, so that only one needs to be opened. Not if
   * `memlock` may depend on more, such as the elements; nor before Linux 5.11, where it is what was charged
   * at creation; nor for the type whose fdinfo has further fields.
   *
   * Source: the `map_mem_usage` callbacks of `kernel/bpf/`; before Linux 6.4 `bpf_map_memory_footprint()` in
   * `kernel/bpf/syscall.c`.
   */
  #sharesMemlock(map: SourceMap, computed: MapMemory | undefined): boolean {
    const means = this.#sources.host?.memlockMeans;
    if (means === undefined || means === 'pages' || map.type === PROG_ARRAY) return false;
    return means !== 'usage' || (!this.#grows(map) && computed?.exact === true);
  }

  #needsFdinfo(map: SourceMap, computed: MapMemory | undefined): boolean {
    const { host, memlock: option } = this.#sources;
    if (option === 'always' || host === undefined || host.memlockMeans === 'pages') return true;
    if (option === 'when-different' && (host.memlockMeans === 'guess' || map.type === PROG_ARRAY))
      return true;
    return host.memlockMeans === 'usage' && computed?.exact !== true;
  }

  #grows(map: SourceMap): boolean {
    const { host } = this.#sources;
    if (host !== undefined && host.memlockMeans !== 'usage') return false;
    return sizeFollowsElements(map);
  }

  #choose(
    shape: MapShape,
    memlock: number | undefined,
    computed: MapMemory | undefined,
  ): { bytes: number; source: MapBytesSource } | undefined {
    const { host, memlockIsExact } = this.#sources;
    if (host === undefined) {
      const source = memlockIsExact ? 'memlock' : 'memlock-guess';
      return memlock === undefined ? undefined : { bytes: memlock, source };
    }
    if (memlock !== undefined) {
      return chooseMapBytes(computed, host, memlock);
    }
    if (computed !== undefined) return { bytes: computed.bytes, source: 'formula' };
    return { bytes: guessMapFootprint(shape, host), source: 'memlock-guess' };
  }

  #forgetGone(maps: readonly SourceMap[]): void {
    if (this.#known.size <= 2 * maps.length + MIN_STALE_ENTRIES) return;
    const alive = new Set(maps.map(({ id }) => id));
    for (const id of this.#known.keys()) {
      if (!alive.has(id)) this.#known.delete(id);
    }
  }
}

function sizeFollowsElements({ type, map_flags }: SourceMap): boolean {
  const isKnown = mapTypeName(type) !== undefined;
  return !isKnown || (map_flags & BPF_F_NO_PREALLOC) !== 0 || GROWING_TYPES.has(type);
}

function programType(type: number | undefined): string | undefined {
  return type === undefined ? undefined : (programTypeName(type) ?? String(type));
}

function isUnchanged(
  { map: before, entry }: Known,
  map: SourceMap,
  holders: readonly ObjectHolderProcess[],
): boolean {
  const isSame =
    before === map ||
    (before.elements === map.elements &&
      before.refcnt === map.refcnt &&
      before.usercnt === map.usercnt &&
      before.backlogBytes === map.backlogBytes &&
      before.chargeIdentity === map.chargeIdentity &&
      before.cgroupId === map.cgroupId &&
      before.isOrphaned === map.isOrphaned &&
      before.frozen === map.frozen);
  return isSame && areSame(entry.holders, holders);
}

function areSame(left: readonly ObjectHolderProcess[], right: readonly ObjectHolderProcess[]): boolean {
  return (
    left === right ||
    (left.length === right.length &&
      left.every(({ pid, comm }, index) => pid === right[index]?.pid && comm === right[index]?.comm))
  );
}
