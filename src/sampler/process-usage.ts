/** RSS and CPU of processes by pidusage, which this file alone imports. */
import pidusage from 'pidusage';
import { monotonicMs } from '../kernel/monotonic.ts';

/** What one process takes. */
export interface ProcessUsage {
  /** Unit: bytes. */
  rssBytes: number;
  /**
   * Share of one CPU since the reading before of the same `ProcessUsages`; undefined at the first. Unit: per
   * cent.
   */
  cpuPercent: number | undefined;
}

/**
 * In the place of what the environment says: `PIDUSAGE_MAXAGE=0` would never come back, and no `ps` is to be
 * started. pidusage keeps a descriptor of a process until it was not asked about it for this long. Unit:
 * milliseconds.
 */
const OPTIONS = { usePs: false, maxage: 10_000 };

/**
 * Reads what processes take, again and again. Each has a history of its own, since pidusage's is shared by
 * all who ask: CPU would be counted from the last reading by any caller.
 */
export class ProcessUsages {
  #last = new Map<number, { cpuMs: number; atMs: number }>();

  constructor() {
    // Where there is no getconf(1) it would say so on our standard error, and do with the values that every
    // host has.
    process.env.PIDUSAGE_SILENT = '1';
  }

  /** What these processes take; those that have ended are left out. `pids` are asked about in one go. */
  async read(pids: readonly number[]): Promise<Map<number, ProcessUsage>> {
    const usages = new Map<number, ProcessUsage>();
    if (pids.length === 0) return usages;
    for (const [pid, stat] of Object.entries(await statsOf(pids))) {
      if (stat === undefined || stat === null) continue;
      const id = Number(pid);
      usages.set(id, { rssBytes: stat.memory, cpuPercent: this.#cpuOf(id, stat.ctime) });
    }
    return usages;
  }

  /** Forgets all processes but these. */
  retain(pids: { has(pid: number): boolean }): void {
    for (const pid of this.#last.keys()) if (!pids.has(pid)) this.#last.delete(pid);
  }

  #cpuOf(pid: number, cpuMs: number): number | undefined {
    const atMs = monotonicMs();
    const before = this.#last.get(pid);
    this.#last.set(pid, { cpuMs, atMs });
    // Less than before: the pid has a new owner.
    if (before === undefined || cpuMs < before.cpuMs || atMs <= before.atMs) return undefined;
    return ((cpuMs - before.cpuMs) / (atMs - before.atMs)) * 100;
  }
}

type Stats = Record<string, { memory: number; ctime: number } | null | undefined>;

async function statsOf(pids: readonly number[]): Promise<Stats> {
  try {
    return await pidusage([...pids], OPTIONS);
  } catch {
    // pidusage rejects when the only process that it was asked about has ended.
    return {};
  }
}
