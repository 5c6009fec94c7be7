/**
 * The figures of a process tree, if there is no memory cgroup: sums over its processes, without kernel
 * memory.
 */
import { errnoOf } from '../errors.ts';
import { parsePss } from '../kernel/procfs/memory/smaps-rollup.ts';
import { findLivingThread, hasExited, type PidStat } from '../kernel/procfs/pid-stat.ts';
import { descendantsOf, listAllProcesses } from '../kernel/procfs/process-tree.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import type { TreeFigures } from '../model/sample.ts';
import type { FigureReader, Figures } from './figure-reader.ts';
import { ProcessUsages } from './process-usage.ts';

/** Follows the tree below `rootPid`. A process stays in it even if its parent exits. */
export class ProcessTreeReader implements FigureReader {
  /** Start times by pid, to detect reused pids. */
  readonly #members = new Map<number, string>();
  readonly #usages = new ProcessUsages();

  constructor(rootPid: number) {
    this.#members.set(rootPid, '');
  }

  processes(): number[] {
    return this.#living().map(({ pid }) => pid);
  }

  #living(): PidStat[] {
    const all = listAllProcesses();
    const roots = all.filter((stat) => {
      const startTime = this.#members.get(stat.pid);
      return startTime === '' || startTime === stat.startTime;
    });
    const tree = descendantsOf(new Set(roots.map((stat) => stat.pid)), all);
    this.#members.clear();
    for (const stat of tree) this.#members.set(stat.pid, stat.startTime);
    return tree.filter((stat) => !hasExited(stat));
  }

  async read(): Promise<Figures> {
    const stats = this.#living().flatMap(shownBy);
    const pids = stats.map(({ pid }) => pid);
    const tree: TreeFigures = { rss: 0, cpuPercent: 0 };
    for (const { rssBytes, cpuPercent } of (await this.#usages.read(stats)).values()) {
      tree.rss += rssBytes;
      tree.cpuPercent += cpuPercent ?? 0;
    }
    this.#usages.retain(new Set(pids));
    const pss = sumPss(pids);
    if (pss !== undefined) tree.pss = pss;
    return { tree, processes: pids.length };
  }

  close(): void {
    this.#members.clear();
    this.#usages.retain(this.#members);
  }
}

/** The process, or if its main thread has ended another thread, whose files show the memory of a process. */
function shownBy(stat: PidStat): PidStat[] {
  if (stat.state !== 'Z') return [stat];
  try {
    return [findLivingThread(stat.pid) ?? stat];
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ESRCH') return [];
    throw error;
  }
}

/** Undefined if one of them is not readable: a partial sum would be too low without notice. */
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
