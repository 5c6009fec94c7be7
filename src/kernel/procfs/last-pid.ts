/** The pids that the kernel has given out. */
import { malformed } from '../number.ts';
import { readPseudoFile } from '../pseudo-file.ts';

const PATH = '/proc/loadavg';

/**
 * The pid that a process or thread got last in our pid namespace. Pids are given out in ascending order, and
 * from the start again after the largest one.
 * Source: proc_loadavg(5).
 * @throws KernelFileError.
 */
export function readLastPid(): number {
  const text = readPseudoFile(PATH);
  const pid = / (\d+)\n?$/.exec(text)?.[1];
  if (pid === undefined) throw malformed(PATH, 1, `'${text.trimEnd()}' does not end in a pid`);
  return Number(pid);
}
