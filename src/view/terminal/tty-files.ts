/** The descriptors of a screen, which are not shared with other processes. */
import { closeSync, constants, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { UnsupportedError } from '../../errors.ts';

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;

/** An opened terminal. */
export interface TerminalFiles {
  /** A new descriptor for reading keys; the caller owns it. */
  openInput(): number;
  /** Writes never block. */
  outputFd: number;
  /** A new descriptor for querying the size. */
  openSize(): number;
}

/**
 * Reopens the terminals behind two descriptors: O_NONBLOCK is a property of the open file description, and
 * setting it on the shell's own would also affect the shell and its other programs.
 * @throws UnsupportedError if a descriptor is not a terminal, or does not exist.
 */
export function openTerminal(input: number | undefined, output: number | undefined): TerminalFiles {
  const openInput = () => reopen(input, 'input');
  const openSize = () => reopen(output, 'output');
  // Checked before anything is changed.
  closeSync(openInput());
  return { openInput, openSize, outputFd: openSize() };
}

/** The terminal of another user, as after `su`, cannot be opened by name, but as /dev/tty. */
function reopen(fd: number | undefined, what: 'input' | 'output'): number {
  if (fd !== undefined && !isatty(fd)) {
    throw new UnsupportedError('live view', `standard ${what} is not a terminal`);
  }
  let failure: unknown;
  for (const path of [...(fd === undefined ? [] : [`/proc/self/fd/${fd}`]), '/dev/tty']) {
    try {
      return openSync(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    } catch (cause) {
      failure = cause;
    }
  }
  throw new UnsupportedError('live view', 'no terminal could be opened', { cause: failure });
}
