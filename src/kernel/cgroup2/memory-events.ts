import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/** `memory.events` or `memory.events.local`: event counts since the cgroup was created. */
export type MemoryEvents = Record<string, number>;

/**
 * Parses `memory.events` (the subtree) and `memory.events.local` (the cgroup alone):
 *
 *     low 0
 *     high 0
 *     max 18
 *     oom 1
 *     oom_kill 1
 *     oom_group_kill 0
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 * Unit: counts. Since: Linux 4.5; `.local` since 5.2; `oom_group_kill` since 5.17.
 * @throws KernelFileError that names the line, without `onMalformed`.
 */
export function parseMemoryEvents(text: string, path: string, onMalformed?: OnMalformed): MemoryEvents {
  return parseFlatKeyed(text, path, onMalformed);
}
