/** Finds the cgroup that has got the name of an attachment, after a restart. */
import { findTargets, type ResolvedTarget } from '../../cgroup/resolve/resolve-target.ts';
import { listProcesses } from '../../cgroup/subtree.ts';
import { ToolError } from '../../errors.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { tryStat } from '../../try-stat.ts';

/** A cgroup that is measured: another one may have its path. */
export interface KnownCgroup {
  directory: string;
  inode: bigint | undefined;
}

/** How often the name is resolved, at most. Unit: milliseconds. */
const WAITING_MS = 200;
const WATCHING_MS = 2000;
/** The part of a CPU that this may take, while waiting for a cgroup and while there is one. */
const WAITING_SHARE = 0.1;
const WATCHING_SHARE = 0.005;

/** Resolves a name again and again, in bounded time of a CPU. */
export class Successors {
  #resolved: ResolvedTarget;
  readonly #find: typeof findTargets;
  #dueMs: number;

  constructor(resolved: ResolvedTarget, find: typeof findTargets = findTargets) {
    this.#resolved = resolved;
    this.#find = find;
    this.#dueMs = monotonicMs() + WATCHING_MS;
  }

  /** The cgroup was just found to be gone: its name is resolved at the next call. */
  hurry(): void {
    this.#dueMs = 0;
  }

  /** Another cgroup that has the name; undefined if there is none, or several, or if it is not time yet. */
  async find(known: KnownCgroup): Promise<ResolvedTarget | undefined> {
    const hasOld = isThere(known);
    // A path says whose the cgroup is, but for processes by name.
    if (!hasOld && this.#resolved.form !== 'comm' && tryStat(known.directory) !== undefined) {
      return { ...this.#resolved, directory: known.directory };
    }
    if (monotonicMs() < this.#dueMs) return undefined;
    const before = process.cpuUsage();
    const found = await this.#findAll();
    const { user, system } = process.cpuUsage(before);
    const [pauseMs, share] = hasOld ? [WATCHING_MS, WATCHING_SHARE] : [WAITING_MS, WAITING_SHARE];
    this.#dueMs = monotonicMs() + Math.max(pauseMs, (user + system) / 1000 / share);
    const next = chooseSuccessor(known, found);
    // It may be in another place than the first one.
    if (next !== undefined) this.#resolved = next;
    return next;
  }

  async #findAll(): Promise<ResolvedTarget[]> {
    try {
      return await this.#find(this.#resolved);
    } catch (error) {
      if (error instanceof ToolError) return [];
      throw error;
    }
  }
}

/** Whether a cgroup still exists. */
export function isThere({ directory, inode }: KnownCgroup): boolean {
  return inode !== undefined && tryStat(directory)?.ino === inode;
}

/**
 * Which of the cgroups with a name to continue in. One that has processes and the name is not left; of
 * several others, the only one with processes is taken.
 */
function chooseSuccessor(known: KnownCgroup, found: readonly ResolvedTarget[]): ResolvedTarget | undefined {
  const isKnown = ({ directory }: ResolvedTarget) => directory === known.directory && isThere(known);
  const others = found.filter((each) => !isKnown(each));
  if (others.length < found.length && hasProcesses(known)) return undefined;
  const alive = others.filter(hasProcesses);
  if (alive.length === 1) return alive[0];
  return others.length === 1 && !isThere(known) ? others[0] : undefined;
}

function hasProcesses({ directory }: Pick<KnownCgroup, 'directory'>): boolean {
  try {
    return listProcesses(directory).length > 0;
  } catch {
    // It is gone.
    return false;
  }
}
