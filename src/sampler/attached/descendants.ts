/** The processes that come from one process. */
import { ToolError } from '../../errors.ts';
import { type PidStat, readPidStat } from '../../kernel/procfs/pid-stat.ts';
import { descendantsOf } from '../../kernel/procfs/process-tree.ts';

/** Keeps those whose parents have exited meanwhile. Memory is bounded by the processes of one reading. */
export class Descendants {
  /** Pids that were found before, with the start of their processes: pids are used again. */
  #known = new Map<number, string>();

  /** The part of `pids` that descends from `root`, with it. */
  keep<T>(root: number, pids: ReadonlyMap<number, T>): Map<number, T> {
    const stats = [...pids.keys()].flatMap(tryStat);
    const roots = stats.filter(({ pid, startTime }) => {
      const known = this.#known.get(pid);
      // At first, the process is the one that was named.
      return known === undefined ? this.#known.size === 0 && pid === root : known === startTime;
    });
    const found = descendantsOf(new Set(roots.map(({ pid }) => pid)), stats);
    if (found.length > 0) this.#known = new Map(found.map(({ pid, startTime }) => [pid, startTime]));
    return new Map(found.map(({ pid }) => [pid, pids.get(pid) as T]));
  }
}

/** None if it has exited, or cannot be seen. */
function tryStat(pid: number): PidStat[] {
  try {
    return [readPidStat(pid)];
  } catch (error) {
    if (error instanceof ToolError) return [];
    throw error;
  }
}
