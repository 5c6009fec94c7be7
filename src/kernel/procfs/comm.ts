/** The names of processes. */
import { errnoOf } from '../../errors.ts';
import { readPseudoFile } from '../pseudo-file.ts';

/** How a name is read. */
export interface CommOptions {
  procRoot?: string;
  /** `latin1` where any byte may be part of the name. */
  encoding?: 'latin1' | 'utf8';
}

/**
 * The name of a process, 15 bytes at most; undefined if it has exited, or may not be read.
 * Source: proc_pid_comm(5).
 * @throws errors that are not of a system call.
 */
export function readComm(pid: number, options: CommOptions = {}): string | undefined {
  const { procRoot = '/proc', encoding = 'utf8' } = options;
  try {
    return readPseudoFile(`${procRoot}/${pid}/comm`, encoding).replace(/\n$/, '');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
