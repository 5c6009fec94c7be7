/** Snapshots of the processes of a run, at a separate interval; loaded only if needed. */

import { errnoOf } from '../errors.ts';
import { isAtLeast, readKernelRelease } from '../kernel/kernel-release.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { readDescriptorCount } from '../kernel/procfs/descriptor-count.ts';
import { findLivingThread, hasExited, type PidStat, readPidStat } from '../kernel/procfs/pid-stat.ts';
import { yieldToEventLoop } from '../kernel/sleep.ts';
import type { ProcessesRecord, ProcessProgram, ProcessRow } from '../model/recorded-processes.ts';
import type { EventRecord } from '../model/recording.ts';
import { RowChanges } from '../model/row-changes.ts';
import { ProcessDetails } from './process-details.ts';
import { ProcessPrograms } from './process-programs.ts';
import { type ProcessUsage, ProcessUsages } from './process-usage.ts';
import { ProgramWatch } from './program-watch.ts';

/** The inputs of a table. */
export interface ProcessTableParts {
  /** The current pids with their cgroup relative to the leaf; undefined for the leaf itself. */
  list: () => ReadonlyMap<number, string | undefined>;
  targetPid: number;
  /** Milliseconds since the launch. */
  elapsedMs: () => number;
  emit: (record: ProcessesRecord | EventRecord) => void;
  /** Called if a snapshot fails; there are no further snapshots. */
  onError: (error: unknown) => void;
}

/** Maximum time to block the event loop. Unit: milliseconds. */
const SLICE_MS = 2;

/** Maximum share of time for snapshots; with many processes they become less frequent. */
const ROUND_SHARE = 0.05;

/**
 * Maximum age of the list after a slow snapshot, for example while hundreds of processes start. Unit:
 * milliseconds.
 */
const MAX_PAUSE_MS = 5000;

/** Number of listed processes; a listed process stays listed until its rank is somewhat lower. */
const MAX_LISTED = 2000;
const MAX_STILL_LISTED = 2200;

/** Maximum rows per record: writing thousands at once would delay a sample. */
const ROWS_A_LINE = 100;

/** Emits the processes from `start` to `stop`. */
export class ProcessTable {
  readonly #parts: ProcessTableParts;
  readonly #intervalMs: number;
  readonly #changes = new RowChanges<ProcessRow>(({ pid }) => pid);
  readonly #programs: ProgramWatch;
  readonly #usages = new ProcessUsages();
  readonly #identities = new ProcessPrograms(unlessGone);
  readonly #details: ProcessDetails;
  readonly #sizeCountsDescriptors: boolean;
  /** The processes that were listed last. */
  #listed = new Map<number, PidStat>();
  #omitted = 0;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #stopped = false;
  #sliceEndsMs = 0;

  constructor(parts: ProcessTableParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    this.#programs = new ProgramWatch(parts.targetPid);
    const kernel = readKernelRelease();
    this.#sizeCountsDescriptors = kernel !== undefined && isAtLeast(kernel, 6, 2);
    this.#details = new ProcessDetails(!this.#sizeCountsDescriptors);
  }

  /** Takes the first snapshot and starts the clock. */
  start(): void {
    void this.read();
  }

