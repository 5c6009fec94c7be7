import { parseFlatKeyed } from '../flat-keyed.ts';

/**
 * Keys of v1's `memory.stat` that mean the same as a key of cgroup v2, once `total_` is taken away.
 * Source: mm/memcontrol-v1.c `memcg1_stats` beside mm/memcontrol.c `memory_stats`: the same counter under two names.
 */
const SAME_MEANING: Record<string, string> = {
  cache: 'file',
  rss: 'anon',
  rss_huge: 'anon_thp',
  shmem: 'shmem',
  mapped_file: 'file_mapped',
  dirty: 'file_dirty',
  writeback: 'file_writeback',
  workingset_refault_anon: 'workingset_refault_anon',
  workingset_refault_file: 'workingset_refault_file',
  swapcached: 'swapcached',
  pgfault: 'pgfault',
  pgmajfault: 'pgmajfault',
  inactive_anon: 'inactive_anon',
  active_anon: 'active_anon',
  inactive_file: 'inactive_file',
  active_file: 'active_file',
  unevictable: 'unevictable',
};

/** v1's `memory.stat`, with the figures of v2's meaning under v2's names. */
export interface MemoryStatV1 {
  /** v2's names where they mean the same, v1's own (`total_pgpgin`, `hierarchical_memory_limit` ...) elsewhere. */
  stat: Record<string, number>;
  /** `total_swap`, which is what v2 prints in `memory.swap.current`. Unit: bytes. */
  swapBytes: number | undefined;
  /** The smallest limit of the cgroup and its ancestors. Unit: bytes; near 2^63 when there is none. */
  hierarchicalLimitBytes: number | undefined;
}

/**
 * Parses `memory.stat` of cgroup v1, which prints every figure twice: for the cgroup alone, and with `total_` for the
 * subtree. Those of the subtree are what v2 prints; the others are left out.
 *
 *     cache 4096
 *     hierarchical_memory_limit 9223372036854771712
 *     total_cache 8192
 *
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst, section 5.2.
 * Unit: bytes, but for the counts `pgfault`, `pgmajfault`, `total_pgpgin`, `total_pgpgout`, `workingset_*`.
 * @throws KernelFileError that names the line.
 */
export function parseMemoryStatV1(text: string, path: string): MemoryStatV1 {
  // "No limit" is 2^63 less a page, which no double holds exactly: both limits are cut out before the counters are read.
  const limits: Record<string, number> = {};
  const counters = text.replace(
    /^(hierarchical_mem(?:ory|sw)_limit) (\d+)$/gm,
    (whole, key: string, digits: string) => {
      const limit = BigInt(digits);
      if (limit <= BigInt(Number.MAX_SAFE_INTEGER)) return whole;
      limits[key] = Number.POSITIVE_INFINITY;
      return `${key} 0`;
    },
  );
  const raw = parseFlatKeyed(counters, path);
  const stat: Record<string, number> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (limits[key] !== undefined || raw[`total_${key}`] !== undefined || key === 'total_swap') continue;
    const own = key.startsWith('total_') ? key.slice('total_'.length) : undefined;
    const name = own === undefined ? undefined : SAME_MEANING[own];
    stat[name ?? key] = value;
  }
  return {
    stat,
    swapBytes: raw.total_swap,
    hierarchicalLimitBytes: limits.hierarchical_memory_limit ?? raw.hierarchical_memory_limit,
  };
}
