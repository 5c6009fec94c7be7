/**
 * Reads and replaces the files of a cache, so that nothing but a file of this user is read, whatever has been
 * put there.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { WRITABLE_BY_OTHERS } from './cache-directory.ts';

/**
 * The contents of a regular file that belongs to the effective user, that nobody else can write to and that
 * has at most `maxBytes`; otherwise undefined. Does not follow a symbolic link at the end of the path, nor
 * wait for the writer of a named pipe.
 */
export function readPrivateFile(path: string, maxBytes: number): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    const isOurs = stat.uid === process.geteuid?.() && (stat.mode & WRITABLE_BY_OTHERS) === 0;
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
 * Creates or replaces a file that only this user can access, by way of a new file beside it.
 * @throws Error of the file system.
 */
export function writePrivateFile(path: string, bytes: Buffer): void {
  const suffix = Math.random().toString(36).slice(2);
  const scratch = `${path}.${process.pid}-${suffix}`;
  // Fails if something is there, even a dangling link.
  writeFileSync(scratch, bytes, { mode: 0o600, flag: 'wx' });
  try {
    renameSync(scratch, path);
  } catch (error) {
    rmSync(scratch, { force: true });
    throw error;
  }
}
