/**
 * Sizes that memory.stat of a cgroup with descendants does not have yet.
 *
 * The kernel flushes the counters of a cgroup, with those below it, when it is read and has seen 64 pages of
 * changes per CPU. Since Linux 6.8 changes are no longer counted in the cgroups above one that has seen as
 * many: if that one was flushed at the same time as it was changed, those above it are not flushed until the
 * next periodic flush, which takes up to 2 s. They lack all changes of that time, while the figures of each
 * cgroup without descendants are exact.
 * Source: `memcg_rstat_updated` and `mem_cgroup_flush_stats` in mm/memcontrol.c.
 */
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { LINKS_OF_NO_CHILD, visitNested } from '../cgroup/subtree.ts';
import { memoryStatNameV1 } from '../kernel/cgroup1/memory-stat.ts';
import { unitOfMetric } from '../model/figures.ts';
import { absentAs } from './figure-reader.ts';
import { type NameOf, StatSizes } from './stat-sizes.ts';

/** More descendants are not read: it would take longer than the flush is away. */
const MAX_NESTED = 1000;
/**
 * What `current` and memory.stat may each be ahead or behind in every cgroup. Unit: bytes per CPU.
 * Source: `MEMCG_CHARGE_BATCH` in include/linux/memcontrol.h, in pages of 4 KiB.
 */
const BATCH_BYTES = 64 * 4096;
const CPUS = availableParallelism();
/** A difference that is not worth reading all descendants. */
const NOTICED_SHARE = 0.01;

const sizeName = (key: string) => (unitOfMetric(key) === 'bytes' ? key : undefined);

/** Chooses the sizes of memory.stat, by version of cgroups and under the names of v2. */
export const SIZE_NAMES: Readonly<Record<1 | 2, NameOf>> = {
  1: (key, hasKey) => {
    if (key === 'total_swap') return 'swap';
    const name = memoryStatNameV1(key, hasKey);
    return name === undefined || name.startsWith('hierarchical_') ? undefined : sizeName(name);
  },
  2: sizeName,
};

/** The sizes of one memory.stat, by the names of cgroup v2. Unit: bytes. */
export interface RaisableSizes {
  valueOf(name: string): number | undefined;
  raise(name: string, value: number): void;
}

/** The sizes that `current` consists of. Unit: bytes. */
export interface MainSizes {
  anon: number | undefined;
  file: number | undefined;
  kernel: number | undefined;
  sock?: number | undefined;
}

/** Whether `current` exceeds the sizes that it consists of, by more than what the kernel keeps per CPU. */
export function isBehind(current: number | undefined, { anon, file, kernel, sock = 0 }: MainSizes): boolean {
  if (current === undefined || anon === undefined || file === undefined || kernel === undefined) return false;
  const missing = current - anon - file - kernel - sock;
  return missing > Math.max(2 * BATCH_BYTES * CPUS, current * NOTICED_SHARE);
}

/** Raises the sizes of one cgroup to the sums of those of its descendants, where they are behind. */
export class NestedStat {
  readonly #directory: string;
  readonly #nameOf: NameOf;
  /** Had too many descendants: they are not listed again. */
  #isTooLarge = false;

  constructor(version: 1 | 2, directory: string) {
    this.#directory = directory;
    this.#nameOf = SIZE_NAMES[version];
  }

  /**
   * @param kernel is in memory.stat on cgroup v2 only.
   * @throws an error with the errno if a descendant cannot be read.
   */
  update(current: number | undefined, sizes: RaisableSizes, kernel = sizes.valueOf('kernel')): void {
    const [anon, file, sock] = [sizes.valueOf('anon'), sizes.valueOf('file'), sizes.valueOf('sock')];
    if (this.#isTooLarge || !isBehind(current, { anon, file, kernel, sock })) return;
    const links = statSync(this.#directory, { throwIfNoEntry: false })?.nlink;
    if (links === undefined || links === LINKS_OF_NO_CHILD) return;
    for (const [name, value] of this.#sumNested() ?? []) {
      const own = sizes.valueOf(name);
      if (own !== undefined && own < value) sizes.raise(name, value);
    }
  }

  /** Undefined if there are too many. A descendant may be behind as well: the larger figure counts. */
  #sumNested(): ReadonlyMap<string, number> | undefined {
    const sums = new Map<string, Map<string, number>>();
    const stat = new StatSizes(this.#nameOf);
    let visited = 0;
    visitNested(this.#directory, (path, shown) => {
      visited += 1;
      if (visited > MAX_NESTED) return;
      const file = Buffer.concat([Buffer.from(path), Buffer.from('/memory.stat')]);
      const bytes = absentAs(undefined, () => readFileSync(file));
      if (bytes === undefined) return;
      stat.parse(bytes);
      const below = sums.get(shown);
      const parent = dirname(shown);
      const sum = sums.get(parent) ?? new Map<string, number>();
      sums.set(parent, sum);
      for (const name of stat.names) {
        const value = Math.max(stat.valueOf(name) ?? 0, below?.get(name) ?? 0);
        sum.set(name, (sum.get(name) ?? 0) + value);
      }
      sums.delete(shown);
    });
    this.#isTooLarge = visited > MAX_NESTED;
    return this.#isTooLarge ? undefined : sums.get(dirname(`${this.#directory}/x`));
  }
}

/** Sizes that are kept as an object. */
export function raisable(stat: Record<string, number>): RaisableSizes {
  return {
    valueOf: (name) => stat[name],
    raise(name, value) {
      stat[name] = value;
    },
  };
}
