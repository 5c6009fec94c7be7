/** Caches data that depends only on the kernel: files named after the kernel's build id. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, isPrivateDirectory, makePrivateDirectory } from './cache-directory.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/** The location of the cache and the identity of the kernel; the defaults are this host's. */
export interface CacheSources {
  /** Contains the kernel's build id, which differs for a kernel with other types. */
  notesPath?: string;
  directory?: string;
}

/** Data of one topic that is kept for the running kernel. */
export interface KernelCacheEntry<T> {
  /** Undefined if nothing valid is cached. */
  read(): T | undefined;
  /** Stores the data, if there is a directory that only this user and root can write to. */
  write(answer: T): void;
}

/**
 * The cache entry of a topic for the running kernel. A cache that cannot be read or written costs time but is
 * not an error.
 *
 * Source: `/sys/kernel/notes`. Since: Linux 2.6.22.
 * @param topic prefix of the file name.
 * @param identity what the data depends on besides the kernel, such as a version; part of the file name, so
 * only letters, digits, dots and hyphens.
 * @param isValid whether a parsed file has the shape of the data; other files are treated as missing.
 */
export function openKernelCache<T>(
  topic: string,
  identity: string,
  isValid: (data: unknown) => data is T,
  { notesPath = '/sys/kernel/notes', directory = cacheDirectory() }: CacheSources = {},
): KernelCacheEntry<T> {
  const buildId = readBuildId(notesPath);
  if (buildId === undefined || directory === undefined) return { read: () => undefined, write: () => {} };
  const path = join(directory, `${topic}-${identity}-${buildId}.json`);
  return {
    read: () => (isPrivateDirectory(directory) ? readCache(path, isValid) : undefined),
    write: (answer) => writeCache(directory, path, answer),
  };
}

/**
 * Data computed from the running kernel: from the cache if it is valid, otherwise computed and stored.
 * @param compute computes the data, which must be serialisable as JSON and not undefined.
 * @throws any error of `compute`.
 */
export function cachedForKernel<T>(
  topic: string,
  identity: string,
  isValid: (data: unknown) => data is T,
  compute: () => T,
  sources: CacheSources = {},
): T {
  const entry = openKernelCache(topic, identity, isValid, sources);
  const cached = entry.read();
  if (cached !== undefined) return cached;
  const answer = compute();
  entry.write(answer);
  return answer;
}

/** Absent if the kernel has no build id, or does not expose it. */
function readBuildId(notesPath: string): string | undefined {
  try {
    return parseBuildId(readFileSync(notesPath));
  } catch {
    return undefined;
  }
}

const NT_GNU_BUILD_ID = 3;
const NOTE_HEADER_BYTES = 12;

/**
 * The build id from the kernel's ELF notes, in hexadecimal; absent if there is none. The linker computes it
 * from the whole kernel, including its types.
 *
 * Source: elf(5), "Notes": the lengths of a name and a description, a type, then both, each padded to 4
 * bytes.
 */
export function parseBuildId(notes: Buffer): string | undefined {
  const little = endianness() === 'LE';
  const u32 = (offset: number) => (little ? notes.readUInt32LE(offset) : notes.readUInt32BE(offset));
  for (let at = 0; at + NOTE_HEADER_BYTES <= notes.length; ) {
    const name = at + NOTE_HEADER_BYTES;
    const description = name + align4(u32(at));
    const end = description + u32(at + 4);
    const isBuildId = u32(at + 8) === NT_GNU_BUILD_ID && notes.toString('latin1', name, name + 4) === 'GNU\0';
    if (isBuildId) {
      return end > description && end <= notes.length ? notes.toString('hex', description, end) : undefined;
    }
    at = align4(end);
  }
  return undefined;
}

function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}

// Increment whenever the file format changes: files in another format are recomputed.
const FORMAT = 'cmemstat-cache 2';

/** Larger files are not ours: the largest of ours has about 300 kB. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The file has two lines: format, length and checksum, then the data. Anything else is treated as missing.
 */
function readCache<T>(path: string, isValid: (data: unknown) => data is T): T | undefined {
  const bytes = readPrivateFile(path, MAX_BYTES);
  if (bytes === undefined) return undefined;
  try {
    const end = bytes.indexOf(10);
    const answer = bytes.subarray(end + 1);
    if (end < 0 || bytes.toString('latin1', 0, end) !== headerOf(answer)) return undefined;
    const data: unknown = JSON.parse(answer.toString('utf8'));
    return isValid(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(directory: string, path: string, answer: unknown): void {
  try {
    makePrivateDirectory(directory);
    const bytes = Buffer.from(JSON.stringify(answer));
    writePrivateFile(path, Buffer.concat([Buffer.from(`${headerOf(bytes)}\n`), bytes]));
  } catch {
    // No space, no permission, or a read-only file system.
  }
}

function headerOf(answer: Buffer): string {
  return `${FORMAT} ${answer.length} ${checksum(answer).toString(16)}`;
}

/**
 * FNV-1a over 32-bit words. It detects truncated and damaged files; no other user can write to the directory,
 * so a non-cryptographic hash suffices and no crypto module is loaded.
 */
function checksum(bytes: Buffer): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = bytes.length - (bytes.length % 4);
  let sum = 0x811c9dc5;
  for (let at = 0; at < words; at += 4) sum = Math.imul(sum ^ view.getInt32(at), 0x01000193);
  for (let at = words; at < bytes.length; at++) sum = Math.imul(sum ^ view.getUint8(at), 0x01000193);
  return sum >>> 0;
}