  /** Takes an unscheduled snapshot; resolves when it has been emitted. */
  read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#reading ??= this.#tick().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Stops immediately: a snapshot in progress is not emitted. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#details.stop();
  }

  async #tick(): Promise<void> {
    const startedMs = this.#parts.elapsedMs();
    try {
      await this.#round();
    } catch (error) {
      if (!this.#stopped) this.#parts.onError(error);
      return;
    }
    if (this.#stopped) return;
    const endedMs = this.#parts.elapsedMs();
    // A timer may fire up to a millisecond early: do not take a second snapshot at the same tick.
    const earliestMs = Math.max(endedMs + 1, startedMs + pauseAfter(endedMs - startedMs));
    const dueMs = (Math.floor(earliestMs / this.#intervalMs) + 1) * this.#intervalMs;
    this.#timer = setTimeout(() => void this.read(), dueMs - endedMs);
  }

  async #round(): Promise<void> {
    this.#beginSlice();
    const cgroups = this.#parts.list();
    const stats = await this.#readStats(cgroups.keys());
    const chosen = this.#choose(stats);
    for (const { pid, image } of chosen) {
      if (this.#listed.get(pid)?.image !== image) this.#details.forget(pid);
    }
    await this.#details.refresh(chosen);
    const usages = await this.#usages.read(chosen);
    this.#beginSlice();
    const listed = new Map<number, PidStat>();
    const rows: ProcessRow[] = [];
    const programs = new Map<number, ProcessProgram>();
    for (const stat of chosen) {
      await this.#yieldToEventLoop();
      const program = this.#identities.look(stat);
      if (program !== undefined) programs.set(stat.pid, program);
      listed.set(stat.pid, stat);
      const usage = usages.get(stat.pid);
      if (usage !== undefined) rows.push(this.#rowOf(stat, usage, cgroups.get(stat.pid)));
    }
    if (this.#stopped) return;
    this.#listed = listed;
    this.#usages.retain(listed);
    this.#identities.retain(listed);
    await this.#emitProcesses(stats, rows, programs);
  }

  async #readStats(pids: Iterable<number>): Promise<PidStat[]> {
    const stats: PidStat[] = [];
    for (const pid of pids) {
      if (this.#stopped) break;
      await this.#yieldToEventLoop();
      const stat = pid > 0 ? readStat(pid) : undefined;
      // Exited processes hold no memory.
      if (stat !== undefined && !hasExited(stat)) stats.push(withMemory(stat));
    }
    return stats;
  }

  /** Largest first. */
  #choose(stats: readonly PidStat[]): PidStat[] {
    const sorted = stats.toSorted((a, b) => b.rssPages - a.rssPages);
    return sorted.filter(
      ({ pid }, place) => place < MAX_LISTED || (place < MAX_STILL_LISTED && this.#listed.has(pid)),
    );
  }

  #rowOf(stat: PidStat, { rssBytes, cpuPercent }: ProcessUsage, cgroup: string | undefined): ProcessRow {
    const { pid, ppid, comm, threads } = stat;
    const details = this.#details.get(pid);
    const fds = this.#sizeCountsDescriptors ? readDescriptors(pid) : details?.fds;
    const row: ProcessRow = { pid, ppid, comm, rss: rssBytes, threads };
    if (details?.pssBytes !== undefined) row.pss = details.pssBytes;
    if (cpuPercent !== undefined) row.cpuPercent = Math.round(cpuPercent * 10) / 10;
    if (fds !== undefined) row.fds = fds;
    if (cgroup !== undefined) row.cgroup = cgroup;
    return row;
  }

  async #emitProcesses(
    stats: readonly PidStat[],
    rows: readonly ProcessRow[],
    programs: Map<number, ProcessProgram>,
  ): Promise<void> {
    const { emit, elapsedMs } = this.#parts;
    const executed = this.#programs.look(stats);
    if (executed !== undefined) {
      emit({ type: 'event', elapsedMs: elapsedMs(), event: 'exec', noticed: 'tick', ...executed });
    }
    await this.#yieldToEventLoop();
    const omitted = stats.length - rows.length;
    const difference = this.#changes.next(rows);
    if (difference === undefined && omitted === this.#omitted && programs.size === 0) return;
    this.#omitted = omitted;
    const { changed = [], gone = [] } = difference ?? {};
    let from = 0;
    do {
      await this.#yieldToEventLoop();
      if (this.#stopped) return;
      const processes = changed.slice(from, from + ROWS_A_LINE);
      const record: ProcessesRecord = { type: 'processes', elapsedMs: elapsedMs(), processes };
      if (from === 0 && gone.length > 0) record.gone = gone;
      if (omitted > 0) record.omitted = omitted;
      from += ROWS_A_LINE;
      // Those of unchanged rows are few, and in the last line.
      const here = from < changed.length ? processes.map(({ pid }) => pid) : [...programs.keys()];
      const named = here.flatMap((pid) => programs.get(pid) ?? []);
      for (const { pid } of named) programs.delete(pid);
      if (named.length > 0) record.programs = named;
      emit(record);
    } while (from < changed.length);
  }

  #beginSlice(): void {
    this.#sliceEndsMs = monotonicMs() + SLICE_MS;
  }

  async #yieldToEventLoop(): Promise<void> {
    if (monotonicMs() < this.#sliceEndsMs) return;
    await yieldToEventLoop();
    this.#beginSlice();
  }
}

/** Minimum time between the starts of two snapshots. Unit: milliseconds. */
function pauseAfter(roundMs: number): number {
  return Math.min(roundMs / ROUND_SHARE, Math.max(MAX_PAUSE_MS, roundMs * 4));
}

/** If the main thread has ended, the memory of the process is shown by another one. */
function withMemory(stat: PidStat): PidStat {
  if (stat.state !== 'Z') return stat;
  const thread = unlessGone(() => findLivingThread(stat.pid));
  return thread === undefined ? stat : { ...stat, rssPages: thread.rssPages, image: thread.image };
}

function readStat(pid: number): PidStat | undefined {
  return unlessGone(() => readPidStat(pid));
}

function readDescriptors(pid: number): number | undefined {
  return unlessGone(() => readDescriptorCount(pid));
}

/** A process may exit between two readings, or belong to another user if /proc is mounted with hidepid. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EACCES' || errno === 'EPERM') return undefined;
    throw error;
  }
}
