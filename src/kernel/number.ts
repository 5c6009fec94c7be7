import { KernelFileError } from '../errors.ts';

/**
 * A decimal counter as the kernel prints it.
 * @throws KernelFileError if it is not an integer, or above 2^53 - 1, which a double cannot represent
 * exactly.
 */
export function parseCounter(text: string, path: string, line?: number): number {
  return parseDigits(text, 0, text.length, path, line);
}

const ZERO = 48;
const NINE = 57;

/**
 * The decimal counter between two offsets of a string.
 * @throws KernelFileError if it is not an integer, or above 2^53 - 1, which a double cannot represent
 * exactly.
 */
export function parseDigits(text: string, start: number, end: number, path: string, line?: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
    value = value * 10 + (code - ZERO);
    if (at + 1 < end) continue;
    if (Number.isSafeInteger(value)) return value;
    throw malformed(path, line, `${text.slice(start, end)} is above 2^53 and cannot be represented exactly`);
  }
  throw malformed(path, line, `'${text.slice(start, end)}' is not a whole number`);
}

/**
 * Converts KiB, which procfs prints as kB, to bytes.
 * @throws KernelFileError above 2^53 - 1 bytes.
 */
export function kibToBytes(kib: number, path: string, line?: number): number {
  const bytes = kib * 1024;
  if (!Number.isSafeInteger(bytes))
    throw malformed(path, line, `${kib} kB is above 2^53 bytes and cannot be represented exactly`);
  return bytes;
}

/** The error for unexpected contents of a kernel file; it names the file and the line. */
export function malformed(path: string, line: number | undefined, what: string): KernelFileError {
  const where = line === undefined ? path : `${path}, line ${line}`;
  return new KernelFileError('parse', path, `${where}: ${what}`, { line });
}
