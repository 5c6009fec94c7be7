import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/** CPU time in user and kernel mode. Unit: microseconds. */
export interface CpuTime {
  user: number;
  system: number;
}

/**
 * The CPU time of a cgroup and the cgroups below it, from `cpu.stat`, which exists without the cpu
 * controller:
 *
 *     usage_usec 630120
 *     user_usec 520000
 *     system_usec 110120
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst. Since: Linux 4.15.
 * @throws KernelFileError that names the line, without `onMalformed`. Undefined if the kernel does not print
 * the keys.
 */
export function parseCpuStat(text: string, path: string, onMalformed?: OnMalformed): CpuTime | undefined {
  const { user_usec: user, system_usec: system } = parseFlatKeyed(text, path, onMalformed);
  return user === undefined || system === undefined ? undefined : { user, system };
}
