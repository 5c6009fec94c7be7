/**
 * Notices memory that the run's cgroup is not charged for: its processes in other cgroups, and its removal.
 */
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { isInLeaf } from '../../cgroup/leaf-name.ts';
import { errnoOf } from '../../errors.ts';
import { safeText } from '../../format/safe-text.ts';
import { formatDuration } from '../../format/units.ts';
import { readLastPid } from '../../kernel/procfs/last-pid.ts';
import { hasExited, type PidStat } from '../../kernel/procfs/pid-stat.ts';
import { listPids } from '../../kernel/procfs/process-tree.ts';
import type { ElsewhereProcess } from '../../model/recorded-processes.ts';
import type { EventRecord, SummaryRecord } from '../../model/recording.ts';
import { findDelegatingClient, mayDelegate } from '../../target/delegating-client.ts';
import {
  ancestors,
  cgroupOf,
  inodeOf,
  isBelow,
  isProcess,
  statOf,
  unlessGone,
  type WatchedLeaf,
  wasCharged,
  wordsOf,
} from './watched-processes.ts';

/** The first check is after this time; the pause doubles up to the interval. Unit: milliseconds. */
const FIRST_PAUSE_MS = 5;

/** Maximum share of time for the checks. */
const SHARE = 0.01;

/** Number of known processes that a check reads again: thousands at once would delay a sample. */
const MAX_RECHECKED = 100;

/** If more pids were given out between two checks, all processes are listed instead. */
const MAX_SINGLY = 64;

/** Maximum number of processes in the summary; the others are counted. */
const MAX_LISTED = 20;

/** The inputs of a watch. */
export interface ElsewhereParts {
  /** Undefined in process-tree mode: then only clients are recognised. */
  leaf: WatchedLeaf | undefined;
  /** Whether the place of the leaf was given by the user. */
  isPlaceGiven: boolean;
  /** Only called once the target has been started. */
  targetPid: () => number;
  command: readonly string[];
  /** The pids of the process tree, without a leaf. */
  listTree: () => number[];
  hasTargetEnded: () => boolean;
  elapsedMs: () => number;
  emit: (event: EventRecord) => void;
}

/** A process of the run. */
interface Member {
  startTime: string;
  pgrp: number;
  comm: string;
  /** Set once it was seen in another cgroup. */
  elsewhere: { cgroup: string; listed: ElsewhereProcess | undefined } | undefined;
}

/**
 * Follows the processes of a run by pid and start time: those of the leaf, their children, and the target. A
 * process that was never seen as one of these before its parent exited is found by its process group, if it
 * has kept it.
 */
export class ElsewhereWatch {
  readonly #parts: ElsewhereParts;
  readonly #intervalMs: number;
  readonly #members = new Map<number, Member>();
  /** Processes that do not belong to the run, of those that were looked at last. */
  #strangers = new Set<number>();
  /** The last pid at the check before the previous one, and at that one; undefined before the first. */
  #lastPids: readonly [number, number] | undefined;
  readonly #reapers = ancestors();
  readonly #leafInode: bigint | undefined;
  readonly #ownCgroup: string | undefined;
  readonly #listed: ElsewhereProcess[] = [];
  #count = 0;
  #turn = 0;
  #removedMs: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #stopped = false;

  /**
   * `intervalMs` is the longest pause between two checks.
   * @throws KernelFileError if a file of procfs is malformed.
   */
  constructor(parts: ElsewhereParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    const { leaf } = parts;
    this.#leafInode = leaf === undefined ? undefined : inodeOf(leaf.directory);
    this.#ownCgroup = leaf === undefined ? undefined : cgroupOf(process.pid, leaf.version);
  }

  /** Whether the leaf does not account for all processes of the run. */
  get hasNoticed(): boolean {
    return this.#count > 0 || this.#removedMs !== undefined;
  }

  /** Whether the target itself was seen in another cgroup. */
  get hasTargetLeft(): boolean {
    return this.#members.get(this.#parts.targetPid())?.elsewhere !== undefined;
  }

