/**
 * The BPF memory charged to a leaf; only loaded and opened for targets that run for a while.
 */
import { ToolError } from '../../errors.ts';
import { openMapIterator } from '../../kernel/bpf/iter/map-iterator.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { BPF_F_NO_PREALLOC } from '../../kernel/bpf/sys/bpf-enums.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import { type AdvisedMap, adviseOnMaps, type BpfAdvice } from '../../model/bpf-advice.ts';
import type { InventoryMap, InventorySnapshot } from '../../model/bpf-inventory.ts';
import type { BpfPlaces, BpfSize, BpfTotals } from '../../model/bpf-totals.ts';
import { bytesByName } from '../../model/bytes-by-name.ts';
import type { LiveMap } from '../../model/recording.ts';
import type { RowDifference } from '../../model/row-changes.ts';
import { type BpfInventory, bpfInventoryOver } from './inventory.ts';
import { LiveMaps } from './live-maps.ts';
import type { PreparedIterators } from './source.ts';

/** The maps of a run at their maximum, and advice on savings. */
export interface RunMaps {
  maps: readonly InventoryMap[];
  advice: BpfAdvice[];
  /** The maps that were held but charged elsewhere: the largest sizes by name. */
  elsewhere: Record<string, number>;
  /** The same for those of removed cgroups. */
  orphaned: Record<string, number>;
}

/** The BPF memory of one leaf. */
export interface LeafBpf {
  /** Whether the kernel reports which maps are charged to the leaf. */
  readonly attributes: boolean;
  /** Why the kernel does not report it. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  /** Reads the leaf once. @throws ToolError if a permission was lost meanwhile. */
  read(): LeafReading;
  /** Reads only the totals. @throws ToolError if a permission was lost meanwhile. */
  totals(): LeafTotals;
  /** The currently charged maps. */
  maps(): readonly InventoryMap[];
  /** The maps at the reading with the maximum total, and the advice on them. */
  largest(): RunMaps;
  close(): void;
}

/** One reading of a leaf: totals and maps refer to the same time. */
export interface LeafReading {
  /** Charged memory; undefined if the kernel does not attribute maps to the leaf. */
  totals: LeafTotals | undefined;
  /**
   * The maps that are new or changed since the previous reading; without attribution, those that the
   * processes hold. Undefined if nothing changed, or maps are not listed.
   */
  maps: RowDifference<LiveMap> | undefined;
}

/** The totals that depend on which cgroup the kernel charges. */
export type LeafTotals = Required<Pick<BpfTotals, 'charged' | 'uncharged' | 'heldElsewhere' | 'anonymous'>> &
  Pick<BpfTotals, 'orphaned'>;

/** The owner of BPF memory. */
export interface LeafOwner {
  /** The inode number of the leaf's directory; undefined in process-tree mode. */
  cgroupId: bigint | undefined;
  /** The processes of the leaf at the time of a reading. */
  pids: () => readonly number[];
  /** The objects that a process holds. */
  heldOf: (pid: number) => HeldBpf;
  /**
   * The path of a descendant cgroup, relative to the leaf; undefined if no cgroup has this inode number.
   */
  nameNested: (cgroupId: bigint) => string | undefined;
  /** Whether each reading lists changed maps. */
  listsMaps: boolean;
}

/** Opens the iterators. @throws ToolError if that is not permitted. */
export function openLeafBpf(bpf: Bpf, prepared: PreparedIterators, owner: LeafOwner): LeafBpf {
  const { cgroupId, pids, heldOf, nameNested, listsMaps } = owner;
  const inventory = bpfInventoryOver(bpf, prepared, { cgroupId, holders: false, pids, heldOf });
  const attributes = inventory.attribution === 'memcg' && cgroupId !== undefined;
  const largest = new LargestReading(inventory);
  const live = new LiveMaps(cgroupId, nameNested);
  return {
    attributes,
    reason: inventory.reason,
    hint: inventory.hint,
    read() {
      if (!attributes && !listsMaps) return { totals: undefined, maps: undefined };
      const snapshot = inventory.read();
      if (attributes) largest.observe(snapshot);
      return {
        totals: attributes ? leafTotals(snapshot) : undefined,
        maps: listsMaps ? live.update(snapshot) : undefined,
      };
    },
    totals() {
      const snapshot = inventory.read();
      largest.observe(snapshot);
      return leafTotals(snapshot);
    },
    maps: () => inventory.read().maps,
    largest: () => largest.result(),
    close: () => inventory.close(),
  };
}

/**
 * Whether a leaf may have maps, checked with the cheapest iterator. Returns true if it cannot determine that.
 */
export function mayHaveMaps(bpf: Bpf, prepared: PreparedIterators, cgroupId: bigint | undefined): boolean {
  if (prepared instanceof ToolError) return true;
  try {
    const iterator = openMapIterator(bpf, prepared, { cgroupId });
    try {
      return iterator.read().length > 0;
    } finally {
      iterator.close();
    }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return true;
  }
}

