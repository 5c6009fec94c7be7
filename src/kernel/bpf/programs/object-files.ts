/** The compiled programs in this folder. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { UnsupportedError } from '../../../errors.ts';
import { readProgramFile } from '../../files/program-files.ts';
import { HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';

/** The base names of the iterators' sources in this folder, without `.bpf.c`. */
export const ITERATOR_NAMES = [
  'map-iterator',
  'program-iterator',
  'link-iterator',
  'task-file-iterator',
] as const;

/** The base names of the sources of what names memory: the page scan, and iterators that only that needs. */
export const SCAN_NAMES = ['page-scan', 'page-names', 'socket-iterators', 'pipe-iterator'] as const;

/** One of the iterators. */
export type IteratorName = (typeof ITERATOR_NAMES)[number];

/** One of the objects that name memory. */
export type ScanObjectName = (typeof SCAN_NAMES)[number];

/** Any of our objects. */
export type ObjectName = IteratorName | ScanObjectName;

/**
 * The object of a program for this host's byte order. The build puts the objects next to the bundle,
 * compressed.
 * @throws UnsupportedError if it is missing or damaged: the installation is incomplete.
 */
export function readObjectFile(
  name: ObjectName,
  directory = new URL('./compiled/', import.meta.url),
): Buffer {
  const target = HOST_BYTE_ORDER === 'LE' ? 'bpfel' : 'bpfeb';
  const plain = new URL(`${name}.${target}.o`, directory);
  const url = existsSync(plain) ? plain : new URL(`${plain.href}.br`);
  try {
    const bytes = readProgramFile(fileURLToPath(url));
    return url === plain ? bytes : decompress(bytes);
  } catch (error) {
    throw new UnsupportedError('BPF programs', `cannot read ${url.pathname}`, {
      hint: 'reinstall cmemstat: one of its files is missing or damaged',
      cause: error,
    });
  }
}

/** node:zlib takes 4 ms to load, and a run whose programs are in the cache does not need it. */
function decompress(bytes: Buffer): Buffer {
  const require = createRequire(import.meta.url);
  const { brotliDecompressSync } = require('node:zlib') as typeof import('node:zlib');
  return brotliDecompressSync(bytes);
}
