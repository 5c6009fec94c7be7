/**
 * Reads and replaces files, so that nothing but a file of this user is read, and none through a link is
 * written, even if something has been put there.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { WRITABLE_BY_OTHERS } from './cache-directory.ts';

/**
 * The contents of a regular file that belongs to the effective user (or root, with `orRoot`), that no other
 * user can write to and that has at most `maxBytes`; otherwise undefined. Does not follow a symbolic
 * link at the end of the path, nor wait for the writer of a named pipe.
 */
export function readPrivateFile(path: string, maxBytes: number, { orRoot = false } = {}): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    const isOwned = stat.uid === process.geteuid?.() || (orRoot && stat.uid === 0);
    const isOurs = isOwned && (stat.mode & WRITABLE_BY_OTHERS) === 0;
    if (!stat.isFile() || !isOurs || stat.size > maxBytes) return undefined;
    const bytes = Buffer.allocUnsafe(stat.size);
    return readSync(fd, bytes) === stat.size ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Creates or replaces a file that only this user can access.
 * @throws Error of the file system.
 */
export function writePrivateFile(path: string, bytes: Buffer): void {
  replaceFile(path, bytes, 0o600);
}

/**
 * Creates or replaces a file, whatever its name refers to, by way of a new file beside it: readers see all of
 * the bytes or what was there before.
 * @throws Error of the file system; the new file is removed then.
 */
export function replaceFile(path: string, bytes: Buffer, mode: number): void {
  const scratch = join(dirname(path), scratchName());
  createFile(scratch, bytes, mode);
  try {
    renameSync(scratch, path);
  } catch (error) {
    removeFile(scratch);
    throw error;
  }
}

/** A name that no other file has. */
export function scratchName(): string {
  return `.cmemstat-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

/**
 * Creates a file; fails if something is there, even a dangling link.
 * @throws Error of the file system; nothing is left then.
 */
export function createFile(path: string, contents: Buffer | string, mode = 0o666): void {
  const fd = openSync(path, 'wx', mode);
  try {
    try {
      writeFileSync(fd, contents);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    removeFile(path);
    throw error;
  }
}

/** Removes a file if that is possible: an earlier failure is the one to report. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, or the file system is read-only.
  }
}
