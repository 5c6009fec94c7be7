/**
 * The lines that `--json` and `--output` write: one JSON object a line. Their JSON Schema is
 * `schema/recording.schema.json`.
 */
import type { BpfAdvice } from './bpf-advice.ts';
import type { MapBytesSource } from './bpf-inventory.ts';
import type { BpfCount, BpfTotals } from './bpf-totals.ts';
import type { KernelBreakdown } from './kernel-breakdown.ts';
import type { Mode, Sample } from './sample.ts';

/** The version of the lines below; it grows when a key changes its meaning or goes, not when one is added. */
export const FORMAT_VERSION = 2;

/** A budget as a recording keeps it. */
export interface RecordedBudget {
  /** As it was written. */
  expression: string;
  name?: string;
  /** Not measured is a warning. */
  optional?: true;
}

/** The first line: what was started, where and how it is measured. */
export interface StartRecord {
  type: 'start';
  version: typeof FORMAT_VERSION;
  cmemstat: string;
  /** ISO 8601, UTC: the moment that all `elapsedMs` count from. */
  time: string;
  command: string[];
  pid: number;
  mode: Mode;
  /** The leaf's directory; absent in process-tree mode. */
  leaf?: string;
  placement: { kind: 'parent' | 'systemd' | 'top' | 'own' | 'process-tree'; reason: string };
  intervalMs: number;
  /** Absent when BPF memory is not read (`--bpf-interval 0`). */
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

/** Something that happened between two samples. */
export interface EventRecord {
  type: 'event';
  elapsedMs: number;
  /**
   * A key of memory.events (`oom_kill`, `max`, `high` ...; v1: `oom_kill`, `failcnt`), `warning`, `exec`
   * (processes of the leaf began to run another program: which, in `message`) or `budget_exceeded` (a budget,
   * named in `message`, can no longer pass).
   */
  event: string;
  /** The counter after it. */
  count?: number;
  /** By how much the counter grew. */
  increase?: number;
  /** By how much it grew in the leaf alone, nested cgroups not counted. Absent before Linux 5.2. */
  localIncrease?: number;
  /** How it came to our knowledge: `inotify`, v1's `eventfd`, or the next `tick`. */
  noticed?: 'inotify' | 'eventfd' | 'tick';
  /** The text of a warning. */
  message?: string;
  hint?: string;
}

/** The largest amount of memory that the leaf ever held. */
export interface Peak {
  bytes: number;
  /** The kernel's own high-water mark, or the highest of our samples where the kernel keeps none. */
  source: 'memory.peak' | 'memory.max_usage_in_bytes' | 'sampled';
}

/** A process that outlived the target. */
export interface OutlivingProcess {
  pid: number;
  comm: string;
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
  /** The links that hold it, or one of those programs. */
  links: { id: number; type: string }[];
  /** Processes that hold it, outside of the leaf. */
  holders: { pid: number; comm: string }[];
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
  /** Where `bytes` come from. */
  source: MapBytesSource;
  /** The part that no cgroup is charged for. */
  unchargedBytes: number;
  elements?: number;
  anonymous?: boolean;
}

/** A BPF map of the run at one moment: what can change, and what the views show. */
export interface LiveMap extends RunMap {
  map_flags: number;
  /** What waits in a ring buffer. Unit: bytes. */
  backlogBytes?: number;
  /**
   * The nested cgroup that it is charged to, relative to the leaf; absent for the leaf itself, and with
   * `held`.
   */
  cgroup?: string;
  /** It is held by the leaf's processes and charged elsewhere. */
  elsewhere?: true;
  /**
   * Processes of the leaf with a descriptor of it: the eight with the lowest pids. Absent where that was not
   * read.
   */
  holders?: { pid: number; comm: string }[];
  /** The programs that use it, eight at most. Absent where that was not read. */
  programs?: { id: number; name: string }[];
}

/**
 * The BPF maps of the run that are new or have changed since the line before of this kind; the first line has
 * all. Written when BPF memory was read (`--bpf-interval`) and something has changed.
 */
export interface MapsRecord {
  type: 'maps';
  elapsedMs: number;
  maps: LiveMap[];
  /** The ids of maps that are not the run's any more. Absent when none. */
  gone?: number[];
}

/** One process of the leaf and its nested cgroups at one moment. */
export interface ProcessRow {
  pid: number;
  ppid: number;
  /** At most 15 bytes; may hold anything. */
  comm: string;
  /** Unit: bytes. */
  rss: number;
  /** Unit: bytes. Absent where smaps_rollup may not be read, or was not read yet. */
  pss?: number;
  /** Share of one CPU since the reading before. Absent at the first. Unit: per cent. */
  cpuPercent?: number;
  threads: number;
  /** Open descriptors. Absent where they may not be read. */
  fds?: number;
  /** Its nested cgroup, relative to the leaf; absent in the leaf itself. */
  cgroup?: string;
}

/**
 * The processes that are new or have changed since the line before of this kind; the first has all. Where
 * there are many, one reading is split into several lines of 100.
 */
export interface ProcessesRecord {
  type: 'processes';
  elapsedMs: number;
  processes: ProcessRow[];
  /**
   * The pids of those that have ended, or are not among the largest any more (`omitted`). Absent when none.
   */
  gone?: number[];
  /** The number of processes that are not listed; absent if all are. */
  omitted?: number;
}

/** BPF memory over the run. */
export interface BpfSummary {
  /** Why it is not `memcg`. */
  reason?: string;
  /** The last reading. */
  last?: BpfTotals;
  /** The reading in which most was charged to the leaf. */
  largest?: BpfTotals;
  /** The maps of the leaf when they took most, the largest first; 100 at most. */
  maps?: RunMap[];
  /** All of them by name, those of equal name summed. Unit: bytes. Absent where `maps` has them all. */
  mapBytes?: Record<string, number>;
  /** What could be saved on them. */
  advice?: BpfAdvice[];
  /** The maps that outlived the run. Absent if that is unknown. */
  leftovers?: LeftoverMap[];
  /** The largest amount that the target's processes held at one reading. */
  heldPeak?: { maps: BpfCount; programs: BpfCount };
  /** Why BPF memory could not be read. */
  unavailable?: string;
  hint?: string;
}

/** The last line, and all of `--summary-json`. */
export interface SummaryRecord {
  type: 'summary';
  version: typeof FORMAT_VERSION;
  cmemstat: string;
  time: string;
  command: string[];
  mode: Mode;
  leaf?: string;
  durationMs: number;
  exit: {
    /** What cmemstat itself exits with for it. */
    status: number;
    code?: number;
    signal?: string;
    /** Whether the OOM killer killed the target itself. Absent if that is unknown. */
    oomKilled?: boolean;
    /** True when cmemstat killed the leaf (second SIGINT, or `--kill-after` ran out). */
    killedByCmemstat?: true;
    /** Why cmemstat ended the target; absent when it did not. */
    endedBy?: 'timeout' | 'budget' | 'view';
  };
  /** Absent in process-tree mode before the first sample. */
  peak?: Peak;
  /** The sample with the largest `current` (process-tree: `tree.rss`). */
  highest?: Sample;
  /** Means over time, every sample holding until the next. Unit: bytes. */
  averages: Record<string, number>;
  /**
   * The highest value of every gauge that a sample had: all keys of memory.stat, and the metrics beside it.
   * Each has its own moment. Unit: bytes; `processes` and the counters in memory.stat are counts. Absent
   * before the first sample.
   */
  maxima?: Record<string, number>;
  /** What kernel memory consisted of at the highest sample. */
  kernelBreakdown?: KernelBreakdown;
  /** memory.events at the end. */
  events?: Record<string, number>;
  eventsLocal?: Record<string, number>;
  /** Time lost waiting for memory, from memory.pressure. Unit: microseconds. */
  stallUs?: { some?: number; full?: number };
  bpf?: BpfSummary;
  /** The largest numbers seen at one sample. */
  processes?: { max: number };
  nestedCgroups?: { max: number };
  outlived: OutlivingProcess[];
  samples: {
    count: number;
    /** Ticks that came at least half an interval late. */
    late: number;
    /** Ticks that were left out because the one before came too late. */
    missed: number;
    /** The longest time between two samples. */
    longestGapMs: number;
    /** Lines that an output could not take in time; absent when none. */
    dropped?: number;
  };
  /** Where each figure came from: the kernel's file, or how it was computed. */
  sources: Record<string, string>;
  warnings: string[];
}

/** Any line of a recording. */
export type RecordLine = StartRecord | Sample | EventRecord | MapsRecord | ProcessesRecord | SummaryRecord;
