/** What memory.stat alone says of a cgroup, in place of its pages. */
import type { ChargedMemory } from '../../model/explain/explanation.ts';
import { noPages } from './page-totals.ts';
import type { PageSums } from './tree/parts.ts';

/**
 * The sums that memory.stat has. `file` of memory.stat includes `shmem`; `kernel` is absent before Linux
 * 5.18, and includes its parts. Unit: bytes.
 */
export function sumsOfCounters({ stat }: ChargedMemory): PageSums {
  const { anon = 0, file = 0, shmem = 0, kernel } = stat;
  const slab = slabOf(stat);
  const pageTables = (stat.pagetables ?? 0) + (stat.sec_pagetables ?? 0);
  const parts = slab + pageTables + (stat.percpu ?? 0) + (stat.zswap ?? 0);
  return {
    ...noPages(),
    anon,
    file: Math.max(0, file - shmem),
    shmem,
    slab,
    pageTables,
    kernelPages: kernel === undefined ? (stat.kernel_stack ?? 0) : Math.max(0, kernel - parts),
  };
}

function slabOf({ slab, slab_reclaimable = 0, slab_unreclaimable = 0 }: Record<string, number>): number {
  return slab ?? slab_reclaimable + slab_unreclaimable;
}
