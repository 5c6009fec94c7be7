/**
 * Files of procfs, sysfs and cgroupfs: their size is unknown until they are read, a read at offset 0
 * regenerates the contents, and a write either succeeds completely or fails.
 */
import { closeSync, constants, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../errors.ts';

/**
 * Below this length a read has given the whole file. Source: fs/seq_file.c, whose buffer is a page at least.
 */
const COMPLETE_READ_BYTES = 2048;

let scratch = Buffer.allocUnsafe(16 * 1024);

function readAll(fd: number, path: string, encoding: 'latin1' | 'utf8'): string {
  const length = fillScratch(fd, path);
  return scratch.toString(encoding, 0, length);
}

/** Reads a whole file into `scratch`, which may be replaced by a larger one; returns the length. */
function fillScratch(fd: number, path: string): number {
  try {
    let length = readSync(fd, scratch, 0, scratch.length, 0);
    // The kernel returns long files in chunks of about a page, so only an empty read marks the end. A chunk
    // shorter than half a page is the whole file, which most are: this saves a second read call.
    while (length >= COMPLETE_READ_BYTES) {
      if (length === scratch.length) {
        const larger = Buffer.allocUnsafe(scratch.length * 2);
        scratch.copy(larger, 0, 0, length);
        scratch = larger;
      }
      const more = readSync(fd, scratch, length, scratch.length - length, length);
      if (more === 0) break;
      length += more;
    }
    return length;
  } catch (error) {
    throw kernelFileError('read', path, error);
  }
}

function kernelFileError(
  operation: KernelFileError['operation'],
  path: string,
  cause: unknown,
  data?: string,
): KernelFileError {
  const errno = errnoOf(cause);
  const what = data === undefined ? `${operation} ${path}` : `write '${data}' to ${path}`;
  return new KernelFileError(operation, path, `cannot ${what}: ${describeErrno(errno)}`, { errno, cause });
}

/**
 * Reads a kernel file once, without stat; `latin1` where it contains names, of which any byte may be part.
 * @throws KernelFileError with the errno.
 */
export function readPseudoFile(path: string | Buffer, encoding: 'latin1' | 'utf8' = 'utf8'): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw kernelFileError('open', String(path), error);
  }
  try {
    return readAll(fd, String(path), encoding);
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes `data` to a kernel file in one write.
 * @throws KernelFileError that names the rejected data.
 */
export function writePseudoFile(path: string, data: string): void {
  let fd: number;
  try {
    // No O_CREAT: a file that this kernel lacks must fail with ENOENT.
    fd = openSync(path, constants.O_WRONLY);
  } catch (error) {
    throw kernelFileError('write', path, error, data);
  }
  try {
    writeSync(fd, data);
  } catch (error) {
    throw kernelFileError('write', path, error, data);
  } finally {
    closeSync(fd);
  }
}

/**
 * The names in a directory of a kernel file system.
 * @throws KernelFileError with the errno.
 */
export function listPseudoDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw kernelFileError('list', path, error);
  }
}

/** A kernel file that is read repeatedly: keeping it open makes each read three times cheaper. */
export class KeptFile {
  readonly path: string;
  readonly #fd: number;
  #open = true;

  /** @throws KernelFileError with the errno, `ENOENT` if this kernel does not have the file. */
  constructor(path: string | Buffer) {
    this.path = String(path);
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw kernelFileError('open', this.path, error);
    }
  }

  /**
   * Reads the current contents.
   * @throws KernelFileError with the errno, `ENODEV` if the cgroup has been removed.
   */
  read(): string {
    // The contents are numbers: latin1 avoids UTF-8 validation.
    return readAll(this.#fd, this.path, 'latin1');
  }

  /**
   * Reads the current contents as bytes, which are valid until the next read of any kernel file.
   * @throws KernelFileError with the errno, `ENODEV` if the cgroup has been removed.
   */
  readBytes(): Buffer {
    const length = fillScratch(this.#fd, this.path);
    return scratch.subarray(0, length);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}
