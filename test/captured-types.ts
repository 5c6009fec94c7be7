/** The captured types of kernels, and the objects that are relocated against them. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { type ObjectSpecification, parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { fixture, source } from './paths.ts';

/** The kernels whose types are in test/fixtures/btf; all but that for s390x are little-endian. */
export const CAPTURED = ['5.10', '6.1', '6.12', 'newest', 'arm64', 's390x'] as const;

/** One of {@link CAPTURED}. */
export type CapturedKernel = (typeof CAPTURED)[number];

/** The file with the types of a kernel. */
export const capturedPath = (kernel: CapturedKernel) => fixture(`btf/${kernel}.btf`);

/** The types of a kernel. */
export function capturedTypes(kernel: CapturedKernel): Btf {
  return new Btf(readFileSync(capturedPath(kernel)), `${kernel}.btf`);
}

/** The object file of each of our own programs, for one byte order. */
export function ownObjects(order: 'el' | 'eb'): string[] {
  const programs = source('kernel/bpf/programs');
  const names = readdirSync(programs).filter((name) => name.endsWith('.bpf.c'));
  if (names.length === 0) throw new Error(`${programs} has no programs`);
  return names.map((name) => join(programs, 'compiled', name.replace(/\.bpf\.c$/, `.bpf${order}.o`)));
}

/** Our own programs, and the fixtures about kernel types, for one byte order. */
export function relocatableObjects(order: 'el' | 'eb'): string[] {
  const made = ['core-kernel', 'callbacks', 'kernel-symbols'].map((name) =>
    fixture(`bpf/${name}.bpf${order}.o`),
  );
  return [...ownObjects(order), ...made];
}

/** The content of an object file. */
export function specify(path: string): ObjectSpecification {
  return parseObject(readFileSync(path), basename(path));
}
