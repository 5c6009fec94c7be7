/**
 * What is worked out of a kernel once and holds for as long as it is this kernel: kept in files, by the
 * kernel's build.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, isPrivateDirectory, makePrivateDirectory } from './cache-directory.ts';

/** Where a cache is and what identifies the kernel; the defaults are this host's. */
export interface CacheSources {
  /** The kernel's build id is in it: a kernel with other types has other notes. */
  notesPath?: string;
  directory?: string;
}

/**
 * The answer to a question about the running kernel: from the cache where it is there and whole, else
 * computed and kept. A cache that cannot be read or written costs time but is not an error.
 *
 * Source: `/sys/kernel/notes`. Since: Linux 2.6.22.
 * @param topic the start of the file's name.
 * @param question what the answer depends on besides the kernel, as JSON: another question is another file.
 * @param compute the answer; it must survive JSON.
 * @throws what `compute` throws.
 */
export function cachedForKernel<T>(
  topic: string,
  question: unknown,
  compute: () => T,
  { notesPath = '/sys/kernel/notes', directory = cacheDirectory() }: CacheSources = {},
): T {
  const key = kernelKey(question, notesPath);
  if (key === undefined || directory === undefined) return compute();
  const path = join(directory, `${topic}-${key}.json`);
  const cached = isPrivateDirectory(directory) ? readCache<T>(path) : undefined;
  if (cached !== undefined) return cached.answer;
  const answer = compute();
  writeCache(directory, path, answer);
  return answer;
}

/** Undefined if the kernel does not identify itself. */
function kernelKey(question: unknown, notesPath: string): string | undefined {
  try {
    return digest(readFileSync(notesPath, 'latin1') + JSON.stringify(question));
  } catch {
    return undefined;
  }
}

/**
 * 128 bits that differ for texts that differ by accident, as 32 hex digits. No other user can write to the
 * cache, so it need not withstand an attack, and no module for cryptography is loaded.
 *
 * Source: the mixing steps of MurmurHash3, https://github.com/aappleby/smhasher.
 */
function digest(text: string): string {
  const lanes = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  const factors = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    for (let lane = 0; lane < 4; lane++) {
      const mixed = Math.imul((lanes[lane] ?? 0) ^ code, factors[lane] ?? 0);
      lanes[lane] = (mixed << (13 + lane)) | (mixed >>> (19 - lane));
    }
  }
  return lanes
    .map((lane) =>
      finish(lane ^ text.length)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');
}

/** Every bit of the result depends on every bit of the lane. */
function finish(lane: number): number {
  let bits = lane ^ (lane >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The file is two lines: a checksum, and the answer that it is of. Anything else is as good as no file. */
function readCache<T>(path: string): { answer: T } | undefined {
  try {
    const [checksum, answer = ''] = readFileSync(path, 'utf8').split('\n');
    return checksum === digest(answer) ? { answer: JSON.parse(answer) as T } : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(directory: string, path: string, answer: unknown): void {
  const scratch = `${path}.${process.pid}`;
  try {
    makePrivateDirectory(directory);
    const text = JSON.stringify(answer);
    writeFileSync(scratch, `${digest(text)}\n${text}\n`, { mode: 0o600 });
    renameSync(scratch, path);
  } catch {
    removeQuietly(scratch);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The directory is no directory, or is gone: then so is the file.
  }
}
