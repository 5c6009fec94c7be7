/** Files that options name. */
import { closeSync, openSync, readSync } from 'node:fs';
import { describeErrno, errnoOf, InputError } from '../../errors.ts';
import { withoutByteOrderMark } from '../../format/byte-order-mark.ts';

/** Longer files are not what is expected: their start says what they are. Unit: bytes. */
const MAX_BYTES = 1024 * 1024;

/** The text of a file or pipe, without a byte order mark; the start of a longer one. @throws InputError. */
export function readOptionFile(path: string, option: string): string {
  try {
    return withoutByteOrderMark(readStart(path));
  } catch (cause) {
    throw new InputError(path, `${option} ${path}: ${describeErrno(errnoOf(cause))}`, { cause });
  }
}

function readStart(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MAX_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < MAX_BYTES; length += read) {
      read = readSync(fd, bytes, length, MAX_BYTES - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
