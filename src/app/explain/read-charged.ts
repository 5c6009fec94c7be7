/** What the kernel charged to a cgroup, from its files. */
import { join } from 'node:path';
import { parseMemoryStatV1 } from '../../kernel/cgroup1/memory-stat.ts';
import { parseMemoryStat } from '../../kernel/cgroup2/memory-stat.ts';
import { parseSingleValue } from '../../kernel/limit.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { ChargedMemory } from '../../model/explain/explanation.ts';
import { absentAs } from '../../sampler/figure-reader.ts';
import { NestedStat, raisable } from '../../sampler/nested-stat.ts';

/** The counters that an explanation is compared with. */
const SHOWN = [
  ...['anon', 'file', 'shmem', 'kernel', 'slab', 'slab_reclaimable', 'slab_unreclaimable', 'pagetables'],
  ...['sec_pagetables', 'kernel_stack', 'percpu', 'sock', 'vmalloc', 'zswap', 'zswapped', 'swapcached'],
  ...['file_mapped', 'file_dirty', 'file_writeback', 'anon_thp', 'unevictable'],
] as const;

/** A cgroup to read. */
export interface ChargedCgroup {
  version: 1 | 2;
  directory: string;
}

/**
 * Reads the counters of a cgroup with its descendants; on cgroup v1 under the names of v2. The root cgroup
 * has no memory.current on v2: it is absent. `kernel` is absent before Linux 5.18.
 * @throws KernelFileError if a file cannot be read.
 */
export function readCharged({ version, directory }: ChargedCgroup): ChargedMemory {
  const read = <T>(name: string, parse: (text: string, path: string) => T) => {
    const path = join(directory, name);
    return absentAs(undefined, () => parse(readPseudoFile(path), path));
  };
  const ignore = () => {};
  const current = read(version === 2 ? 'memory.current' : 'memory.usage_in_bytes', parseSingleValue);
  const all =
    version === 2
      ? read('memory.stat', (text, path) => parseMemoryStat(text, path, ignore))
      : read('memory.stat', (text, path) => parseMemoryStatV1(text, path, ignore).stat);
  const kernelV1 = version === 1 ? read('memory.kmem.usage_in_bytes', parseSingleValue) : undefined;
  if (all !== undefined) new NestedStat(version, directory).update(current, raisable(all), kernelV1);
  const stat: Record<string, number> = {};
  for (const key of SHOWN) {
    const value = all?.[key];
    if (value !== undefined) stat[key] = value;
  }
  if (kernelV1 !== undefined) stat.kernel = kernelV1;
  return { ...(current === undefined ? {} : { current }), stat };
}
