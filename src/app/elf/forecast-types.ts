/**
 * What the maps of BPF object files will take once they are loaded; `cmemstat elf --json` prints it as it is.
 */

/** The memory of one map on a machine with the given number of possible CPUs. */
export interface ForecastCost {
  possibleCpus: number;
  /** While it is empty. Unit: bytes. */
  bytes: number;
  /**
   * Once it holds all its entries; equal to `bytes` for types that allocate everything at once. Unit: bytes.
   */
  fullBytes: number;
  /** The percpu memory in `bytes` that no memory cgroup is charged for. Unit: bytes. */
  unchargedPercpuBytes: number;
  /**
   * Whether it is to the byte what this kernel will say; else one of two variants of a formula had to be
   * guessed.
   */
  exact: boolean;
}

/** What one map took when it was made; all for a single, empty map. */
export type MeasuredMap =
  | {
      /** As its fdinfo has it. A guess on Linux 5.11 to 6.3. Unit: bytes. */
      memlock: number;
      /**
       * What its memory cgroup was charged; percpu memory of preallocated maps is charged to none. Absent on
       * cgroup v2 before Linux 5.18. Unit: bytes.
       */
      chargedBytes?: number;
    }
  | {
      /** Why the kernel refused to make it. */
      error: string;
    };

/** One map of an object, spelt as bpf(2) spells it. */
export interface ForecastMap {
  name: string;
  /** The section of the object that defines it. */
  section: string;
  /** As bpftool prints it; the number for types that we don't know. */
  type: string;
  /** Unit: bytes. */
  key_size: number;
  /** Unit: bytes. */
  value_size: number;
  /** Absent where there is one entry per possible CPU. */
  max_entries?: number;
  map_flags: number;
  /** In decimal. */
  map_extra?: string;
  numa_node?: number;
  pinned?: true;
  /** `--set` has changed it. */
  set?: true;
  /** One for each number of CPUs that was asked for; empty where `unknown` says why. */
  costs: ForecastCost[];
  /** What no figure of this type includes. */
  omits?: 'elements' | 'inner maps' | 'pages';
  /** Why there is no figure, and what would give one. */
  unknown?: string;
  /** By `--measure`. */
  measured?: MeasuredMap;
  /** Each of the maps that this map of maps will hold; not part of any total. */
  inner?: ForecastMap;
}

/** The sum over the maps that have a figure. */
export type ForecastTotal = Omit<ForecastCost, 'exact'>;

/** One BPF object: a file, or a part of a program. */
export interface ForecastObject {
  path: string;
  maps: ForecastMap[];
  totals: ForecastTotal[];
}

/** The whole forecast. */
export interface ElfForecast {
  version: 1;
  cmemstat: string;
  /** The release of the running kernel, or the file that `--kernel-btf` names. */
  kernel: string;
  possibleCpus: number[];
  objects: ForecastObject[];
  /** Over all objects. */
  totals: ForecastTotal[];
}
