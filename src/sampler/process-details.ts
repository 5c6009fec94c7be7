/**
 * Expensive details of processes: read in the background within a CPU budget, and cached.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { countDescriptors } from '../kernel/procfs/descriptor-count.ts';
import { parsePss } from '../kernel/procfs/memory/smaps-rollup.ts';

/** The last read values. */
export interface Details {
  /** Undefined if it is not readable, or not yet read. Unit: bytes. */
  pssBytes: number | undefined;
  /** Undefined as above, and if descriptors are counted in a cheaper way. */
  fds: number | undefined;
}

/** Maximum share of one CPU for reading. The kernel walks over all pages of a process to compute its PSS. */
const SHARE = 0.005;

/** Budget available at once: at the start, and after a time without processes. Unit: milliseconds. */
const MAX_CREDIT_MS = 20;

/** Unit: milliseconds. */
const MAX_WAIT_MS = 30;

/** A process and its current memory. */
interface Present {
  readonly pid: number;
  readonly rssPages: number;
}

/**
 * A PSS is outdated if the RSS has changed by more than this share...
 */
const OUTDATED_SHARE = 0.25;

/** ...and by more than this. Unit: pages. */
const OUTDATED_PAGES = 256;

interface Known {
  details: Details;
  /** Its RSS when the PSS was read. */
  rssPages: number;
  /** 0 before the first read. Unit: milliseconds. */
  readAtMs: number;
  /** Reading was denied and is not retried. */
  isRefused: boolean;
}

/** Caches the details of processes. Memory is bounded by the number of processes. */
export class ProcessDetails {
  readonly #countsDescriptors: boolean;
  readonly #known = new Map<number, Known>();
  #creditMs = MAX_CREDIT_MS;
  #creditedAtMs = monotonicMs();
  #working: Promise<void> | undefined;
  #stopped = false;

  /**
   * `countsDescriptors`: before Linux 6.2 counting descriptors needs a walk over them, which is done here.
   */
  constructor(countsDescriptors: boolean) {
    this.#countsDescriptors = countsDescriptors;
  }

  /** The known details of a process. */
  get(pid: number): Details | undefined {
    return this.#known.get(pid)?.details;
  }

  /**
   * Takes the current processes, most important first, and continues reading in the background within the
   * budget; resolves when that is done, or after a short time.
   * @throws KernelFileError if a file is malformed.
   */
  async refresh(processes: readonly Present[]): Promise<void> {
    const present = new Set(processes.map(({ pid }) => pid));
    for (const pid of this.#known.keys()) if (!present.has(pid)) this.#known.delete(pid);
    for (const { pid, rssPages } of processes) {
      const known = this.#known.get(pid);
      if (known === undefined) {
        const details = { pssBytes: undefined, fds: undefined };
        this.#known.set(pid, { details, rssPages, readAtMs: 0, isRefused: false });
      } else if (isOutdated(known, rssPages)) known.details.pssBytes = undefined;
    }
    const now = monotonicMs();
    this.#creditMs = Math.min(MAX_CREDIT_MS, this.#creditMs + (now - this.#creditedAtMs) * SHARE);
    this.#creditedAtMs = now;
    this.#working ??= this.#work(now, processes).finally(() => {
      this.#working = undefined;
    });
    await Promise.race([this.#working, sleep(MAX_WAIT_MS, undefined, { ref: false })]);
  }

  /**
   * The process has executed another program: a denied read may now be permitted, and cached values are
   * invalid.
   */
  forget(pid: number): void {
    this.#known.delete(pid);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #work(startedAtMs: number, processes: readonly Present[]): Promise<void> {
    // Least recently read first; processes that were never read keep the order of the caller.
    const queue = [...processes].sort((a, b) => this.#readAt(a.pid) - this.#readAt(b.pid));
    for (const { pid, rssPages } of queue) {
      if (this.#stopped || this.#creditMs <= 0) return;
      const known = this.#known.get(pid);
      if (known === undefined || known.isRefused || known.readAtMs >= startedAtMs) continue;
      const before = monotonicMs();
      const cpuBefore = process.cpuUsage();
      await this.#read(pid, known);
      known.readAtMs = monotonicMs();
      known.rssPages = rssPages;
      // On a busy machine most of the elapsed time is waiting, which uses no CPU time; CPU time covers all
      // threads.
      this.#creditMs -= Math.min(known.readAtMs - before, cpuMsSince(cpuBefore));
    }
  }

  #readAt(pid: number): number {
    return this.#known.get(pid)?.readAtMs ?? 0;
  }

  async #read(pid: number, known: Known): Promise<void> {
    const path = `/proc/${pid}/smaps_rollup`;
    try {
      known.details.pssBytes = parsePss(await readFile(path, 'latin1'), path);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      // Denied, a kernel before 4.14, or exited: in each case there is no point in retrying.
      known.details.pssBytes = undefined;
      known.isRefused = true;
    }
    if (this.#countsDescriptors) known.details.fds = await countDescriptors(pid);
  }
}

function isOutdated({ details, rssPages }: Known, nowPages: number): boolean {
  if (details.pssBytes === undefined) return false;
  return Math.abs(nowPages - rssPages) > Math.max(OUTDATED_PAGES, rssPages * OUTDATED_SHARE);
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
