/**
 * The lines that `--json` and `--output` write: one JSON object per line. Their JSON Schema is
 * `schema/recording.schema.json`.
 */
import type { CpuTime } from '../kernel/cgroup2/cpu-stat.ts';
import type { BpfAdvice } from './bpf-advice.ts';
import type { MapBytesSource } from './bpf-inventory.ts';
import type { BpfCount, BpfSize, BpfTotals } from './bpf-totals.ts';
import type { ExplainedMoment, ExplainRecord } from './explain/explain-record.ts';
import type { KernelBreakdown } from './kernel-breakdown.ts';
import type { ElsewhereProcess, OutlivingProcess, ProcessesRecord } from './recorded-processes.ts';
import type { AttachedTo, ContainerSummary, Restarts } from './restarts.ts';
import type { Mode, Sample } from './sample.ts';

/** The format version; incremented when a key is removed or changes its meaning, not when one is added. */
export const FORMAT_VERSION = 2;

/** A budget as stored in a recording. */
export interface RecordedBudget {
  /** The expression as given. */
  expression: string;
  name?: string;
  /** Whether a budget that is not measured is only a warning. */
  optional?: true;
}

/** The first line: the command, the host, and how it is measured. */
export interface StartRecord {
  type: 'start';
  version: typeof FORMAT_VERSION;
  cmemstat: string;
  /** The start of the run, to which `elapsedMs` is relative. ISO 8601, UTC. */
  time: string;
  command: string[];
  /** Absent if a cgroup was attached to. */
  pid?: number;
  mode: Mode;
  /** The leaf's directory; absent in process-tree mode. */
  leaf?: string;
  placement: {
    kind: 'parent' | 'systemd' | 'top' | 'own' | 'process-tree' | 'attached';
    reason: string;
  };
  /** With `cmemstat attach`; absent for runs. */
  attached?: AttachedTo;
  intervalMs: number;
  /** Absent if BPF memory is not read (`--bpf-interval 0`). */
  bpfIntervalMs?: number;
  /** Absent if processes are not recorded individually (`--process-interval 0`). */
  processIntervalMs?: number;
  /** The budgets of the run. Absent without budgets. */
  budgets?: RecordedBudget[];
  host: {
    kernel: string;
    arch: string;
    cpus: number;
    possibleCpus: number;
    pageSizeBytes: number;
    memTotalBytes: number;
  };
}

/** An event between two samples. */
export interface EventRecord {
  type: 'event';
  elapsedMs: number;
  /**
   * A key of memory.events (`oom_kill`, `max`, `high` ...; v1: `oom_kill`, `failcnt`), `warning`, `exec`
   * (processes of the leaf executed another program, named in `message`), `budget_exceeded` (a budget, named
   * in `message`, can no longer pass), `elsewhere` (a process of the run is in another cgroup, which is not
   * measured), `cgroup_removed` (the leaf was removed while the target was running), or with `--follow`
   * `waiting` (the cgroup is gone, and none has its name yet) and `followed` (another cgroup has the name and
   * is measured from now on). Figures do not continue across these two: counters start at 0 again.
   */
  event: string;
  /** The counter after the event. */
  count?: number;
  /** The increase of the counter. */
  increase?: number;
  /** The increase in the leaf alone, without nested cgroups. Absent before Linux 5.2. */
  localIncrease?: number;
  /** How it was detected: `inotify`, v1's `eventfd`, or the next `tick`. */
  noticed?: 'inotify' | 'eventfd' | 'tick';
  /** The text of a warning. */
  message?: string;
  hint?: string;
  /** With `elsewhere`: the process. */
  pid?: number;
  /** With `elsewhere`; with `waiting`, the cgroup that is gone; with `followed`, the new one. */
  cgroup?: string;
  /** With `followed`: the cgroup that was measured before. */
  from?: string;
  /** With `followed`. */
  attached?: AttachedTo;
}

/** The maximum memory of the leaf. */
export interface Peak {
  bytes: number;
  /** The kernel's own high-water mark, or the maximum of our readings if the kernel has none. */
  source: 'memory.peak' | 'memory.max_usage_in_bytes' | 'sampled';
  /**
   * The furthest that the high-water mark rose above the readings around it. Absent if it was never far above
   * them, or without a fast clock. Unit: bytes.
   */
  unseenBytes?: number;
}

