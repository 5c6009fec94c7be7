/** Reading long kernel files line by line. */
import { closeSync, openSync, readSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../../../errors.ts';

/** The kernel gives about a page at a time; a step reads this much. Unit: bytes. */
const CHUNK_SIZE = 64 * 1024;
const STEP_SIZE = 1024 * 1024;

/**
 * Hands the lines of a kernel file to `visit` as byte strings, until it returns false; a step per MiB, so
 * that other work can be done in between. Never holds more than a chunk and a line.
 * @throws KernelFileError with the errno.
 */
export function* readStream(path: string, visit: (line: string) => boolean): Generator<void, void, void> {
  const fd = attempt('open', path, () => openSync(path, 'r'));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_SIZE);
    let rest = '';
    let sinceStep = 0;
    for (;;) {
      const length = attempt('read', path, () => readSync(fd, buffer, 0, CHUNK_SIZE, null));
      if (length === 0) break;
      const text = rest + buffer.toString('latin1', 0, length);
      const parsed = visitLines(text, visit);
      if (parsed < 0) return;
      rest = text.slice(parsed);
      sinceStep += length;
      if (sinceStep >= STEP_SIZE) {
        sinceStep = 0;
        yield;
      }
    }
    if (rest !== '') visit(rest);
  } finally {
    closeSync(fd);
  }
}

/** Returns the offset behind the last whole line; -1 if `visit` has stopped. */
function visitLines(text: string, visit: (line: string) => boolean): number {
  let start = 0;
  for (;;) {
    const newline = text.indexOf('\n', start);
    if (newline < 0) return start;
    if (!visit(text.slice(start, newline))) return -1;
    start = newline + 1;
  }
}

function attempt<T>(operation: 'open' | 'read', path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const errno = errnoOf(cause);
    throw new KernelFileError(operation, path, `cannot ${operation} ${path}: ${describeErrno(errno)}`, {
      errno,
      cause,
    });
  }
}
