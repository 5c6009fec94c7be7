/** What is worked out of a kernel once and holds for as long as it is this kernel: kept in files, by the kernel's build. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** Where a cache is and what tells one kernel from another; the defaults are this host's. */
export interface CacheSources {
  /** The kernel's build id is in it: a kernel with other types has other notes. */
  notesPath?: string;
  directory?: string;
}

/** Where our caches are: `$XDG_CACHE_HOME/cmemstat`, else `~/.cache/cmemstat`. Source: the XDG base directory specification. */
export function cacheDirectory({ XDG_CACHE_HOME }: NodeJS.ProcessEnv = process.env): string {
  // The specification wants relative paths ignored.
  return join(XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'cmemstat');
}

/**
 * The answer to a question about the running kernel: from the cache where it is there and whole, else computed and kept.
 * A cache that can't be read or written costs time and is no error.
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
  if (key === undefined) return compute();
  const path = join(directory, `${topic}-${key}.json`);
  const cached = readCache<T>(path);
  if (cached !== undefined) return cached.answer;
  const answer = compute();
  writeCache(directory, path, answer);
  return answer;
}

/** Absent where the kernel does not tell who it is. */
function kernelKey(question: unknown, notesPath: string): string | undefined {
  try {
    return digest(Buffer.concat([readFileSync(notesPath), Buffer.from(JSON.stringify(question))])).slice(
      0,
      32,
    );
  } catch {
    return undefined;
  }
}

function digest(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
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
    makeDirectory(directory);
    const text = JSON.stringify(answer);
    writeFileSync(scratch, `${digest(text)}\n${text}\n`, { mode: 0o600 });
    renameSync(scratch, path);
  } catch {
    removeQuietly(scratch);
  }
}

/** Node's own `recursive` never comes back from a place where nothing can be made, such as /proc. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (errno !== 'ENOENT' || dirname(directory) === directory) throw error;
    makeDirectory(dirname(directory));
    mkdirSync(directory, { mode: 0o700 });
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The directory is no directory, or is gone: then so is the file.
  }
}
