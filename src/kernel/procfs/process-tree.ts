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

/** It has exited, or `/proc` is mounted with `hidepid=noaccess` and it is that of another user. */
const NOT_VISIBLE = ['ENOENT', 'ESRCH', 'EPERM', 'EACCES'];

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
      if (!NOT_VISIBLE.includes(errnoOf(error) ?? '')) throw error;
    }
  }
  return all;
}

/** A process and those above it, as far as they can be seen. @throws KernelFileError. */
export function pidAndAncestors(
  pid: number,
  read: (pid: number) => Pick<PidStat, 'ppid'> = readPidStat,
): Set<number> {
  const pids = new Set<number>();
  for (let each = pid; each > 0 && !pids.has(each); ) {
    pids.add(each);
    try {
      each = read(each).ppid;
    } catch (error) {
      if (!NOT_VISIBLE.includes(errnoOf(error) ?? '')) throw error;
    }
  }
  return pids;
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
