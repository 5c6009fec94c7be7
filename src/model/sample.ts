/** The measurements at one time. The types are those of `--json`, key by key. */

import type { Pressure } from '../kernel/cgroup2/pressure.ts';
import type { Limit } from '../kernel/limit.ts';
import type { BpfTotals } from './bpf-totals.ts';

/** The source of the figures: a memory cgroup of version 2 or 1, or the sum over a process tree. */
export type Mode = 'cgroup2' | 'cgroup1' | 'process-tree';

/** Why a sample was taken. */
export type SampleReason = 'launch' | 'tick' | 'final';

/** Limits of the leaf itself, without those of its ancestors. Unit: bytes; `pids` is a count. */
export interface LeafLimits {
  max?: Limit;
  high?: Limit;
  swapMax?: Limit;
  zswapMax?: Limit;
  /** v1 limits the sum of memory and swap. */
  'memsw.limit_in_bytes'?: Limit;
  pidsMax?: Limit;
}

/** The sums over the target's process tree, if there is no memory cgroup. */
export interface TreeFigures {
  /** Shared pages are counted once per process. Unit: bytes. */
  rss: number;
  /**
   * Shared pages are divided among the processes that share them. Absent if smaps_rollup is not readable.
   * Unit: bytes.
   */
  pss?: number;
  /** Share of one CPU since the last sample. Unit: per cent. */
  cpuPercent: number;
}

/** What the fast clock read between two samples: the maxima since the previous one. */
export interface SampleMaxima {
  /** Number of readings since the previous sample in which processes of the leaf had memory. */
  readings: number;
  /** Number of readings of BPF memory since the previous sample; absent if there were none. */
  bpfReadings?: number;
  /** The longest time between two readings, this sample and the previous one included. Unit: milliseconds. */
  longestGapMs: number;
  /**
   * By metric, the highest reading since the previous sample, where it is above the value of this sample:
   * sizes of memory.stat, `current`, `workingset`, `kernel`, `swap`, `bpf`, `bpf.maps`, `bpf.programs` and
   * `bpf.uncharged`. Unit: bytes.
   */
  bytes: Record<string, number>;
  /**
   * How far the kernel's high-water mark rose above the readings around it. Absent if it did not, or if the
   * kernel has none. Unit: bytes.
   */
  unseenBytes?: number;
}

/** What one container of a pod is charged for. Unit: bytes. */
export interface ContainerUsage {
  /** Its path below the cgroup of the pod. */
  cgroup: string;
  /** Absent if nothing has a name for it. */
  name?: string;
  current: number;
  anon?: number;
  file?: number;
  shmem?: number;
}

/**
 * One reading of the leaf. A key that the kernel or the mode does not provide is absent, never 0. Unit:
 * bytes, unless stated otherwise.
 */
export interface Sample {
  type: 'sample';
  /** Milliseconds since the launch of the target. */
  elapsedMs: number;
  reason: SampleReason;
  /** `memory.current`; v1: `memory.usage_in_bytes`. */
  current?: number;
  /** `memory.peak` (since Linux 5.19); v1: `memory.max_usage_in_bytes`. */
  peak?: number;
  /** `current - inactive_file`, as in Kubernetes. */
  workingset?: number;
  /**
   * Kernel memory of the leaf: `kernel` in memory.stat (since Linux 5.18); v1: `memory.kmem.usage_in_bytes`.
   */
  kernel?: number;
  swap?: { current?: number; peak?: number };
  zswap?: { current?: number };
  limits?: LeafLimits;
  /** All keys of memory.stat, with the kernel's names. */
  stat?: Record<string, number>;
  /** `memory.events`: counts of the leaf and its nested cgroups. */
  events?: Record<string, number>;
  /** `memory.events.local`: counts of the leaf alone. */
  eventsLocal?: Record<string, number>;
  /** `memory.pressure`. */
  pressure?: Pressure;
  /** Number of processes in the leaf and its nested cgroups. */
  processes?: number;
  /** Number of cgroups below the leaf. */
  nestedCgroups?: number;
  /** The containers of a pod that was attached to; absent for other targets. */
  containers?: ContainerUsage[];
  /** In process-tree mode only. */
  tree?: TreeFigures;
  /** BPF totals, only in samples for which they were read, since they have a longer interval. */
  bpf?: BpfTotals;
  /** What was read since the previous sample. Absent in process-tree mode. */
  maxima?: SampleMaxima;
}
