/** BPF maps and programs as parts of the kernel memory of a cgroup. */
import { BPF_F_NO_PREALLOC } from '../../kernel/bpf/sys/bpf-enums.ts';
import { adviseOnMaps, type BpfAdvice, type ComputeMapCost } from '../../model/bpf-advice.ts';
import type { InventoryMap, InventoryProgram } from '../../model/bpf-inventory.ts';
import type { KernelPart } from './tree/parts.ts';

/** Types whose elements are always allocated one by one. */
const GROWING: ReadonlySet<string> = new Set([
  ...['lpm_trie', 'sockhash', 'devmap_hash', 'task_storage', 'inode_storage', 'sk_storage'],
  ...['cgrp_storage', 'rhash'],
]);

/** The largest allocation of a slab cache; larger ones are whole pages. Source: KMALLOC_MAX_CACHE_SIZE. */
const MAX_SLAB_BYTES = 8192;

/** The memory of a map by where it is. Unit: bytes. */
export interface MapPlaces {
  /** In pages of its own. */
  pages: number;
  /** In slab caches. */
  slab: number;
}

/**
 * Where the charged memory of a map is: areas are pages, small areas and single elements are slab objects.
 */
export function placesOfMap(map: InventoryMap, computeCost: ComputeMapCost): MapPlaces {
  const charged = Math.max(0, map.bytes - map.unchargedBytes);
  const grows = (map.map_flags & BPF_F_NO_PREALLOC) !== 0 || GROWING.has(map.type);
  const base = grows ? Math.min(charged, computeCost(map, { liveElements: 0 })?.bytes ?? charged) : charged;
  const pages = base <= MAX_SLAB_BYTES ? 0 : base;
  return { pages, slab: charged - pages };
}

/** The maps and programs of one cgroup. */
export interface BpfParts {
  /** In pages of the kernel. */
  pages: KernelPart[];
  /** In slab caches. */
  slab: KernelPart[];
}

/** Which pins keep a map, by its id. */
type PinsOf = (id: number) => readonly string[];

/** Its name, or its id if it has none. */
export function shownMap({ id, name }: Pick<InventoryMap, 'id' | 'name'>): string {
  return name === '' ? `map ${id}` : name;
}

/** Parts for maps that are charged, and for programs that are loaded. */
export function bpfParts(
  maps: readonly InventoryMap[],
  programs: readonly InventoryProgram[],
  computeCost: ComputeMapCost,
  pinsOf: PinsOf,
): BpfParts {
  const parts: BpfParts = { pages: [], slab: [] };
  for (const map of maps) {
    const { pages, slab } = placesOfMap(map, computeCost);
    const pins = pinsOf(map.id);
    const part: Omit<KernelPart, 'bytes'> = {
      kind: 'bpf-map',
      name: shownMap(map),
      note: [
        `${map.type}, id ${map.id}`,
        ...(pins[0] === undefined ? [] : [`pinned at ${pins[0]}`]),
        ...(map.atLeast === true ? ['at least'] : []),
      ].join('; '),
      ...(pins.length === 0 ? {} : { isPersistent: true as const }),
    };
    if (pages > 0) parts.pages.push({ ...part, bytes: pages });
    if (slab > 0) parts.slab.push({ ...part, bytes: slab });
  }
  for (const { id, name, type, bytes } of programs) {
    parts.pages.push({
      kind: 'bpf-program',
      name: name === '' ? `program ${id}` : name,
      bytes,
      note: `${type}, id ${id}`,
    });
  }
  return parts;
}

/**
 * Advice on the maps of a cgroup from one reading. Without that on ring buffers: a single reading does not
 * show how full they become.
 */
export function adviseOnce(maps: readonly InventoryMap[], computeCost: ComputeMapCost): BpfAdvice[] {
  const advised = maps.map(({ elements, ...map }) => ({ ...map, liveElements: elements }));
  return adviseOnMaps(advised, computeCost);
}
