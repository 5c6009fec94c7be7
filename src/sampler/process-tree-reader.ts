/**
 * The figures of a process tree, where there is no memory cgroup: sums over the processes, kernel memory not
 * seen.
 */
import { errnoOf } from '../errors.ts';
import { descendantsOf, listAllProcesses } from '../kernel/procfs/process-tree.ts';
import { parsePss } from '../kernel/procfs/smaps-rollup.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import type { TreeFigures } from '../model/sample.ts';
import type { FigureReader, Figures } from './figure-reader.ts';
import { ProcessUsages } from './process-usage.ts';

/** Follows the tree below `rootPid`. A process that was once in it stays in it when its parent ends. */
export class ProcessTreeReader implements FigureReader {
  /** Start times by pid: a pid that is used again by a stranger is not followed. */
  readonly #members = new Map<number, string>();
  readonly #usages = new ProcessUsages();

  constructor(rootPid: number) {
    this.#members.set(rootPid, '');
  }

  processes(): number[] {
    const all = listAllProcesses();
    const roots = all.filter((stat) => {
      const startTime = this.#members.get(stat.pid);
      return startTime === '' || startTime === stat.startTime;
    });
    const tree = descendantsOf(new Set(roots.map((stat) => stat.pid)), all);
    this.#members.clear();
    for (const stat of tree) this.#members.set(stat.pid, stat.startTime);
    return tree.filter((stat) => stat.state !== 'Z' && stat.state !== 'X').map((stat) => stat.pid);
  }

  async read(): Promise<Figures> {
    const pids = this.processes();
    const tree: TreeFigures = { rss: 0, cpuPercent: 0 };
    for (const { rssBytes, cpuPercent } of (await this.#usages.read(pids)).values()) {
      tree.rss += rssBytes;
      tree.cpuPercent += cpuPercent ?? 0;
    }
    this.#usages.retain(this.#members);
    const pss = sumPss(pids);
    if (pss !== undefined) tree.pss = pss;
    return { tree, processes: pids.length };
  }

  close(): void {
    this.#members.clear();
    this.#usages.retain(this.#members);
  }
}

/** Undefined when one of them may not be read: a sum without it would be too low without saying so. */
function sumPss(pids: number[]): number | undefined {
  let sum = 0;
  for (const pid of pids) {
    const path = `/proc/${pid}/smaps_rollup`;
    try {
      sum += parsePss(readPseudoFile(path), path) ?? 0;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EACCES' || errno === 'EPERM') return undefined;
      if (errno !== 'ENOENT' && errno !== 'ESRCH') throw error;
    }
  }
  return sum;
}
