/** What cmemstat knows at one moment. All types here are what `--json` prints, key by key. */

import type { Pressure } from '../kernel/cgroup2/pressure.ts';
import type { Limit } from '../kernel/limit.ts';
import type { BpfTotals } from './bpf-totals.ts';

/** Where the figures come from: a memory cgroup of version 2 or 1, or the sum over a process tree. */
export type Mode = 'cgroup2' | 'cgroup1' | 'process-tree';

/** Why a sample was taken. */
export type SampleReason = 'launch' | 'tick' | 'final';

/** Limits of the leaf itself, not of its ancestors. Unit: bytes; `pids` a count. */
export interface LeafLimits {
  max?: Limit;
  high?: Limit;
  swapMax?: Limit;
  zswapMax?: Limit;
  /** v1 limits memory and swap together. */
  'memsw.limit_in_bytes'?: Limit;
  pidsMax?: Limit;
}

/** The sums over the target's process tree, where there is no memory cgroup. */
export interface TreeFigures {
  /** Pages shared by several processes are counted once for each of them. Unit: bytes. */
  rss: number;
  /**
   * Shared pages divided among those who share them. Unit: bytes. Absent where smaps_rollup can't be read.
   */
  pss?: number;
  /** Share of one CPU since the last sample. Unit: per cent. */
  cpuPercent: number;
}

/**
 * One reading of the leaf. A key that the kernel or the mode does not have is absent, never 0.
 * Unit: bytes, unless the key says otherwise.
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
  /** `current - inactive_file`, as Kubernetes computes it. */
  workingset?: number;
  /**
   * Kernel memory of the leaf: `kernel` in memory.stat (since Linux 5.18); v1: `memory.kmem.usage_in_bytes`.
   */
  kernel?: number;
  swap?: { current?: number; peak?: number };
  zswap?: { current?: number };
  limits?: LeafLimits;
  /** Every key of memory.stat, under the kernel's names. */
  stat?: Record<string, number>;
  /** `memory.events`: counts of the leaf and its nested cgroups. */
  events?: Record<string, number>;
  /** `memory.events.local`: counts of the leaf alone. */
  eventsLocal?: Record<string, number>;
  /** `memory.pressure`. */
  pressure?: Pressure;
  /** The number of processes in the leaf and its nested cgroups. */
  processes?: number;
  /** The number of cgroups below the leaf. */
  nestedCgroups?: number;
  /** In process-tree mode only. */
  tree?: TreeFigures;
  /** BPF totals, in the samples where they were read: they have a slower clock of their own. */
  bpf?: BpfTotals;
}
