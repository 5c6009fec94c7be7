/** Number of open descriptors of a process. */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { errnoOf } from '../../errors.ts';

/**
 * The size of `/proc/<pid>/fd`, which is the number of descriptors; undefined if the process has exited.
 * Since: Linux 6.2; before, the size is always 0.
 * Source: `proc_readfd_count` in fs/proc/fd.c.
 */
export function readDescriptorCount(pid: number, procRoot = '/proc'): number | undefined {
  return statSync(`${procRoot}/${pid}/fd`, { throwIfNoEntry: false })?.size;
}

/**
 * The number of entries in `/proc/<pid>/fd`, counted in the background since a process may have a million.
 * Undefined if the process has exited, or is not accessible (another user's, without CAP_SYS_PTRACE).
 * Source: proc_pid_fd(5).
 */
export async function countDescriptors(pid: number, procRoot = '/proc'): Promise<number | undefined> {
  try {
    return (await readdir(`${procRoot}/${pid}/fd`)).length;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
