/** A file for what does not fit into memory. */
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeErrno, errnoOf, OutputError } from '../../errors.ts';
import type { Scratch } from '../../export/export-format.ts';

const { O_RDWR, O_CREAT, O_EXCL } = constants;

/** A file in the temporary directory that is removed at once: it ends with the process. */
export class ScratchFile implements Scratch {
  readonly #folder: string;
  #fd: number | undefined;
  #length = 0;

  constructor(folder = tmpdir()) {
    this.#folder = folder;
  }

  /** A path that opens the file from the start. @throws OutputError if it cannot be created. */
  get path(): string {
    return `/proc/self/fd/${this.#open()}`;
  }

  /** @throws OutputError that names the temporary directory. */
  append(bytes: Uint8Array): number {
    const offset = this.#length;
    const fd = this.#open();
    for (let at = 0; at < bytes.length; ) {
      at += this.#orError(() => writeSync(fd, bytes, at, bytes.length - at, offset + at));
    }
    this.#length += bytes.length;
    return offset;
  }

  /** @throws OutputError. */
  read(into: Uint8Array, offset: number): void {
    const fd = this.#open();
    for (let at = 0; at < into.length; ) {
      const length = this.#orError(() => readSync(fd, into, at, into.length - at, offset + at));
      if (length === 0)
        throw new OutputError(this.#folder, `${this.#folder}: the temporary file is too short`);
      at += length;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    this.#fd ??= this.#orError(() => {
      const directory = mkdtempSync(join(this.#folder, 'cmemstat-'));
      try {
        return openSync(join(directory, 'scratch'), O_RDWR | O_CREAT | O_EXCL, 0o600);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
    return this.#fd;
  }

  #orError<T>(operation: () => T): T {
    try {
      return operation();
    } catch (cause) {
      const message = `cannot use a temporary file in ${this.#folder}: ${describeErrno(errnoOf(cause))}`;
      throw new OutputError(this.#folder, message, {
        hint: 'set TMPDIR to a directory with more space',
        cause,
      });
    }
  }
}
