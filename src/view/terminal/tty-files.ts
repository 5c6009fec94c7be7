/** The descriptors that a screen works with: none of them is shared with anybody. */
import { closeSync, constants, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { UnsupportedError } from '../../errors.ts';

const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;

/** An opened terminal. */
export interface TerminalFiles {
  /** A new descriptor to read keys from; it belongs to who asked for it. */
  openInput(): number;
  /** Writes never wait. */
  outputFd: number;
  /** A new descriptor to ask for the size. */
  openSize(): number;
}

/**
 * Opens the terminals behind two descriptors anew: not to wait is a property of what was opened, and with the
 * shell's own the shell and its other programs would not wait any more either.
 * @throws UnsupportedError if a descriptor is not a terminal, or there is none.
 */
export function openTerminal(input: number | undefined, output: number | undefined): TerminalFiles {
  const openInput = () => openAnew(input, 'input');
  const openSize = () => openAnew(output, 'output');
  // Tried before anything is changed.
  closeSync(openInput());
  return { openInput, openSize, outputFd: openSize() };
}

/** The terminal of another user, as after `su`, can't be opened by its name, but as /dev/tty it can. */
function openAnew(fd: number | undefined, what: 'input' | 'output'): number {
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
