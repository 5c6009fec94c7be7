import { KernelFileError } from '../errors.ts';

/**
 * A decimal counter as the kernel prints it.
 * @throws KernelFileError if it is not an integer, or one that a double can't hold exactly (above 2^53 - 1).
 */
export function parseCounter(text: string, path: string, line?: number): number {
  return parseDigits(text, 0, text.length, path, line);
}

const ZERO = 48;
const NINE = 57;

/**
 * The decimal counter between two indexes of a text.
 * @throws KernelFileError if it is not an integer, or one that a double can't hold exactly (above 2^53 - 1).
 */
export function parseDigits(text: string, start: number, end: number, path: string, line?: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
    value = value * 10 + (code - ZERO);
    if (at + 1 < end) continue;
    if (Number.isSafeInteger(value)) return value;
    throw malformed(path, line, `${text.slice(start, end)} is above 2^53 and can't be held exactly`);
  }
  throw malformed(path, line, `'${text.slice(start, end)}' is not a whole number`);
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
