import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/**
 * Number of processes in this cgroup (excluding nested ones) killed by the OOM killer, from v1's
 * `memory.oom_control`:
 *
 *     oom_kill_disable 0
 *     under_oom 0
 *     oom_kill 1
 *
 * Since: Linux 4.13; undefined if the kernel does not print the key.
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst, section 10.
 * @throws KernelFileError that names the line, without `onMalformed`.
 */
export function parseOomKills(text: string, path: string, onMalformed?: OnMalformed): number | undefined {
  return parseFlatKeyed(text, path, onMalformed).oom_kill;
}
