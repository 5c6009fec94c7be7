/** The memory of all cgroups of a host, as of one reading. */
import type { InventoryMap } from '../bpf-inventory.ts';

/**
 * The figures of a cgroup with those below it, in the order in which they are shown. Unit: bytes;
 * `pressure`: per cent; `growth`: bytes per minute; `processes`: their number.
 */
export const HOST_FIGURES = [
  'current',
  'anon',
  'file',
  'shmem',
  'kernel',
  'slab',
  'sock',
  'swap',
  'bpf',
  'orphaned',
  'pressure',
  'growth',
  'processes',
] as const;

/**
 * `current`, `anon`, `file`, `shmem`, `kernel`, `slab`, `sock` and `swap` are the kernel's. `bpf`: what the
 * BPF maps take that are charged to the cgroup; `orphaned`: the part of them whose own cgroup was removed.
 * `pressure`: the share of the last 10 seconds in which a task waited for memory. `growth`: of `current`,
 * over the second half of the time that was watched.
 */
export type HostFigure = (typeof HOST_FIGURES)[number];

/**
 * Further figures, which no table shows. `workingset`: `current` without the page cache that can be dropped;
 * `bpfUncharged`: per-CPU memory of the BPF maps that are charged to the cgroup, which is charged to none.
 */
type HiddenFigure = 'workingset' | 'bpfUncharged';

/** What is unknown is absent. */
export type FiguresOfCgroup = Partial<Record<HostFigure | HiddenFigure, number>>;

/** Figures of one cgroup that are read for some cgroups only. What is unknown is absent. */
export interface CgroupDetails {
  /** High-water mark of `current`. Unit: bytes. */
  peak?: number;
  /** Unit: bytes; infinite for no limit. */
  limit?: number;
  /** Counts since the cgroup was created, by the kernel's names. */
  events?: Readonly<Record<string, number>>;
  /** Time in which some or all tasks waited for memory. Unit: microseconds. */
  stall?: { readonly some?: number; readonly full?: number };
}

/** One cgroup that memory is charged to. */
export interface HostCgroup {
  /** The inode number of its directory. */
  readonly id: bigint;
  /** Below the root of the hierarchy; `/` for the root. Bytes that are not UTF-8 are replaced. */
  readonly path: string;
  /** The directory; as `path`, it may not lead to the cgroup if its name is not UTF-8. */
  readonly directory: string;
  /** Of the nearest cgroup above that memory is charged to; undefined for the root. */
  readonly parent: HostCgroup | undefined;
  /** 0 for the root. */
  readonly depth: number;
  readonly figures: FiguresOfCgroup;
}

/** Used memory of the host that no cgroup is charged for. Unit: bytes. */
export interface UnchargedMemory {
  /** Used memory of the host less `current` of the root. */
  bytes: number;
  /** What of it is known; what is left is `other`. */
  parts: Partial<Record<UnchargedPart, number>>;
}

/** In the order in which they are shown. */
export const UNCHARGED_PARTS = [
  'hugetlb',
  'slab',
  'kernel_stack',
  'pagetables',
  'bpf',
  'percpu',
  'kernel',
  'other',
] as const;

/**
 * `bpf`: per-CPU memory that BPF maps have allocated when they were created; `percpu` the rest of it.
 * `kernel`: in place of `slab`, `kernel_stack`, `pagetables` and `percpu` on cgroup v1, which does not
 * count them apart.
 */
export type UnchargedPart = (typeof UNCHARGED_PARTS)[number];

/** Why a figure is not known of any cgroup. */
export interface AbsentFigure {
  figure: HostFigure | 'uncharged';
  reason: string;
  hint?: string;
}

/** The memory of a host. Unit: bytes. */
export interface HostTotals {
  readonly total: number;
  readonly free: number;
  /** Absent before Linux 3.14. */
  readonly available?: number;
}

/** All cgroups of a host. */
export interface HostReading {
  /** The version of the hierarchy with the memory controller. */
  readonly version: 1 | 2;
  /** Whether the root is that of the host; the root of a container is a cgroup like all others. */
  readonly isWholeHost: boolean;
  /** Parents before their children. */
  readonly cgroups: readonly [root: HostCgroup, ...HostCgroup[]];
  /** Absent if the root is not that of the host. */
  readonly uncharged: UnchargedMemory | undefined;
  readonly absent: readonly AbsentFigure[];
  /** Absent as `uncharged`. */
  readonly totals: HostTotals | undefined;
  /** Removed cgroups that the kernel keeps for memory charged to them. Absent as `uncharged`. */
  readonly removedCgroups: number | undefined;
  /** All maps of the host; the same array as long as none has changed. Absent as the figure `bpf`. */
  readonly maps: readonly InventoryMap[] | undefined;
  /** Milliseconds since the first reading. */
  readonly elapsedMs: number;
}
