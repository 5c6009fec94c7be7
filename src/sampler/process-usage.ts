/** RSS and CPU of processes by pidusage; the only file that imports it. */
import pidusage from 'pidusage';
import { monotonicMs } from '../kernel/monotonic.ts';
import { readPageSize } from '../kernel/procfs/auxv.ts';
import type { PidStat } from '../kernel/procfs/pid-stat.ts';

/** The usage of one process. */
export interface ProcessUsage {
  /** Unit: bytes. */
  rssBytes: number;
  /**
   * Share of one CPU since the previous reading of the same `ProcessUsages`; undefined at the first. Unit:
   * per cent.
   */
  cpuPercent: number | undefined;
}

/**
 * Set explicitly instead of through the environment: `PIDUSAGE_MAXAGE=0` would never return. Prevents
 * pidusage from starting `ps`. pidusage keeps a descriptor of a process until it has not been queried for
 * this long. Unit: milliseconds.
 */
const OPTIONS = { usePs: false, maxage: 10_000 };

/** By then pidusage has closed the descriptor: it looks twice in the time above. Unit: milliseconds. */
const HELD_MS = 1.6 * OPTIONS.maxage;

/** The number of processes of which pidusage may hold a descriptor. */
export const MAX_HELD = 100;

/** Source: `sysconf(_SC_CLK_TCK)`, which is 100 wherever Node.js runs. Unit: milliseconds. */
const CLOCK_TICK_MS = 10;

/** Number of concurrent readings: each needs a few turns in the background. */
const AT_ONCE = 25;

type Stats = Record<string, { memory: number; ctime: number } | null | undefined>;
type Query = (pids: number[]) => Promise<Stats>;

/** When each process was queried last; one for all, as the descriptors of pidusage are. */
const queriedMs = new Map<number, number>();

/**
 * Reads the usage of processes repeatedly. Each instance has its own history: pidusage's is shared by all
 * callers, so CPU would be measured since the last reading by any of them.
 */
export class ProcessUsages {
  readonly #query: Query;
  readonly #pageSize = readPageSize();
  #last = new Map<number, { startTime: string; cpuMs: number; atMs: number }>();

  /** `query` replaces pidusage in tests. */
  constructor(query: Query = (pids) => pidusage(pids, OPTIONS)) {
    this.#query = query;
    // If getconf(1) is missing, pidusage would print a warning to our standard error and use the values that
    // all hosts have.
    process.env.PIDUSAGE_SILENT = '1';
  }

  /**
   * The usage of these processes: the first of those that were there at the last reading are read by
   * pidusage. For the others, which may be gone in a moment, the line of `/proc/<pid>/stat` is used, which is
   * also its source.
   */
  async read(stats: readonly PidStat[]): Promise<Map<number, ProcessUsage>> {
    // pidusage reads the file of the main thread, which shows no memory after its end.
    const lasting = stats.filter(
      ({ pid, state, startTime }) => state !== 'Z' && this.#last.get(pid)?.startTime === startTime,
    );
    const read = await this.#readAll(admit(lasting.map(({ pid }) => pid)));
    const usages = new Map<number, ProcessUsage>();
    for (const stat of stats) {
      const { memory, ctime } = read[stat.pid] ?? {
        memory: stat.rssPages * this.#pageSize,
        ctime: stat.cpuTicks * CLOCK_TICK_MS,
      };
      usages.set(stat.pid, { rssBytes: memory, cpuPercent: this.#cpuOf(stat, ctime) });
    }
    return usages;
  }

  /** Drops all other processes. */
  retain(pids: { has(pid: number): boolean }): void {
    for (const pid of this.#last.keys()) if (!pids.has(pid)) this.#last.delete(pid);
  }

  #cpuOf({ pid, startTime }: PidStat, cpuMs: number): number | undefined {
    const atMs = monotonicMs();
    const before = this.#last.get(pid);
    this.#last.set(pid, { startTime, cpuMs, atMs });
    const isSame = before?.startTime === startTime && cpuMs >= before.cpuMs && atMs > before.atMs;
    return isSame ? ((cpuMs - before.cpuMs) / (atMs - before.atMs)) * 100 : undefined;
  }

  async #readAll(pids: readonly number[]): Promise<Stats> {
    const all: Stats = {};
    for (let from = 0; from < pids.length; from += AT_ONCE) {
      try {
        Object.assign(all, await this.#query(pids.slice(from, from + AT_ONCE)));
      } catch {
        // pidusage rejects if the only queried process has exited.
      }
    }
    return all;
  }
}

/** Those that pidusage may read now without holding too many descriptors. */
function admit(pids: readonly number[]): number[] {
  const nowMs = monotonicMs();
  for (const [pid, atMs] of queriedMs) if (nowMs - atMs > HELD_MS) queriedMs.delete(pid);
  return pids.filter((pid) => {
    if (!queriedMs.has(pid) && queriedMs.size >= MAX_HELD) return false;
    queriedMs.set(pid, nowMs);
    return true;
  });
}