/** A BPF map of the run that outlived it. Sizes in bytes. */
export interface LeftoverMap {
  id: number;
  type: string;
  name: string;
  bytes: number;
  unchargedBytes: number;
  /** Where it is pinned. */
  pinned: string[];
  /** The programs that use it. */
  programs: { id: number; name: string }[];
  /** The links that reference it or one of those programs. */
  links: { id: number; type: string }[];
  /** Processes outside the leaf that hold it. */
  holders: { pid: number; comm: string }[];
}

/** A file in memory of the run that outlived it. */
export interface LeftoverFile {
  /** On tmpfs, or a System V segment. */
  kind: 'file' | 'sysv-segment';
  /** The path of a file. */
  name: string;
  /** Unit: bytes. */
  bytes: number;
}

/** A BPF map of the leaf. Sizes in bytes. */
export interface RunMap {
  id: number;
  type: string;
  name: string;
  key_size: number;
  value_size: number;
  max_entries: number;
  bytes: number;
  /** The source of `bytes`. */
  source: MapBytesSource;
  /** The part that is not charged to any cgroup. */
  unchargedBytes: number;
  /** Whether it takes more than `bytes`, because the kernel understates this type. */
  atLeast?: true;
  elements?: number;
  anonymous?: boolean;
}

/** A BPF map of the run at one time: the fields that can change, and those that the views show. */
export interface LiveMap extends RunMap {
  map_flags: number;
  /** Unconsumed data in a ring buffer. Unit: bytes. */
  backlogBytes?: number;
  /**
   * The nested cgroup that is charged, relative to the leaf; absent for the leaf itself, and with `held`.
   */
  cgroup?: string;
  /** The leaf's processes hold it, but it is charged elsewhere. */
  elsewhere?: true;
  /** The cgroup that it was charged to was removed: one above it pays. */
  orphaned?: true;
  /**
   * Processes of the leaf with a descriptor for it: the eight with the lowest pids. Absent if it was not
   * read.
   */
  holders?: { pid: number; comm: string }[];
  /** The programs that use it, at most eight. Absent if it was not read. */
  programs?: { id: number; name: string }[];
}

/**
 * The BPF maps of the run that are new or changed since the previous line of this type; the first line lists
 * all. Written when BPF memory was read (`--bpf-interval`) and something changed.
 */
export interface MapsRecord {
  type: 'maps';
  elapsedMs: number;
  maps: LiveMap[];
  /** The ids of maps that no longer belong to the run. Absent if there are none. */
  gone?: number[];
}

/** BPF memory over the run. */
export interface BpfSummary {
  /** Why it is not `memcg`. */
  reason?: string;
  /** The last reading. */
  last?: BpfTotals;
  /** The reading with the maximum charged to the leaf. */
  largest?: BpfTotals;
  /**
   * Number of readings of the charged memory while the target ran: without those at its launch and after its
   * exit. Absent if the charge is unknown.
   */
  runningReadings?: number;
  /**
   * What the leaf's processes held at most but was charged elsewhere, with the largest sizes by name. Absent
   * if there was nothing.
   */
  heldElsewhere?: BpfSize & { names?: Record<string, number> };
  /**
   * The maps of the leaf, or that its processes held, whose own cgroup was removed: at most, with the largest
   * sizes by name. Absent if there were none.
   */
  orphaned?: BpfSize & { names?: Record<string, number> };
  /** The maps of the leaf at their maximum, largest first, at most 100. */
  maps?: RunMap[];
  /** All of them by name, with sizes of the same name summed. Absent if `maps` is complete. Unit: bytes. */
  mapBytes?: Record<string, number>;
  /** Advice on savings. */
  advice?: BpfAdvice[];
  /** The maps that outlived the run. Absent if that is unknown. */
  leftovers?: LeftoverMap[];
  /** The maximum held by the target's processes at one reading. */
  heldPeak?: { maps: BpfCount; programs: BpfCount };
  /** Why BPF memory could not be read. */
  unavailable?: string;
  hint?: string;
}

