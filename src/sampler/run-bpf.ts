/** BPF memory of a run: what is charged to its leaf, what is charged to nobody, what the host has. */

import { ToolError } from '../errors.ts';
import { BPF_F_NO_PREALLOC } from '../kernel/bpf/bpf-attr.ts';
import { type Bpf, openBpf } from '../kernel/bpf/bpf-call.ts';
import { ITERATORS_LAYOUT } from '../kernel/bpf/iterator-layout.ts';
import { openKernelLayout } from '../kernel/bpf/kernel-layout.ts';
import { openMapIterator } from '../kernel/bpf/map-iterator.ts';
import { listObjectIds } from '../kernel/bpf/objects.ts';
import { type AdvisedMap, adviseOnMaps, type BpfAdvice } from '../model/bpf-advice.ts';
import type { InventoryMap, InventorySnapshot } from '../model/bpf-inventory.ts';
import type { BpfPlaces, BpfSize, BpfTotals } from '../model/bpf-totals.ts';
import { type BpfInventory, bpfInventoryOver } from './bpf-inventory.ts';
import { type BpfCollector, bpfCollectorOver } from './collect-bpf.ts';

/** The maps of a run at its largest, and what could be saved on them. */
export interface RunMaps {
  maps: readonly InventoryMap[];
  advice: BpfAdvice[];
}

/** Reads the BPF memory of one run. */
export interface RunBpf {
  /** @throws ToolError when a right was lost meanwhile. */
  collect(pids: readonly number[]): BpfTotals;
  /**
   * Opens what tells whose a map is, which takes some 30 ms: left until the target has proved to be no short one. From then
   * on totals have `charged`.
   */
  prepare(): void;
  /** Why maps could not be attributed by their charge; undefined when they could, or nobody has asked yet. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  /** The maps of the leaf at the reading where they took most, and the advice on them. */
  largest(): RunMaps;
  /** The maps that are charged to the leaf now; undefined where that can't be told. */
  chargedMaps(): readonly InventoryMap[] | undefined;
  close(): void;
}

/**
 * Opens what can be opened; `cgroupId` is the inode number of the leaf's directory, undefined in process-tree mode.
 * @throws ToolError, with the exact capability, when nothing can be read.
 */
export async function openRunBpf(cgroupId: bigint | undefined): Promise<RunBpf> {
  return new OpenRunBpf(await openBpf(), cgroupId);
}

class OpenRunBpf implements RunBpf {
  readonly #bpf: Bpf;
  readonly #cgroupId: bigint | undefined;
  readonly #collector: BpfCollector | undefined;
  #pids: readonly number[] = [];
  #inventory: BpfInventory | undefined;
  #refusal: ToolError | undefined;
  #largest: LargestReading | undefined;

  constructor(bpf: Bpf, cgroupId: bigint | undefined) {
    this.#bpf = bpf;
    this.#cgroupId = cgroupId;
    try {
      this.#collector = bpfCollectorOver(bpf);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // Without the right to walk over ids the iterators may still be allowed.
      this.prepare();
      if (this.#inventory === undefined) throw this.#refusal ?? error;
    }
  }

  get reason(): string | undefined {
    return this.#refusal?.message ?? this.#inventory?.reason;
  }

  get hint(): string | undefined {
    return this.#refusal?.hint ?? this.#inventory?.hint;
  }

  prepare(): void {
    if (this.#inventory !== undefined || this.#refusal !== undefined) return;
    try {
      const options = { cgroupId: this.#cgroupId, holders: false, pids: () => this.#pids };
      this.#inventory = bpfInventoryOver(this.#bpf, options);
      this.#largest = new LargestReading(this.#inventory);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#refusal = error;
    }
  }

  collect(pids: readonly number[]): BpfTotals {
    this.#pids = pids;
    const inventory = this.#attributing();
    const totals: BpfTotals = { attribution: inventory === undefined ? 'held' : 'memcg' };
    if (inventory !== undefined) {
      const snapshot = inventory.read();
      this.#largest?.observe(snapshot);
      Object.assign(totals, leafTotals(snapshot));
    }
    return Object.assign(totals, this.#collector?.collect(pids));
  }

  largest(): RunMaps {
    return this.#largest?.result() ?? { maps: [], advice: [] };
  }

  chargedMaps(): readonly InventoryMap[] | undefined {
    if (this.#inventory === undefined && !this.#hasMaps()) return [];
    this.prepare();
    return this.#attributing()?.read().maps;
  }

  close(): void {
    this.#inventory?.close();
    this.#collector?.close();
  }

  #attributing(): BpfInventory | undefined {
    const attributes = this.#inventory?.attribution === 'memcg' && this.#cgroupId !== undefined;
    return attributes ? this.#inventory : undefined;
  }

  /** Whether the leaf has maps at all, for a target that was too short for more: the cheapest iterator tells. */
  #hasMaps(): boolean {
    if (listObjectIds(this.#bpf, 'map').length === 0) return false;
    try {
      const iterator = openMapIterator(this.#bpf, openKernelLayout(ITERATORS_LAYOUT), {
        cgroupId: this.#cgroupId,
      });
      try {
        return iterator.read().length > 0;
      } finally {
        iterator.close();
      }
    } catch (error) {
      // Not this way: the inventory knows others.
      if (!(error instanceof ToolError)) throw error;
      return true;
    }
  }
}

/** The totals of a leaf from one reading of what is charged to it. Pure. */
export function leafTotals(
  snapshot: InventorySnapshot,
): Required<Pick<BpfTotals, 'charged' | 'uncharged' | 'heldElsewhere' | 'anonymous'>> {
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

/** Up to here the kernel takes an area of a map from the slab. Source: `__bpf_map_area_alloc()`, 8 pages of 4 KiB. */
const LARGEST_SLAB_AREA = 32 * 1024;

function placeOf(map: InventoryMap): keyof BpfPlaces {
  if (map.type.endsWith('ringbuf')) return 'pages';
  const grows = (map.map_flags & BPF_F_NO_PREALLOC) !== 0;
  if (map.type.includes('percpu') && grows) return 'percpu';
  return !grows && map.bytes > LARGEST_SLAB_AREA ? 'vmalloc' : 'slab';
}

/** Remembers the maps of the reading in which they took most. What it keeps is bounded by the maps of two readings. */
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
