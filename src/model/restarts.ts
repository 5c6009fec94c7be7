/** The cgroups of an attachment, and where figures do not continue: `cmemstat attach --follow`. */
import type { CpuTime } from '../kernel/cgroup2/cpu-stat.ts';

/**
 * A cgroup that existed before it was measured. Its sizes contain what was charged before; counters (events,
 * waiting times, CPU time) start at the attachment.
 */
export interface AttachedTo {
  /** As it can be given again, such as `unit:nginx.service`. */
  target: string;
  /** Its path below the mount point. */
  cgroup: string;
  /** Its owner, as far as its path names one. */
  owner?: { kind: string; runtime?: string; name: string; id?: string };
  /** What it was charged for at the attachment. Absent if it could not be read. Unit: bytes. */
  chargedBytes?: number;
  /**
   * Since when `peak` is the maximum: `attachment` since Linux 6.12, with the right to write to memory.peak.
   */
  peakSince: 'creation' | 'attachment';
  /**
   * True if it was found by its name when the one before was gone (`--follow`): it was made since, so that
   * its counters start with its creation.
   */
  followed?: true;
}

/**
 * The cgroups that had the name of an attachment one after the other, with `--follow`. Counters, CPU time and
 * growth start with each of them.
 */
export interface Restarts {
  /** How many cgroups followed the first. */
  count: number;
  /** Time without any cgroup of this name. Unit: milliseconds. */
  waitedMs: number;
  /** The last of them, at most 20, in order; without the first one if there were more. */
  cgroups: AttachedSegment[];
}

/** What one container of a pod used. Unit: bytes. */
export interface ContainerSummary {
  /** Its path below the cgroup of the pod. */
  cgroup: string;
  name?: string;
  /** In samples. */
  peakBytes: number;
  lastBytes: number;
}

/** What one of several cgroups used while it was measured. */
export interface AttachedSegment {
  attached: AttachedTo;
  /** Unit: milliseconds since the attachment. */
  fromMs: number;
  toMs: number;
  /** The highest reading of `current`, or its high-water mark if that is of this time. Unit: bytes. */
  peakBytes?: number;
  /** The last reading of `current`. Unit: bytes. */
  lastBytes?: number;
  /** As in the summary, of this cgroup alone: up to the last reading before it was gone. */
  growth?: Record<string, number>;
  events?: Record<string, number>;
  stallUs?: { some?: number; full?: number };
  cpuUs?: CpuTime;
}

/** Whether the samples after an event are of another cgroup than those before it. */
export function isCut({ event }: { readonly event: string }): boolean {
  return event === 'waiting' || event === 'followed';
}

/** The sums of counters by name; undefined if neither side has any. */
export function addCounts(
  left: Readonly<Record<string, number>> | undefined,
  right: Readonly<Record<string, number>> | undefined,
): Record<string, number> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const sums: Record<string, number> = { ...left };
  for (const [name, count] of Object.entries(right)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
