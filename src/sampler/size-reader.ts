/** The sizes of a leaf in as few and cheap reads as possible, for the fast clock. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { KeptFile } from '../kernel/pseudo-file.ts';
import { absentAs } from './figure-reader.ts';
import { NestedStat, SIZE_NAMES } from './nested-stat.ts';
import { parseNumberBytes, StatSizes } from './stat-sizes.ts';

/** One reading of the sizes of a leaf; the object is reused by the next one. Unit: bytes. */
export interface SizeReading {
  /** The sizes of memory.stat, by their names. */
  readonly stat: StatSizes;
  current: number | undefined;
  kernel: number | undefined;
  swap: number | undefined;
  /** The kernel's high-water mark of `current`: since the last reading if `isWindow`, otherwise ever. */
  peak: number | undefined;
  isWindow: boolean;
}

/** Reads the sizes of one leaf. */
export interface SizeReader {
  /** Returns undefined if the leaf no longer exists. @throws KernelFileError. */
  read(): SizeReading | undefined;
  close(): void;
}

/** Opens the files of a leaf. @throws KernelFileError if a file exists and cannot be opened. */
export function openSizeReader(version: 1 | 2, directory: string): SizeReader {
  const file: Record<'current' | 'kernel' | 'swap', string | undefined> =
    version === 2
      ? { current: 'memory.current', kernel: undefined, swap: 'memory.swap.current' }
      : { current: 'memory.usage_in_bytes', kernel: 'memory.kmem.usage_in_bytes', swap: undefined };
  const open = (name: string | undefined) =>
    name === undefined ? undefined : absentAs(undefined, () => new KeptFile(join(directory, name)));
  const files = {
    stat: open('memory.stat'),
    current: open(file.current),
    kernel: open(file.kernel),
    swap: open(file.swap),
  };
  const peak = PeakFile.open(
    join(directory, version === 2 ? 'memory.peak' : 'memory.max_usage_in_bytes'),
    version === 2,
  );
  const stat = new StatSizes(SIZE_NAMES[version]);
  const nested = new NestedStat(version, directory);
  const reading: SizeReading = {
    stat,
    current: undefined,
    kernel: undefined,
    swap: undefined,
    peak: undefined,
    isWindow: false,
  };
  const number = (kept: KeptFile | undefined) =>
    kept === undefined ? undefined : parseNumberBytes(kept.readBytes());

  function read(): SizeReading {
    reading.current = number(files.current);
    if (files.stat !== undefined) stat.parse(files.stat.readBytes());
    const kernelV1 = number(files.kernel);
    nested.update(reading.current, stat, kernelV1);
    reading.kernel = kernelV1 ?? stat.valueOf('kernel');
    reading.swap = number(files.swap) ?? stat.valueOf('swap');
    // Last: a rise between the first read and this one is known to have happened.
    reading.peak = peak?.read();
    reading.isWindow = peak?.isWindow === true;
    return reading;
  }

  return {
    read: () => absentAs(undefined, read),
    close() {
      for (const kept of Object.values(files)) kept?.close();
      peak?.close();
    },
  };
}

/** The kernel's high-water mark. */
class PeakFile {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(24);
  /** Whether each reading starts a new high-water mark, which only this descriptor sees. */
  #resets: boolean;

  private constructor(fd: number, resets: boolean) {
    this.#fd = fd;
    this.#resets = resets;
  }

  /** Undefined if this kernel does not have the file. */
  static open(path: string, mayReset: boolean): PeakFile | undefined {
    if (mayReset) {
      try {
        return new PeakFile(openSync(path, constants.O_RDWR), true);
      } catch {
        // Not writable by this user, or on this kernel.
      }
    }
    const fd = absentAs(undefined, () => new KeptFile(path));
    if (fd === undefined) return undefined;
    fd.close();
    return new PeakFile(openSync(path, 'r'), false);
  }

  /** Whether the last reading was the maximum since the one before. */
  isWindow = false;

  read(): number | undefined {
    const length = readSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0);
    const value = parseNumberBytes(this.#bytes.subarray(0, length));
    this.isWindow = this.#resets && this.#hasReset;
    if (this.#resets) this.#reset();
    return value;
  }

  #hasReset = false;

  /** Since Linux 6.12. Source: `memory_peak_write` in mm/memcontrol.c. */
  #reset(): void {
    try {
      writeSync(this.#fd, RESET, 0, RESET.length, 0);
      this.#hasReset = true;
    } catch {
      this.#resets = false;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const RESET = Buffer.from('reset\n');