/** The totals of a leaf, from one reading of its charged objects. */
export function leafTotals(snapshot: InventorySnapshot): LeafTotals {
  const { maps, programs, heldElsewhere } = snapshot;
  const programBytes = sumOf(programs, ({ bytes }) => bytes);
  const orphaned = orphanedOf(snapshot);
  const places: BpfPlaces = { vmalloc: programBytes.bytes, slab: 0, percpu: 0, pages: 0 };
  for (const map of maps) places[placeOf(map)] += chargedBytes(map);
  return {
    charged: { maps: sumOfMaps(maps, chargedBytes), programs: programBytes, places },
    uncharged: {
      maps: sumOf(
        maps.filter(({ unchargedBytes }) => unchargedBytes > 0),
        ({ unchargedBytes }) => unchargedBytes,
      ),
    },
    heldElsewhere: { maps: sumOfMaps(heldElsewhere, ({ bytes }) => bytes) },
    ...(orphaned.length === 0 ? {} : { orphaned: { maps: sumOfMaps(orphaned, ({ bytes }) => bytes) } }),
    anonymous: {
      maps: sumOfMaps(
        maps.filter(({ anonymous }) => anonymous === true),
        ({ bytes }) => bytes,
      ),
    },
  };
}

/** Those of a cgroup that was removed, such as one that was nested in this one, or the one before it. */
function orphanedOf({ maps, heldElsewhere }: InventorySnapshot): InventoryMap[] {
  return [...maps, ...heldElsewhere].filter(({ orphaned }) => orphaned === true);
}

const chargedBytes = (map: InventoryMap) => Math.max(0, map.bytes - map.unchargedBytes);

function sumOf<T>(objects: readonly T[], bytesOf: (object: T) => number): BpfSize {
  return { count: objects.length, bytes: objects.reduce((sum, object) => sum + bytesOf(object), 0) };
}

function sumOfMaps(maps: readonly InventoryMap[], bytesOf: (map: InventoryMap) => number): BpfSize {
  const isLeast = maps.some(({ atLeast }) => atLeast);
  return { ...sumOf(maps, bytesOf), ...(isLeast ? { atLeast: true as const } : {}) };
}

/**
 * Up to here the kernel takes an area of a map from the slab. Source: `__bpf_map_area_alloc()`, 8 pages of 4
 * KiB.
 */
const MAX_SLAB_AREA = 32 * 1024;

function placeOf(map: InventoryMap): keyof BpfPlaces {
  if (map.type.endsWith('ringbuf')) return 'pages';
  const grows = (map.map_flags & BPF_F_NO_PREALLOC) !== 0;
  if (map.type.includes('percpu') && grows) return 'percpu';
  return !grows && map.bytes > MAX_SLAB_AREA ? 'vmalloc' : 'slab';
}

/**
 * Keeps the maps of the reading with the maximum total. Memory is bounded by the maps of two readings.
 */
class LargestReading {
  readonly #inventory: BpfInventory;
  #seen = new Map<number, AdvisedMap>();
  /** When each map was first read. Unit: milliseconds. */
  #since = new Map<number, number>();
  #bytes = -1;
  #maps: readonly InventoryMap[] = [];
  #advised: readonly AdvisedMap[] = [];
  readonly #elsewhere = new Map<string, number>();
  readonly #orphaned = new Map<string, number>();

  constructor(inventory: BpfInventory) {
    this.#inventory = inventory;
  }

  observe(snapshot: InventorySnapshot): void {
    const { maps, heldElsewhere } = snapshot;
    raiseByName(this.#elsewhere, heldElsewhere);
    raiseByName(this.#orphaned, orphanedOf(snapshot));
    const seen = new Map<number, AdvisedMap>();
    const since = new Map<number, number>();
    const now = monotonicMs();
    let bytes = 0;
    for (const map of maps) {
      bytes += map.bytes;
      const before = this.#seen.get(map.id);
      const sinceMs = this.#since.get(map.id) ?? now;
      since.set(map.id, sinceMs);
      seen.set(map.id, {
        ...map,
        liveElements: most(before?.liveElements, map.elements),
        peakBacklogBytes: most(before?.peakBacklogBytes, map.backlogBytes),
        observed: { readings: (before?.observed?.readings ?? 0) + 1, spanMs: now - sinceMs },
      });
    }
    this.#seen = seen;
    this.#since = since;
    if (bytes < this.#bytes) return;
    this.#bytes = bytes;
    this.#maps = maps;
    this.#advised = [...seen.values()];
  }

  /** The maps of the largest reading with what all readings have found in them. */
  #latest(): AdvisedMap[] {
    return this.#advised.map((map) => this.#seen.get(map.id) ?? map);
  }

  result(): RunMaps {
    return {
      maps: this.#maps,
      advice: adviseOnMaps(this.#latest(), this.#inventory.computeCost),
      elsewhere: Object.fromEntries(this.#elsewhere),
      orphaned: Object.fromEntries(this.#orphaned),
    };
  }
}

function raiseByName(largest: Map<string, number>, maps: readonly InventoryMap[]): void {
  for (const [name, bytes] of Object.entries(bytesByName(maps))) {
    largest.set(name, Math.max(bytes, largest.get(name) ?? 0));
  }
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
