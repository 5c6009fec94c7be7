/**
 * The BPF memory of a leaf as recorded by the kernel; loaded and opened only for targets that are not short.
 */
import { ToolError } from '../../errors.ts';
import { openIteratorObjects } from '../../kernel/bpf/iter/iterator-objects.ts';
import { openMapIterator } from '../../kernel/bpf/iter/map-iterator.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { BPF_F_NO_PREALLOC } from '../../kernel/bpf/sys/bpf-enums.ts';
import type { HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import { type AdvisedMap, adviseOnMaps, type BpfAdvice } from '../../model/bpf-advice.ts';
import type { InventoryMap, InventorySnapshot } from '../../model/bpf-inventory.ts';
import type { BpfPlaces, BpfSize, BpfTotals } from '../../model/bpf-totals.ts';
import type { LiveMap } from '../../model/recording.ts';
import type { RowDifference } from '../../model/row-changes.ts';
import { type BpfInventory, bpfInventoryOver } from './inventory.ts';
import { LiveMaps } from './live-maps.ts';

/** The maps of a run at its largest, and what could be saved on them. */
export interface RunMaps {
  maps: readonly InventoryMap[];
  advice: BpfAdvice[];
}

/** The BPF memory of one leaf. */
export interface LeafBpf {
  /** Whether the kernel reports which maps are charged to the leaf. */
  readonly attributes: boolean;
  /** Why it does not. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  /** Reads the leaf once. @throws ToolError when a right was lost meanwhile. */
  read(): LeafReading;
  /** The maps that are charged now. */
  maps(): readonly InventoryMap[];
  /** The maps at the reading where they took most, and the advice on them. */
  largest(): RunMaps;
  close(): void;
}

/** One reading of a leaf: its totals and its maps are of the same moment. */
export interface LeafReading {
  /** What is charged; undefined where the kernel does not attribute maps to the leaf. */
  totals: LeafTotals | undefined;
  /**
   * The maps that are new or have changed since the reading before; where nothing is attributed, those that
   * the processes hold. Undefined when nothing has changed, or maps are not listed.
   */
  maps: RowDifference<LiveMap> | undefined;
}

/** The part of the totals that the kernel's own record of the charge gives. */
export type LeafTotals = Required<Pick<BpfTotals, 'charged' | 'uncharged' | 'heldElsewhere' | 'anonymous'>>;

/** Whose BPF memory it is. */
export interface LeafOwner {
  /** The inode number of the leaf's directory; undefined in process-tree mode. */
  cgroupId: bigint | undefined;
  /** The processes of the leaf at the time of a reading. */
  pids: () => readonly number[];
  /** What one of them holds. */
  heldOf: (pid: number) => HeldBpf;
  /**
   * The path of a cgroup below the leaf, relative to it; undefined when there is none with this inode number.
   */
  nameNested: (cgroupId: bigint) => string | undefined;
  /** Whether each reading lists the maps that have changed. */
  listsMaps: boolean;
}

/** Opens the iterators. @throws ToolError when refused. */
export function openLeafBpf(bpf: Bpf, owner: LeafOwner): LeafBpf {
  const { cgroupId, pids, heldOf, nameNested, listsMaps } = owner;
  const inventory = bpfInventoryOver(bpf, { cgroupId, holders: false, pids, heldOf });
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
    maps: () => inventory.read().maps,
    largest: () => largest.result(),
    close: () => inventory.close(),
  };
}

/** Whether a leaf may have maps, checked with the cheapest iterator. True if that cannot decide. */
export function mayHaveMaps(bpf: Bpf, cgroupId: bigint | undefined): boolean {
  try {
    const iterator = openMapIterator(bpf, openIteratorObjects(), { cgroupId });
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

/** The totals of a leaf from one reading of what is charged to it. */
export function leafTotals(snapshot: InventorySnapshot): LeafTotals {
  const { maps, programs, heldElsewhere } = snapshot;
  const programBytes = sumOf(programs, ({ bytes }) => bytes);
  const places: BpfPlaces = { vmalloc: programBytes.bytes, slab: 0, percpu: 0, pages: 0 };
  for (const map of maps) places[placeOf(map)] += chargedBytes(map);
  return {
    charged: { maps: sumOf(maps, chargedBytes), programs: programBytes, places },
    uncharged: {
      maps: sumOf(
        maps.filter(({ unchargedBytes }) => unchargedBytes > 0),
        ({ unchargedBytes }) => unchargedBytes,
      ),
    },
    heldElsewhere: { maps: sumOf(heldElsewhere, ({ bytes }) => bytes) },
    anonymous: {
      maps: sumOf(
        maps.filter(({ anonymous }) => anonymous === true),
        ({ bytes }) => bytes,
      ),
    },
  };
}

const chargedBytes = (map: InventoryMap) => Math.max(0, map.bytes - map.unchargedBytes);

function sumOf<T>(objects: readonly T[], bytesOf: (object: T) => number): BpfSize {
  return { count: objects.length, bytes: objects.reduce((sum, object) => sum + bytesOf(object), 0) };
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
 * Remembers the maps of the reading in which they took most. What it keeps is bounded by the maps of two
 * readings.
 */
class LargestReading {
  readonly #inventory: BpfInventory;
  #seen = new Map<number, AdvisedMap>();
  #bytes = -1;
  #maps: readonly InventoryMap[] = [];
  #advised: readonly AdvisedMap[] = [];

  constructor(inventory: BpfInventory) {
    this.#inventory = inventory;
  }

  observe({ maps }: InventorySnapshot): void {
    const seen = new Map<number, AdvisedMap>();
    let bytes = 0;
    for (const map of maps) {
      bytes += map.bytes;
      const before = this.#seen.get(map.id);
      seen.set(map.id, {
        ...map,
        liveElements: most(before?.liveElements, map.elements),
        peakBacklogBytes: most(before?.peakBacklogBytes, map.backlogBytes),
      });
    }
    this.#seen = seen;
    if (bytes < this.#bytes) return;
    this.#bytes = bytes;
    this.#maps = maps;
    this.#advised = [...seen.values()];
  }

  result(): RunMaps {
    return { maps: this.#maps, advice: adviseOnMaps(this.#advised, this.#inventory.computeCost) };
  }
}

function most(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
