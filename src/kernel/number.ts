import { KernelFileError } from '../errors.ts';

/**
 * A decimal counter as the kernel prints it.
 * @throws KernelFileError when it is no whole number, or one that a double can't hold exactly (above 2^53 - 1).
 */
export function parseCounter(text: string, path: string, line?: number): number {
  if (!/^\d+$/.test(text)) {
    throw malformed(path, line, `'${text}' is not a whole number`);
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw malformed(path, line, `${text} is above 2^53 and can't be held exactly`);
  }
  return value;
}

/**
 * An amount in KiB, which procfs calls kB, in bytes.
 * @throws KernelFileError above 2^53 - 1 bytes.
 */
export function kibToBytes(kib: number, path: string, line?: number): number {
  const bytes = kib * 1024;
  if (!Number.isSafeInteger(bytes))
    throw malformed(path, line, `${kib} kB is above 2^53 bytes and can't be held exactly`);
  return bytes;
}

/** The error for text that a kernel file should not hold; it names the file and the line. */
export function malformed(path: string, line: number | undefined, what: string): KernelFileError {
  const where = line === undefined ? path : `${path}, line ${line}`;
  return new KernelFileError('parse', path, `${where}: ${what}`, { line });
}
