/** The dynamic loader that an executable names. */
import { closeSync, readSync } from 'node:fs';
import { openRegularFile } from '../kernel/regular-file.ts';

/** Where the fields of an ELF file are, by its class. Source: elf(5); `include/uapi/linux/elf.h`. */
const LAYOUTS = {
  1: { bits: 32, phoff: 28, phentsize: 42, phnum: 44, offset: 4, filesz: 16 },
  2: { bits: 64, phoff: 32, phentsize: 54, phnum: 56, offset: 8, filesz: 32 },
} as const;

const ELF_MAGIC = 0x7f454c46;
const LITTLE_ENDIAN = 1;
const PT_INTERP = 3;
/** The largest header, that of 64 bits. Unit: bytes. */
const HEADER_BYTES = 64;
/** The kernel reads one page of program headers. Unit: bytes. */
const MAX_TABLE_BYTES = 4096;
const MAX_PATH_BYTES = 4096;

/** The numbers of `e_machine` that a kernel of this architecture executes itself, in both classes. */
const OWN_MACHINES: Readonly<Partial<Record<string, readonly number[]>>> = {
  x64: [62, 3],
  arm64: [183, 40],
  s390x: [22],
  ppc64: [21, 20],
  riscv64: [243],
};

/**
 * The path in the PT_INTERP segment of an ELF file; undefined if it has none, if it cannot be read, or if it
 * was built for another machine, which an emulator may execute with a loader of its own.
 */
export function readDynamicLoader(file: string, architecture: string = process.arch): string | undefined {
  let fd: number | undefined;
  try {
    fd = openRegularFile(file);
  } catch {
    // Not readable.
  }
  if (fd === undefined) return undefined;
  try {
    return findLoader(fd, OWN_MACHINES[architecture] ?? []);
  } catch {
    // Not a regular file, or damaged: execve(2) says what is wrong.
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function findLoader(fd: number, machines: readonly number[]): string | undefined {
  const header = readAt(fd, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== ELF_MAGIC) return undefined;
  const layout = LAYOUTS[header[4] as 1 | 2];
  if (layout === undefined) return undefined;
  const isLittle = header[5] === LITTLE_ENDIAN;
  const half = (from: Buffer, at: number) => (isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at));
  const word = (from: Buffer, at: number) => (isLittle ? from.readUInt32LE(at) : from.readUInt32BE(at));
  const long = (from: Buffer, at: number) => {
    if (layout.bits === 32) return word(from, at);
    return Number(isLittle ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at));
  };
  if (!machines.includes(half(header, 18))) return undefined;
  const entryBytes = half(header, layout.phentsize);
  const tableBytes = entryBytes * half(header, layout.phnum);
  if (tableBytes > MAX_TABLE_BYTES) return undefined;
  const table = readAt(fd, long(header, layout.phoff), tableBytes);
  for (let at = 0; at + entryBytes <= table.length && entryBytes > 0; at += entryBytes) {
    if (word(table, at) !== PT_INTERP) continue;
    const pathBytes = Math.min(long(table, at + layout.filesz), MAX_PATH_BYTES);
    const path = readAt(fd, long(table, at + layout.offset), pathBytes).toString('utf8');
    return path.slice(0, path.indexOf('\0'));
  }
  return undefined;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
}
