/** A high-water mark of our own of a cgroup that existed before. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseSingleValue } from '../../kernel/limit.ts';
import { absentAs } from '../figure-reader.ts';

const RESET = 'reset\n';

/** The maximum of memory.current since this was opened. */
export interface OwnPeak {
  /** Undefined if the cgroup is gone. Unit: bytes. */
  read(): number | undefined;
  /** May be called more than once. */
  close(): void;
}

/**
 * Starts a high-water mark that only this descriptor sees: nothing changes for other readers of the file.
 * Undefined where the kernel does not have that, or without the right to write to the file.
 * Source: `memory_peak_write` in mm/memcontrol.c. Since: Linux 6.12.
 */
export function openOwnPeak(directory: string): OwnPeak | undefined {
  const path = join(directory, 'memory.peak');
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDWR);
    writeSync(fd, RESET);
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
  const descriptor = fd;
  const bytes = Buffer.alloc(24);
  let isOpen = true;
  return {
    read: () =>
      absentAs(undefined, () => {
        const length = readSync(descriptor, bytes, 0, bytes.length, 0);
        return parseSingleValue(bytes.toString('latin1', 0, length), path);
      }),
    close: () => {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
