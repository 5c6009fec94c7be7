import { parseFlatKeyed } from '../flat-keyed.ts';

/**
 * The number of processes of this cgroup (nested ones not counted) that the OOM killer ended, from v1's
 * `memory.oom_control`:
 *
 *     oom_kill_disable 0
 *     under_oom 0
 *     oom_kill 1
 *
 * Since: Linux 4.13; undefined where the kernel prints no such key.
 * @throws KernelFileError that names the line.
 */
export function parseOomKills(text: string, path: string): number | undefined {
  return parseFlatKeyed(text, path).oom_kill;
}
