/** Finds the descendants of processes. */
import { errnoOf } from '../../errors.ts';
import { listPseudoDirectory } from '../pseudo-file.ts';
import { type PidStat, readPidStat } from './pid-stat.ts';

/** The pids that can be seen now. Source: proc(5). @throws KernelFileError. */
export function listPids(): number[] {
  return listPseudoDirectory('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * Every process that can be seen now; one that ends meanwhile is left out. Source: `/proc/<pid>/stat`.
 * @throws KernelFileError.
 */
export function listAllProcesses(): PidStat[] {
  const all: PidStat[] = [];
  for (const pid of listPids()) {
    try {
      all.push(readPidStat(pid));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT' && errno !== 'ESRCH') throw error;
    }
  }
  return all;
}

/** The descendants of `roots`, including the roots. */
export function descendantsOf(roots: ReadonlySet<number>, all: readonly PidStat[]): PidStat[] {
  const children = new Map<number, PidStat[]>();
  for (const stat of all) {
    const siblings = children.get(stat.ppid);
    if (siblings === undefined) children.set(stat.ppid, [stat]);
    else siblings.push(stat);
  }
  const found = new Map<number, PidStat>();
  const queue = all.filter((stat) => roots.has(stat.pid));
  for (let stat = queue.pop(); stat !== undefined; stat = queue.pop()) {
    if (found.has(stat.pid)) continue;
    found.set(stat.pid, stat);
    queue.push(...(children.get(stat.pid) ?? []));
  }
  return [...found.values()];
}
