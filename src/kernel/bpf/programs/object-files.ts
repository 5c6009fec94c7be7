/** The compiled programs in this folder. */
import { readFileSync } from 'node:fs';
import { UnsupportedError } from '../../../errors.ts';
import { HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';

/** The base names of the iterators' sources in this folder, without `.bpf.c`. */
export const ITERATOR_NAMES = [
  'map-iterator',
  'program-iterator',
  'link-iterator',
  'task-file-iterator',
] as const;

/** The base names of the sources of the page scan. */
export const SCAN_NAMES = ['page-scan', 'page-names'] as const;

/** One of the iterators. */
export type IteratorName = (typeof ITERATOR_NAMES)[number];

/** One of the objects of the page scan. */
export type ScanObjectName = (typeof SCAN_NAMES)[number];

/** Any of our objects. */
export type ObjectName = IteratorName | ScanObjectName;

/**
 * The object of a program for this host's byte order. The build copies the objects next to the bundle.
 * @throws UnsupportedError if it is missing: the installation is incomplete.
 */
export function readObjectFile(name: ObjectName): Buffer {
  const target = HOST_BYTE_ORDER === 'LE' ? 'bpfel' : 'bpfeb';
  const url = new URL(`./compiled/${name}.${target}.o`, import.meta.url);
  try {
    return readFileSync(url);
  } catch (error) {
    throw new UnsupportedError('BPF programs', `cannot read ${url.pathname}`, {
      hint: 'reinstall cmemstat: one of its files is missing',
      cause: error,
    });
  }
}