  /** What was noticed, for the summary; empty if nothing was. */
  summary(): Pick<SummaryRecord, 'elsewhere' | 'cgroupRemovedMs'> {
    return {
      ...(this.#count === 0 ? {} : { elsewhere: { count: this.#count, processes: this.#listed } }),
      ...(this.#removedMs === undefined ? {} : { cgroupRemovedMs: this.#removedMs }),
    };
  }

  /** Checks the command, and starts the clock. @throws KernelFileError if a file of procfs is malformed. */
  start(): void {
    const { command, targetPid, leaf } = this.#parts;
    const client = findDelegatingClient(command);
    if (client !== undefined) this.#reportClient(targetPid(), client);
    if (leaf?.version === 2) this.#watchPopulated(leaf.directory);
    this.#schedule();
  }

  /** Stops the clock after a last check. @throws as {@link check}. */
  stop(): void {
    if (this.#stopped) return;
    this.check();
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /**
   * Compares the cgroups of all known processes with the leaf now.
   * @throws an error with the errno if the processes cannot be listed; KernelFileError if a file is
   * malformed.
   */
  check(): void {
    if (this.#stopped) return;
    const { leaf, listTree } = this.#parts;
    if (leaf === undefined) {
      for (const pid of listTree()) this.#track(pid);
      return;
    }
    this.#checkLeaf(leaf);
    const inside = new Set(leaf.processes());
    for (const pid of this.#choosePids(inside)) this.#track(pid);
    this.#followTarget(inside, leaf);
    for (const [pid, member] of this.#members) if (!inside.has(pid)) this.#follow(pid, member, leaf);
    this.#findChildren(inside, leaf);
  }

  /** New processes, and some of the others in turn, which may have executed a client. */
  #choosePids(inside: ReadonlySet<number>): number[] {
    const fresh = [...inside].filter((pid) => !this.#members.has(pid));
    const known = [...inside].filter((pid) => this.#members.has(pid));
    this.#turn += 1;
    return [...fresh, ...takeTurn(known, this.#turn, MAX_RECHECKED)];
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      const startedMs = this.#parts.elapsedMs();
      this.check();
      const costMs = this.#parts.elapsedMs() - startedMs;
      this.#pauseMs = Math.max(Math.min(this.#pauseMs * 2, this.#intervalMs), costMs / SHARE);
      if (!this.#stopped) this.#schedule();
    }, this.#pauseMs);
    this.#timer.unref();
  }

  /** The kernel notifies when the last process of the leaf exits or leaves. */
  #watchPopulated(directory: string): void {
    try {
      this.#watcher = watch(join(directory, 'cgroup.events'), { persistent: false }, () => this.check());
      this.#watcher.on('error', () => {});
    } catch (error) {
      // No inotify instance is left: the checks by time remain.
      if (errnoOf(error) === undefined) throw error;
    }
  }

  #checkLeaf({ directory }: WatchedLeaf): void {
    const { hasTargetEnded, elapsedMs, emit, isPlaceGiven } = this.#parts;
    if (this.#removedMs !== undefined || inodeOf(directory) === this.#leafInode || hasTargetEnded()) return;
    this.#removedMs = elapsedMs();
    const message = `the cgroup of the run was removed ${formatDuration(this.#removedMs)} after the launch while the target was running: what it used from then on is not measured`;
    const instead = isPlaceGiven ? '' : ', or place it elsewhere with --cgroup-parent';
    const hint = `find out what removes ${directory}${instead}`;
    emit({ type: 'event', elapsedMs: this.#removedMs, event: 'cgroup_removed', message, hint });
  }

  /** A process of the run, in its cgroup. */
  #track(pid: number): void {
    const stat = statOf(pid);
    if (stat === undefined) return;
    const known = this.#members.get(pid);
    const isSame = known?.startTime === stat.startTime;
    if (isSame && known.comm === stat.comm) return;
    this.#members.set(pid, {
      startTime: stat.startTime,
      pgrp: stat.pgrp,
      comm: stat.comm,
      elsewhere: isSame ? known.elsewhere : undefined,
    });
    if (!mayDelegate(stat.comm)) return;
    const client = findDelegatingClient(wordsOf(pid));
    // The command of the target was checked before its launch.
    const isKnown = pid === this.#parts.targetPid() && this.#listed.some((each) => each.pid === pid);
    if (client !== undefined && !isKnown) this.#reportClient(pid, client);
  }

  #followTarget(inside: ReadonlySet<number>, leaf: WatchedLeaf): void {
    const { hasTargetEnded } = this.#parts;
    const targetPid = this.#parts.targetPid();
    if (inside.has(targetPid) || this.#members.has(targetPid) || hasTargetEnded()) return;
    // Until something is charged to the leaf, the target has not joined it yet.
    const stat = wasCharged(leaf) ? statOf(targetPid) : undefined;
    if (stat !== undefined) this.#add(stat);
  }

  #add({ pid, startTime, pgrp, comm }: PidStat): Member {
    const member: Member = { startTime, pgrp, comm, elsewhere: undefined };
    this.#members.set(pid, member);
    return member;
  }

  /** A process that is not in the leaf any more: it has exited, or it has been moved. */
  #follow(pid: number, member: Member, leaf: WatchedLeaf): void {
    const stat = statOf(pid);
    if (stat === undefined || stat.startTime !== member.startTime) {
      this.#members.delete(pid);
      return;
    }
    if (member.elsewhere !== undefined) {
      rename(member, stat);
      return;
    }
    // The main thread may have ended before the others.
    if (hasExited(stat)) return;
    const cgroup = cgroupOf(pid, leaf.version);
    if (cgroup === undefined || isBelow(cgroup, leaf.directory)) return;
    member.comm = stat.comm;
    member.elsewhere = { cgroup, listed: undefined };
    // A child of a process that was reported is only counted.
    if (this.#members.get(stat.ppid)?.elsewhere?.cgroup === cgroup) this.#count += 1;
    else member.elsewhere.listed = this.#report(stat, cgroup);
  }

  /**
   * Children of processes of the run that were started in, or moved to, another cgroup between two checks.
   */
  #findChildren(inside: ReadonlySet<number>, leaf: WatchedLeaf): void {
    const present = this.#listNew();
    const fresh = present.filter(
      (pid) => !inside.has(pid) && !this.#members.has(pid) && !this.#strangers.has(pid),
    );
    const pending = new Map(fresh.flatMap((pid) => statOf(pid) ?? []).map((stat) => [stat.pid, stat]));
    for (let hasFound = true; hasFound; ) {
      hasFound = false;
      for (const [pid, stat] of pending) {
        if (!this.#members.has(stat.ppid) && !this.#isOrphan(stat, leaf)) continue;
        pending.delete(pid);
        if (!isProcess(pid)) continue;
        hasFound = true;
        this.#follow(pid, this.#add(stat), leaf);
      }
    }
    const strangers = new Set<number>();
    for (const pid of present) if (this.#strangers.has(pid) || pending.has(pid)) strangers.add(pid);
    // Before it joins the leaf, the target is in the cgroup of cmemstat.
    strangers.delete(this.#parts.targetPid());
    this.#strangers = strangers;
  }

  /**
   * The pids given out since the check before the previous one, since a process is in /proc a moment later:
   * children of the run are among them. Some may be threads, or have exited.
   */
  #listNew(): number[] {
    const target = this.#parts.targetPid();
    const [from, previous] = this.#lastPids ?? [target, target];
    const last = unlessGone(readLastPid);
    // Where /proc/loadavg is not that of the kernel, or starts again, its last pid may be before that of the
    // target.
    const isKnown = last !== undefined && (this.#lastPids !== undefined || last >= target);
    if (!isKnown) return listPids().filter((pid) => pid > target);
    this.#lastPids = [previous, last];
    if (last < from) return listPids().filter((pid) => pid > from || pid <= last);
    if (last - from > MAX_SINGLY) return listPids().filter((pid) => pid > from && pid <= last);
    return Array.from({ length: last - from }, (_, at) => from + 1 + at);
  }

  /** Whether a process was left behind by one of the run: its process group is one of the run's. */
  #isOrphan({ pid, ppid, pgrp }: PidStat, { version }: WatchedLeaf): boolean {
    if (!this.#reapers.has(ppid) || ppid === process.pid) return false;
    if (![...this.#members.values()].some((member) => member.pgrp === pgrp)) return false;
    // A script that started cmemstat may have the same process group; its programs are in our own cgroup.
    return cgroupOf(pid, version) !== this.#ownCgroup;
  }

  #report({ pid, comm }: PidStat, cgroup: string): ElsewhereProcess {
    const sinceMs = this.#parts.elapsedMs();
    const opener = [...this.#members.values()].find((member) => SESSION_OPENERS.has(member.comm))?.comm;
    const hint = isInLeaf(cgroup)
      ? 'another cmemstat measures it there; run that one with --placement own'
      : opener === undefined
        ? 'measure it where it runs: start cmemstat in that cgroup'
        : `${opener} opens a session with a cgroup of its own: sudo cmemstat --user USER -- COMMAND`;
    const message = describe(pid, comm, cgroup, sinceMs);
    return this.#emit({ pid, comm, cgroup, sinceMs, message, hint });
  }

  #reportClient(pid: number, { name, hint }: { name: string; hint: string }): void {
    const message = `${name} (process ${pid}) has another process run the command, in another cgroup: its memory is not measured`;
    this.#emit({ pid, comm: name, sinceMs: this.#parts.elapsedMs(), message, hint });
  }

  #emit(noticed: ElsewhereProcess): ElsewhereProcess {
    this.#count += 1;
    if (this.#listed.length < MAX_LISTED) this.#listed.push(noticed);
    const { sinceMs, message, hint, pid, cgroup } = noticed;
    const event: EventRecord = { type: 'event', elapsedMs: sinceMs, event: 'elsewhere', message, hint, pid };
    if (cgroup !== undefined) event.cgroup = cgroup;
    // Thousands of events would say no more.
    if (this.#count <= MAX_LISTED) this.#parts.emit(event);
    return noticed;
  }
}

/** The `size` items whose turn it is, or all if there are no more. */
export function takeTurn<T>(items: readonly T[], turn: number, size: number): T[] {
  const turns = Math.ceil(items.length / size);
  const from = turns === 0 ? 0 : (turn % turns) * size;
  return items.slice(from, from + size);
}

const SESSION_OPENERS: ReadonlySet<string> = new Set(['sudo', 'su', 'runuser', 'doas', 'pkexec']);

function describe(pid: number, comm: string, cgroup: string, sinceMs: number): string {
  const since = `${formatDuration(sinceMs)} after the launch`;
  return `process ${pid} (${safeText(comm)}) has been in cgroup ${safeText(cgroup)} since ${since}: its memory there is not measured`;
}

/** A process that executes another program after it has left gets its name in the summary. */
function rename(member: Member, { pid, comm }: PidStat): void {
  if (comm === member.comm) return;
  member.comm = comm;
  const listed = member.elsewhere?.listed;
  if (listed?.cgroup === undefined) return;
  listed.comm = comm;
  listed.message = describe(pid, comm, listed.cgroup, listed.sinceMs);
}
