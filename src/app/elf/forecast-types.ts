/**
 * Forecast of the memory of maps in BPF object files; `cmemstat elf --json` prints it unchanged.
 */

/** The memory of one map on a machine with the given number of possible CPUs. */
export interface ForecastCost {
  possibleCpus: number;
  /** Size when empty. Unit: bytes. */
  bytes: number;
  /**
   * Size with the maximum number of entries; equal to `bytes` for types that allocate everything at creation.
   * Unit: bytes.
   */
  fullBytes: number;
  /** The per-CPU memory in `bytes` that is not charged to any memory cgroup. Unit: bytes. */
  unchargedPercpuBytes: number;
  /**
   * Whether it will equal the kernel's figure exactly; otherwise the variant of a formula is a guess.
   */
  exact: boolean;
}

/** The measured memory of a single, empty map. */
export type MeasuredMap =
  | {
      /** From its fdinfo. An estimate on Linux 5.11 to 6.3. Unit: bytes. */
      memlock: number;
      /**
       * The charge of its memory cgroup; per-CPU memory of preallocated maps is not charged. Absent on cgroup
       * v2 before Linux 5.18. Unit: bytes.
       */
      chargedBytes?: number;
    }
  | {
      /** Why the kernel rejected it. */
      error: string;
    };

/** A map of an object, with the field names of bpf(2). */
export interface ForecastMap {
  name: string;
  /** The section of the object that contains its definition. */
  section: string;
  /** As printed by bpftool; the number for unknown types. */
  type: string;
  /** Unit: bytes. */
  key_size: number;
  /** Unit: bytes. */
  value_size: number;
  /** Absent if the map has one entry per possible CPU. */
  max_entries?: number;
  map_flags: number;
  /** In decimal. */
  map_extra?: string;
  numa_node?: number;
  pinned?: true;
  /** Whether `--set` changed it. */
  set?: true;
  /** One per requested number of CPUs; empty if the size is `unknown`. */
  costs: ForecastCost[];
  /** What the figures for this type omit. */
  omits?: 'elements' | 'inner maps' | 'pages';
  /** Why there is no figure, and how to get one. */
  unknown?: string;
  /** The result of `--measure`. */
  measured?: MeasuredMap;
  /** The template of the inner maps of a map of maps; not included in totals. */
  inner?: ForecastMap;
}

/** A sum over the maps with a known size. */
export type ForecastTotal = Omit<ForecastCost, 'exact'>;

/** One BPF object: a file, or embedded in a program. */
export interface ForecastObject {
  path: string;
  maps: ForecastMap[];
  /** The sum over the maps with a known size. */
  totals: ForecastTotal[];
  /**
   * What the totals do not contain, apart from the maps whose size is unknown; absent if there is nothing.
   */
  notCounted?: string[];
  /** What is unusual about its maps, and does not change the totals; absent if there is nothing. */
  notes?: string[];
}

/** The complete forecast. */
export interface ElfForecast {
  version: 1;
  cmemstat: string;
  /** The release of the running kernel, or the file given by `--kernel-btf`. */
  kernel: string;
  possibleCpus: number[];
  objects: ForecastObject[];
  /** Whether the totals contain every map of every object. */
  complete: boolean;
  /** Total of all objects. */
  totals: ForecastTotal[];
}

/** Whether the totals of an object contain all of its maps. */
export function isComplete({ maps, notCounted }: ForecastObject): boolean {
  return notCounted === undefined && maps.every(({ unknown }) => unknown === undefined);
}
