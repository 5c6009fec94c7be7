/**
 * The memory of a map, computed from its definition like the kernel's `map_mem_usage` callbacks, and the
 * choice between that and `memlock`.
 *
 * Source: kernel/bpf/*.c, `*_mem_usage`. Since: Linux 6.4; on older kernels the same formulas, fed with their
 * struct sizes, fit what is charged, while their `memlock` is a guess.
 */
import { UnsupportedError } from '../../../errors.ts';
import { BPF_F_NO_PREALLOC, mapTypeName } from '../sys/bpf-enums.ts';
import { formulaOf, type MapShape } from './map-formulas.ts';
import type { MapHost } from './map-struct-sizes.ts';

/** The memory of a map. */
export interface MapMemory {
  /** Total, including per-CPU memory for all possible CPUs. Unit: bytes. */
  readonly bytes: number;
  /**
   * The part of `bytes` that is not charged to any memory cgroup: per-CPU values allocated at creation,
   * before the map is associated with its cgroup. Unit: bytes.
   */
  readonly unchargedPercpuBytes: number;
  /**
   * Whether this equals the kernel's own figure. `false` if `bytes` depends on live elements that were not
   * given, so that the figure is for an empty map, or if this kernel's variant of a formula is unknown
   * because it was not probed (see `probeMapVariants`).
   */
  readonly exact: boolean;
  /** What the kernel's figure omits for this type; `bytes` omits it too. */
  readonly omits?: 'elements' | 'inner maps' | 'pages';
}

/**
 * Computes the memory of a map; `liveElements` only matters for types that allocate on insertion. `undefined`
 * for types without a formula or not supported by this kernel: then `memlock` in fdinfo is the only source.
 * @throws UnsupportedError for a map above 2^53 bytes, which no kernel can create.
 */
export function computeMapMemory(
  shape: MapShape,
  host: MapHost,
  liveElements?: number,
): MapMemory | undefined {
  const terms = formulaOf(shape.map_type)?.(shape, host, liveElements ?? 0);
  if (terms === undefined) return undefined;
  const { bytes, unchargedPercpuBytes = 0, perElement = 0, uncertain = false, omits } = terms;
  if (!Number.isSafeInteger(bytes)) {
    const type = mapTypeName(shape.map_type) ?? shape.map_type;
    throw new UnsupportedError(
      'maps above 2^53 bytes',
      `a map of type ${type} with ${shape.max_entries} entries, ${shape.key_size}-byte keys and ${shape.value_size}-byte values is larger than any machine`,
    );
  }
  return {
    bytes,
    unchargedPercpuBytes,
    exact: !uncertain && (liveElements !== undefined || perElement === 0),
    ...(omits === undefined ? {} : { omits }),
  };
}

/** Types that store a value for each socket, inode, task or cgroup: they have no `max_entries`. */
export const STORAGE_TYPES = [
  'sk_storage',
  'inode_storage',
  'task_storage',
  'cgrp_storage',
  'cgroup_storage',
  'percpu_cgroup_storage',
] as const;

/** Types whose elements, or whose pages, the kernel understates or leaves out. */
const UNDERSTATED: ReadonlySet<string> = new Set(['lpm_trie', 'arena', 'cpumap', ...STORAGE_TYPES]);

/**
 * Whether a map takes more than the kernel says, and than the same formula computes. Measured on Linux 6.12
 * to 7.3, charged against `memlock`: LPM tries 2.8 to 4 times (slab classes, and nodes without a value, which
 * are not counted), per-CPU hashes with BPF_F_NO_PREALLOC 1.55 times, arenas any number of pages against 0.
 * Local storage and cpumap leave their elements out.
 */
export function isUnderstated({
  map_type,
  map_flags = 0,
}: Pick<MapShape, 'map_type' | 'map_flags'>): boolean {
  const type = mapTypeName(map_type) ?? '';
  return UNDERSTATED.has(type) || (type === 'percpu_hash' && (map_flags & BPF_F_NO_PREALLOC) !== 0);
}

/** The source of a map's size. */
type MapBytesSource = 'formula' | 'memlock' | 'memlock-guess';

/** The reported size of a map, with its source. */
export interface MapBytes {
  /** Unit: bytes. */
  readonly bytes: number;
  /**
   * `memlock`: the kernel's own figure, since Linux 6.4 and until 5.10. `formula`: computed, on kernels whose
   * memlock is only an estimate. `memlock-guess`: that estimate, if there is no formula.
   */
  readonly source: MapBytesSource;
}

/**
 * Chooses between `memlock` of fdinfo and the formula (undefined if there is none): memlock if it is exact,
 * the formula if memlock is an estimate.
 */
export function chooseMapBytes(
  computed: MapMemory | undefined,
  { memlockMeans }: Pick<MapHost, 'memlockMeans'>,
  memlock: number,
): MapBytes {
  if (memlockMeans !== 'guess') return { bytes: memlock, source: 'memlock' };
  return computed === undefined
    ? { bytes: memlock, source: 'memlock-guess' }
    : { bytes: computed.bytes, source: 'formula' };
}
