/** RSS and CPU of processes by pidusage; the only file that imports it. */
import pidusage from 'pidusage';
import { monotonicMs } from '../kernel/monotonic.ts';

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

type Stats = Record<string, { memory: number; ctime: number } | null | undefined>;
type Query = (pids: number[]) => Promise<Stats>;

/**
 * Reads the usage of processes repeatedly. Each instance has its own history: pidusage's is shared by all
 * callers, so CPU would be measured since the last reading by any of them.
 */
export class ProcessUsages {
  readonly #query: Query;
  #last = new Map<number, { cpuMs: number; atMs: number }>();

  /** `query` replaces pidusage in tests. */
  constructor(query: Query = (pids) => pidusage(pids, OPTIONS)) {
    this.#query = query;
    // If getconf(1) is missing, pidusage would print a warning to our standard error and use the values that
    // all hosts have.
    process.env.PIDUSAGE_SILENT = '1';
  }

  /** The usage of these processes; exited ones are left out. All `pids` are queried in one call. */
  async read(pids: readonly number[]): Promise<Map<number, ProcessUsage>> {
    const usages = new Map<number, ProcessUsage>();
    if (pids.length === 0) return usages;
    for (const [pid, stat] of Object.entries(await this.#statsOf(pids))) {
      if (stat === undefined || stat === null) continue;
      const id = Number(pid);
      usages.set(id, { rssBytes: stat.memory, cpuPercent: this.#cpuOf(id, stat.ctime) });
    }
    return usages;
  }

  /** Drops all other processes. */
  retain(pids: { has(pid: number): boolean }): void {
    for (const pid of this.#last.keys()) if (!pids.has(pid)) this.#last.delete(pid);
  }

  #cpuOf(pid: number, cpuMs: number): number | undefined {
    const atMs = monotonicMs();
    const before = this.#last.get(pid);
    this.#last.set(pid, { cpuMs, atMs });
    // Less than before: the pid has been reused.
    if (before === undefined || cpuMs < before.cpuMs || atMs <= before.atMs) return undefined;
    return ((cpuMs - before.cpuMs) / (atMs - before.atMs)) * 100;
  }

  async #statsOf(pids: readonly number[]): Promise<Stats> {
    try {
      return await this.#query([...pids]);
    } catch {
      // pidusage rejects if the only queried process has exited.
      return {};
    }
  }
}
