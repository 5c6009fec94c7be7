/** Outputs that are written bit by bit, at a place that a user names. */
import { constants, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errnoOf, ToolError } from '../../errors.ts';
import { sleep } from '../sleep.ts';
import { type FileAccess, type FilePlace, procPath, RETRY_MS } from './file-place.ts';

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_NOCTTY } = constants;

/** A file that is appended to. */
export interface OutputStream {
  readonly fd: number;
  /** Removes what a file held before. @throws UsageError that names the option and the file. */
  empty(): void;
  /** Gives a file for the target back what `empty` removed, if that was not more than 16 MiB. */
  restore(): void;
  /** Keeps the file from now on, even if it was created by opening it. */
  keep(): void;
  /** Closes it; may be called more than once. */
  close(): void;
}

/**
 * Opens an output that is written bit by bit, and leaves what it holds until `empty`. Waits for the reader of
 * a named pipe. `isForTarget`: the descriptor is not in non-blocking mode.
 * @throws UsageError that names the option and the file.
 */
export async function openStream(
  place: FilePlace,
  { isForTarget = false, onWait }: { isForTarget?: boolean } & FileAccess = {},
): Promise<OutputStream> {
  let opened: { fd: number; isNew: boolean };
  try {
    opened = await openOrCreate(place, onWait);
    if (isForTarget) opened.fd = withoutNonBlocking(place, opened.fd);
  } catch (error) {
    place.close();
    // Of `onWait`: a signal, and not the file, has ended the wait for a reader.
    throw error instanceof ToolError ? error : place.unusable(error);
  }
  const { fd } = opened;
  let { isNew } = opened;
  let removed: Buffer | undefined;
  let isOpen = true;
  return {
    fd,
    empty() {
      try {
        if (place.isContinued || !fstatSync(fd).isFile()) return;
        // A recording is emptied only when the target runs.
        if (isForTarget) removed = readContents(fd);
        ftruncateSync(fd);
      } catch (error) {
        throw place.unusable(error);
      }
    },
    restore() {
      if (removed !== undefined && fstatSync(fd).size === 0) {
        for (let at = 0; at < removed.length; ) at += writeSync(fd, removed, at);
      }
      removed = undefined;
    },
    keep() {
      removed = undefined;
      isNew = false;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      if (isNew) place.remove(fstatSync(fd));
      place.release(fd);
      place.close();
    },
  };
}

/** Larger files are not read before they are emptied. Unit: bytes. */
const MAX_RESTORED_BYTES = 16 * 1024 * 1024;

/** What a file holds; undefined if that is nothing, too much, or may not be read. */
function readContents(fd: number): Buffer | undefined {
  const { size } = fstatSync(fd);
  if (size === 0 || size > MAX_RESTORED_BYTES) return undefined;
  try {
    return readFileSync(procPath(fd));
  } catch {
    return undefined;
  }
}

/** Without waiting for the reader of a named pipe: the error is ENXIO. */
const STREAM_FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;

async function openOrCreate(
  place: FilePlace,
  onWait: FileAccess['onWait'],
): Promise<{ fd: number; isNew: boolean }> {
  if (!place.isContinued) {
    try {
      return { fd: place.open(STREAM_FLAGS | O_EXCL), isNew: true };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  for (;;) {
    try {
      return { fd: place.open(STREAM_FLAGS), isNew: false };
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO' || place.stat()?.isFIFO() !== true) throw error;
    }
    place.requireOwnPipe();
    await onWait?.();
    await sleep(RETRY_MS);
  }
}

/** The target inherits the mode of an open file, and does not expect this one of a terminal or a pipe. */
function withoutNonBlocking(place: FilePlace, fd: number): number {
  if (place.isContinued || fstatSync(fd).isFile()) return fd;
  try {
    return openSync(procPath(fd), O_WRONLY | O_APPEND | O_NOCTTY);
  } finally {
    place.release(fd);
  }
}

/**
 * Replaces the contents of an open file. The space is allocated behind them first, so that a full disk leaves
 * them as they were. After a failure later the file is empty.
 * @throws Error of the file system.
 */
export function overwriteFile(fd: number, bytes: Buffer): void {
  let { size: keptBytes } = fstatSync(fd);
  try {
    writeAll(fd, bytes, keptBytes);
    for (let at = 0; at < bytes.length; keptBytes = 0) {
      at += writeSync(fd, bytes, at, bytes.length - at, at);
    }
    ftruncateSync(fd, bytes.length);
  } catch (error) {
    ftruncateSync(fd, keptBytes);
    throw error;
  }
}

function writeAll(fd: number, bytes: Buffer, start: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, start + at);
}