/** The last line, and the contents of `--summary-json`. */
export interface SummaryRecord {
  type: 'summary';
  version: typeof FORMAT_VERSION;
  cmemstat: string;
  time: string;
  command: string[];
  mode: Mode;
  leaf?: string;
  /** As in the start record. */
  attached?: AttachedTo;
  /** Absent unless another cgroup was followed into, or awaited. */
  restarts?: Restarts;
  /** The containers of a pod that was attached to, at most 50; absent for other targets. */
  containers?: ContainerSummary[];
  durationMs: number;
  exit: {
    /** The exit status of cmemstat for it. */
    status: number;
    code?: number;
    signal?: string;
    /** Whether the OOM killer killed the target itself. Absent if that is unknown. */
    oomKilled?: boolean;
    /** True if cmemstat killed the leaf (second SIGINT, or `--kill-after` expired). */
    killedByCmemstat?: true;
    /**
     * Why cmemstat ended the target; absent if it did not. With `attached`, why the measurement ended; then
     * `signal` and `removed` (the cgroup no longer exists) too.
     */
    endedBy?: 'timeout' | 'budget' | 'view' | 'signal' | 'removed';
  };
  /**
   * The processes of the run that were in another cgroup, so that figures are too low: their number, and the
   * first twenty. Absent if there were none.
   */
  elsewhere?: { count: number; processes: ElsewhereProcess[] };
  /** When the leaf was found to be removed while the target was running; absent otherwise. */
  cgroupRemovedMs?: number;
  /** Absent in process-tree mode before the first sample, and if the leaf was removed before it. */
  peak?: Peak;
  /** The sample with the largest `current` (process-tree: `tree.rss`). */
  highest?: Sample;
  /**
   * The highest sample whose BPF memory is known; absent if that is `highest`, or if no sample is one: at the
   * highest one, BPF memory was not read, and kernel memory differed from that of the next readings.
   */
  highestWithBpf?: Sample;
  /** Time-weighted means: every sample is valid until the next. Unit: bytes. */
  averages: Record<string, number>;
  /**
   * The maximum of every gauge over all samples and the readings between them: all keys of memory.stat, and
   * the other metrics. Each maximum may occur at a different time. Unit: bytes; `processes` and the counters
   * in memory.stat are counts. Absent before the first sample.
   */
  maxima?: Record<string, number>;
  /**
   * The estimated growth of the figures that certainly grew or shrank over the second half of the run:
   * `current`, `anon`, `file`, `kernel`, or `rss` and `pss`. Absent if none did, or if the run was too short.
   * Unit: bytes per minute. With `restarts`, of the last cgroup alone.
   */
  growth?: Record<string, number>;
  /** The composition of kernel memory at `highestWithBpf`, otherwise at `highest`. */
  kernelBreakdown?: KernelBreakdown;
  /** memory.events at the end; with `restarts`, the sum over the cgroups. */
  events?: Record<string, number>;
  eventsLocal?: Record<string, number>;
  /** Time spent waiting for memory, from memory.pressure. Unit: microseconds. */
  stallUs?: { some?: number; full?: number };
  /**
   * CPU time of the run, from the cgroup's cpu.stat; without one (cgroup v1, process-tree mode), of the
   * target and the processes that it waited for. Absent if neither can be read. Unit: microseconds.
   */
  cpuUs?: CpuTime;
  bpf?: BpfSummary;
  /**
   * What the run's memory consisted of by name, with `--explain`; at a peak, the last one that was explained.
   */
  explained?: ExplainedMoment[];
  /**
   * With `--fail-on-leftover`: the files in memory that outlived the run, largest first, at most 100. Absent
   * if they could not be determined: a warning says why.
   */
  leftoverFiles?: LeftoverFile[];
  /** The maxima over all samples. */
  processes?: { max: number };
  nestedCgroups?: { max: number };
  outlived: OutlivingProcess[];
  samples: {
    count: number;
    /** Ticks that were at least half an interval late. */
    late: number;
    /** Ticks that were skipped because a previous one was too late. */
    missed: number;
    /** The longest time between two samples. */
    longestGapMs: number;
    /**
     * Readings of the sizes between the samples, while processes of the leaf had memory. Absent in
     * process-tree mode.
     */
    readings?: number;
    /** The longest time between two readings or samples. Absent in process-tree mode. */
    longestReadingGapMs?: number;
    /** Lines dropped because an output was too slow; absent if there are none. */
    dropped?: number;
  };
  /** The source of each figure: the kernel file, or the computation. */
  sources: Record<string, string>;
  warnings: string[];
}

/** Any line of a recording. */
export type RecordLine =
  | StartRecord
  | Sample
  | EventRecord
  | MapsRecord
  | ProcessesRecord
  | ExplainRecord
  | SummaryRecord;
