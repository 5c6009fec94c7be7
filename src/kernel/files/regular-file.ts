/** Opening files of others for reading: a named pipe in their place must not stop us. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;

/**
 * Opens a regular file; undefined if it is something else.
 * @throws Error of the file system.
 */
export function openRegularFile(path: string): number | undefined {
  // With O_NONBLOCK, a named pipe is opened without waiting for its writer.
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}

/** The first bytes of a regular file; undefined if it is something else, or cannot be read. */
export function readHead(path: string, length: number): Buffer | undefined {
  try {
    const fd = openRegularFile(path);
    if (fd === undefined) return undefined;
    try {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
