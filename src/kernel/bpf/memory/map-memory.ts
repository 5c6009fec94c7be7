/**
 * What a map takes, computed from its definition as the kernel's own `map_mem_usage` callbacks compute it,
 * and which of that and `memlock` is right on a kernel.
 *
 * Source: kernel/bpf/*.c, `*_mem_usage`. Since: Linux 6.4; on older kernels the same formulas, fed with their
 * struct sizes, fit what is charged, while their `memlock` is a guess.
 */
import { UnsupportedError } from '../../../errors.ts';
import { mapTypeName } from '../sys/bpf-enums.ts';
import { formulaOf, type MapShape } from './map-formulas.ts';
import type { MapHost } from './map-struct-sizes.ts';

/** What a map takes. */
export interface MapMemory {
  /** All of it, percpu memory for every possible CPU included. Unit: bytes. */
  readonly bytes: number;
  /**
   * The part of `bytes` that no memory cgroup is charged for: percpu values that were allocated with the map,
   * before it learned its cgroup. Unit: bytes.
   */
  readonly unchargedPercpuBytes: number;
  /**
   * Whether this is to the byte what the kernel would say: `false` where `bytes` depends on the live elements
   * and they were not given, so that those of an empty map were computed, and where this kernel's variant of
   * a formula is unknown for want of a probe (see `probeMapVariants`).
   */
  readonly exact: boolean;
  /** What the kernel's own figure leaves out for this type, and so does `bytes`. */
  readonly omits?: 'elements' | 'inner maps' | 'pages';
}

/**
 * Computes what a map takes; `liveElements` matters only for types that allocate as they fill. `undefined`
 * for types that we have no formula for or that this kernel lacks: only `memlock` in fdinfo gives a figure
 * then.
 * @throws UnsupportedError for a map above 2^53 bytes, which no kernel would make.
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

/** Where the bytes of a map come from. */
type MapBytesSource = 'formula' | 'memlock' | 'memlock-guess';

/** The bytes to show for a map, and which source was right. */
export interface MapBytes {
  /** Unit: bytes. */
  readonly bytes: number;
  /**
   * `memlock`: the kernel's own figure, since Linux 6.4 and until 5.10. `formula`: computed, where memlock is
   * only a guess. `memlock-guess`: that guess, for want of a formula.
   */
  readonly source: MapBytesSource;
  /** As in `MapMemory`; 0 where there is no formula. Unit: bytes. */
  readonly unchargedPercpuBytes: number;
}

/**
 * Chooses between fdinfo's `memlock` and the formula: memlock where it is what the kernel
 * knows, the formula where it is a guess.
 * @throws UnsupportedError for a map above 2^53 bytes.
 */
export function chooseMapBytes(
  shape: MapShape,
  host: MapHost,
  memlock: number,
  liveElements?: number,
): MapBytes {
  const computed = computeMapMemory(shape, host, liveElements);
  const unchargedPercpuBytes = computed?.unchargedPercpuBytes ?? 0;
  if (host.memlockMeans !== 'guess') return { bytes: memlock, source: 'memlock', unchargedPercpuBytes };
  if (computed === undefined) return { bytes: memlock, source: 'memlock-guess', unchargedPercpuBytes };
  return { bytes: computed.bytes, source: 'formula', unchargedPercpuBytes };
}
