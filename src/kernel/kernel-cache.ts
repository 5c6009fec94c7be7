/** What is computed from a kernel once and is valid for as long as it is this kernel: kept in files, by the kernel's build. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, isPrivateDirectory, makePrivateDirectory } from './cache-directory.ts';

/** Where a cache is and what identifies the kernel; the defaults are this host's. */
export interface CacheSources {
  /** The kernel's build id is in it: a kernel with other types has another one. */
  notesPath?: string;
  directory?: string;
}

/**
 * What was computed from the running kernel: from the cache where it is there and whole, else computed and kept.
 * A cache that can't be read or written costs time and is no error.
 *
 * Source: `/sys/kernel/notes`. Since: Linux 2.6.22.
 * @param topic the start of the file's name.
 * @param identity what the answer depends on besides the kernel, such as a version: a part of the file's name, so letters,
 *   digits, dots and hyphens only.
 * @param compute the answer; it must survive JSON.
 * @throws what `compute` throws.
 */
export function cachedForKernel<T>(
  topic: string,
  identity: string,
  compute: () => T,
  { notesPath = '/sys/kernel/notes', directory = cacheDirectory() }: CacheSources = {},
): T {
  const buildId = readBuildId(notesPath);
  if (buildId === undefined || directory === undefined) return compute();
  const path = join(directory, `${topic}-${identity}-${buildId}.json`);
  const cached = isPrivateDirectory(directory) ? readCache<T>(path) : undefined;
  if (cached !== undefined) return cached.answer;
  const answer = compute();
  writeCache(directory, path, answer);
  return answer;
}

/** Absent where the kernel was built without one, or does not show it. */
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
 * The build id in the ELF notes of the kernel, in hexadecimal; absent where there is none. The linker computes it from all of the
 * kernel, its types included.
 *
 * Source: elf(5), "Notes": the lengths of a name and a description, a type, then both, each padded to 4 bytes.
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

// Raised whenever the form of the files changes: files in another form are computed anew.
const FORMAT = 'cmemstat-cache 2';

/** The file is two lines: the form, length and checksum of the answer, then the answer. Anything else is as good as no file. */
function readCache<T>(path: string): { answer: T } | undefined {
  try {
    const bytes = readFileSync(path);
    const end = bytes.indexOf(10);
    const answer = bytes.subarray(end + 1);
    if (end < 0 || bytes.toString('latin1', 0, end) !== headerOf(answer)) return undefined;
    return { answer: JSON.parse(answer.toString('utf8')) as T };
  } catch {
    return undefined;
  }
}

function writeCache(directory: string, path: string, answer: unknown): void {
  const scratch = `${path}.${process.pid}`;
  try {
    makePrivateDirectory(directory);
    const bytes = Buffer.from(JSON.stringify(answer));
    writeFileSync(scratch, Buffer.concat([Buffer.from(`${headerOf(bytes)}\n`), bytes]), { mode: 0o600 });
    renameSync(scratch, path);
  } catch {
    removeQuietly(scratch);
  }
}

function headerOf(answer: Buffer): string {
  return `${FORMAT} ${answer.length} ${checksum(answer).toString(16)}`;
}

/**
 * FNV-1a over words of 32 bits. It finds files that were cut off or damaged; nobody else can write to the directory, so it need not
 * withstand an attack, and no module for cryptography is loaded.
 */
function checksum(bytes: Buffer): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = bytes.length - (bytes.length % 4);
  let sum = 0x811c9dc5;
  for (let at = 0; at < words; at += 4) sum = Math.imul(sum ^ view.getInt32(at), 0x01000193);
  for (let at = words; at < bytes.length; at++) sum = Math.imul(sum ^ view.getUint8(at), 0x01000193);
  return sum >>> 0;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The directory is no directory, or is gone: then so is the file.
  }
}
