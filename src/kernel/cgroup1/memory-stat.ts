import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/**
 * Keys of v1's `memory.stat` that mean the same as a key of cgroup v2, once `total_` is taken away.
 * Source: mm/memcontrol-v1.c `memcg1_stats` beside mm/memcontrol.c `memory_stats`: the same counter under two
 * names.
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

/** v1's key for the subtree, by v2 name. */
const TWINS: Record<string, string> = Object.fromEntries(
  Object.entries(SAME_MEANING).map(([key, name]) => [`total_${key}`, name]),
);

/**
 * The name under which a key of v1's `memory.stat` is reported; undefined if another key reports it.
 * `hasKey` returns whether the file has a key.
 */
export function memoryStatNameV1(key: string, hasKey: (key: string) => boolean): string | undefined {
  const twin = TWINS[key];
  if (twin !== undefined) return twin;
  return key === 'total_swap' || (!key.startsWith('total_') && hasKey(`total_${key}`)) ? undefined : key;
}

/** `memory.stat` of cgroup v1, with v2 names for figures that have the same meaning. */
export interface MemoryStatV1 {
  /**
   * v2 names if the meaning is the same, otherwise v1 names (`total_pgpgin`, `hierarchical_memory_limit`
   * ...).
   */
  stat: Record<string, number>;
  /** `total_swap`, which cgroup v2 reports in `memory.swap.current`. Unit: bytes. */
  swapBytes: number | undefined;
  /** The smallest limit of the cgroup and its ancestors; near 2^63 if unlimited. Unit: bytes. */
  hierarchicalLimitBytes: number | undefined;
}

/**
 * Parses `memory.stat` of cgroup v1, which contains every counter twice: for the cgroup alone, and with
 * prefix `total_` for the subtree. cgroup v2 reports only the latter; the former are dropped.
 *
 *     cache 4096
 *     hierarchical_memory_limit 9223372036854771712
 *     total_cache 8192
 *
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst, section 5.2.
 * Unit: bytes, but for the counts `pgfault`, `pgmajfault`, `total_pgpgin`, `total_pgpgout`, `workingset_*`.
 * @throws KernelFileError that names the line, without `onMalformed`.
 */
export function parseMemoryStatV1(text: string, path: string, onMalformed?: OnMalformed): MemoryStatV1 {
  // "No limit" is 2^63 minus one page, which a double cannot represent exactly.
  const limited = text.replace(NO_LIMIT, '$1 0');
  const raw = parseFlatKeyed(limited, path, onMalformed);
  const stat: Record<string, number> = {};
  for (const key in raw) {
    const name = memoryStatNameV1(key, (other) => raw[other] !== undefined);
    if (name !== undefined) stat[name] = raw[key] as number;
  }
  if (limited !== text) delete stat.hierarchical_memsw_limit;
  const limit = HIERARCHICAL_NO_LIMIT.test(text) ? Number.POSITIVE_INFINITY : raw.hierarchical_memory_limit;
  if (limit === Number.POSITIVE_INFINITY) delete stat.hierarchical_memory_limit;
  return { stat, swapBytes: raw.total_swap, hierarchicalLimitBytes: limit };
}

/** Numbers of 19 digits exceed 2^53; with 64 KiB pages "no limit" has 19 digits too. */
const NO_LIMIT = /^(hierarchical_mem(?:ory|sw)_limit) \d{19,}$/gm;
const HIERARCHICAL_NO_LIMIT = /^hierarchical_memory_limit \d{19,}$/m;
