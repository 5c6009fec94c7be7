/**
 * What costs much to know about a process: read in the background, a little at a time, and kept until it is
 * read again.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { countDescriptors } from '../kernel/procfs/descriptor-count.ts';
import { parsePss } from '../kernel/procfs/smaps-rollup.ts';

/** What was read last. */
export interface Details {
  /** Unit: bytes. Undefined where it may not be read, or was not yet. */
  pssBytes: number | undefined;
  /** Undefined as above, and where they are counted in a cheaper way. */
  fds: number | undefined;
}

/** Reading takes at most this share of one CPU. The kernel walks over all pages of a process for its PSS. */
const SHARE = 0.005;

/** What may be spent at once: at the start, and after a time without processes. Unit: milliseconds. */
const MAX_CREDIT_MS = 20;

/** Unit: milliseconds. */
const MAX_WAIT_MS = 30;

/** Of which process, and what it takes now. */
interface Present {
  readonly pid: number;
  readonly rssPages: number;
}

/**
 * A PSS says nothing any more when the RSS has moved away from where it was by more than this share of it...
 */
const OUTDATED_SHARE = 0.25;

/** ...and by more than this. Unit: pages. */
const OUTDATED_PAGES = 256;

interface Known {
  details: Details;
  /** What it took when it was read. */
  rssPages: number;
  /** Unit: milliseconds; 0 before the first. */
  readAtMs: number;
  /** Reading was refused: it is not tried again. */
  isRefused: boolean;
}

/** Keeps the details of processes. What it keeps is bounded by their number. */
export class ProcessDetails {
  readonly #countsDescriptors: boolean;
  readonly #known = new Map<number, Known>();
  #creditMs = MAX_CREDIT_MS;
  #creditedAtMs = monotonicMs();
  #working: Promise<void> | undefined;
  #stopped = false;

  /** `countsDescriptors`: before Linux 6.2 their number costs a walk over them, which is then done here. */
  constructor(countsDescriptors: boolean) {
    this.#countsDescriptors = countsDescriptors;
  }

  /** What is known of a process now. */
  get(pid: number): Details | undefined {
    return this.#known.get(pid)?.details;
  }

  /**
   * Takes the processes of now, the most important first, and reads on in the background as far as the share
   * allows; settles when that is done, or after a short time if it takes longer.
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
   * Another program runs in this process: what was refused may be allowed now, and what was read says
   * nothing.
   */
  forget(pid: number): void {
    this.#known.delete(pid);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #work(startedAtMs: number, processes: readonly Present[]): Promise<void> {
    // The longest unread first; among those that were never read the order is the caller's.
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
      // On a busy machine most of the time is spent waiting, which costs no CPU time; the CPU time is that of
      // all threads.
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
      // Refused, a kernel before 4.14, or ended: whichever, it is not worth to ask again.
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
