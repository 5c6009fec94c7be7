/** The user and the command line of a process. */
import { readPseudoFile } from '../pseudo-file.ts';

/**
 * The effective user id in `/proc/<pid>/status`; undefined without such a line.
 *
 *     Uid:	1000	1000	1000	1000
 *
 * Source: proc_pid_status(5): real, effective, saved and file system uid.
 */
export function parseEffectiveUid(status: string): number | undefined {
  const uid = /^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Longer command lines are cut. Unit: characters. */
const MAX_COMMAND_LENGTH = 1000;

/**
 * The words of `/proc/<pid>/cmdline`, each of which ends in a NUL; programs may replace them by a title
 * without one. Undefined for a kernel thread, and for a process that has exited. May contain any character.
 * Source: proc_pid_cmdline(5).
 */
export function parseCommandLine(text: string): string[] | undefined {
  const words = text.slice(0, MAX_COMMAND_LENGTH).replace(/[\0 ]+$/, '');
  return words === '' ? undefined : words.split('\0');
}

/**
 * Reads the effective user id, undefined if the kernel does not report it.
 * @throws KernelFileError, `ENOENT` or `ESRCH` if the process does not exist or has exited.
 */
export function readEffectiveUid(pid: number): number | undefined {
  return parseEffectiveUid(readPseudoFile(`/proc/${pid}/status`));
}

/**
 * Reads the words of the command line.
 * @throws KernelFileError, `ENOENT` or `ESRCH` if the process does not exist or has exited.
 */
export function readCommandLine(pid: number): string[] | undefined {
  return parseCommandLine(readPseudoFile(`/proc/${pid}/cmdline`));
}
