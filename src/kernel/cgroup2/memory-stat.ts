import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/** `memory.stat` of cgroup v2, with exactly the keys that the running kernel provides. */
export type MemoryStat = Record<string, number>;

/**
 * Parses `memory.stat` of cgroup v2:
 *
 *     anon 8192
 *     kernel 57344
 *     pgfault 12
 *
 * Source: `memory.stat`, Documentation/admin-guide/cgroup-v2.rst. The figures include nested cgroups.
 * Unit: bytes for gauges, counts for the `pg*`, `workingset_*`, `thp_*` and `zsw*` keys.
 * Since: Linux 4.5; `kernel` and `vmalloc` since 5.18 and 5.17.
 * @throws KernelFileError that names the line, without `onMalformed`.
 */
export function parseMemoryStat(text: string, path: string, onMalformed?: OnMalformed): MemoryStat {
  return parseFlatKeyed(text, path, onMalformed);
}
