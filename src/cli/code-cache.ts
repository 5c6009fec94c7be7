/**
 * Caches the code that V8 compiled for the chunks of the bundle: compiling takes longer than everything else
 * in a short run. V8 only accepts code from its own version, so it is created by the user's Node.js instead
 * of the build.
 *
 * Cached code is executed without verification, so it is only read from a directory that only this user and
 * root can write to. A cache that cannot be read or written costs time but is not an error.
 */
import { accessSync, constants, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isPrivateDirectory, makePrivateDirectory } from '../kernel/files/cache-directory.ts';
import { readPrivateFile, writePrivateFile } from '../kernel/files/private-file.ts';

/** The caches of other installations are removed if they have not been modified for this long. */
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/** The caches of all installations together; one takes about 2 MiB. The least recently modified go first. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;

/** What compiled code depends on. */
export interface CodeKey {
  /** The directory of the chunks: compiled code contains it, for stack traces. */
  directory: string;
  /** The contents of all chunks. */
  build: string;
  /** The version and the architecture of Node.js. */
  node: string;
}

/** The cache of one build of an installation for one version of Node.js. */
export class CodeCache {
  readonly #parent: string;
  /** Common to all versions of Node.js and all builds of this installation. */
  readonly #installation: string;
  readonly #build: string;
  readonly #directory: string;
  #usable: boolean;

  /** @param parent the directory with all caches. */
  constructor(parent: string, { directory, build, node }: CodeKey) {
    this.#parent = parent;
    this.#installation = `${hashOf(directory)}-`;
    this.#build = `-${build}`;
    this.#directory = join(parent, `${this.#installation}${node}${this.#build}`);
    this.#usable = isPrivateDirectory(this.#directory);
  }

  /** The code of a chunk; absent if no trusted code exists. */
  read(chunk: string): Buffer | undefined {
    const file = this.#usable ? readPrivateFile(this.#fileOf(chunk), MAX_TOTAL_BYTES) : undefined;
    return file && unseal(file);
  }

  /**
   * Whether the code contains what this command executes until its end, or cannot be completed. V8 compiles a
   * function when it is first called, so that code stored during a run, or by another command, lacks some.
   */
  isComplete(command: string): boolean {
    return this.read(markOf(command)) !== undefined || (this.#usable && !isWritable(this.#directory));
  }

  /** As `write`, at the end of this command. */
  complete(command: string, chunks: Iterable<readonly [name: string, code: Buffer]>): void {
    this.write([...chunks, [markOf(command), Buffer.alloc(0)]]);
  }

  /** Stores the code of these chunks, if there is a directory that only this user and root can write to. */
  write(chunks: Iterable<readonly [name: string, code: Buffer]>): void {
    try {
      this.#create();
      for (const [name, code] of chunks) writePrivateFile(this.#fileOf(name), seal(code));
    } catch {
      // No space, no permission, or a read-only file system: the next run compiles again.
    }
  }

  #create(): void {
    if (this.#usable) return;
    makePrivateDirectory(this.#directory);
    this.#usable = true;
    this.#removeOld();
  }

  /** Removes other builds of this installation, old caches, and what exceeds the total size. */
  #removeOld(): void {
    const others = readdirSync(this.#parent)
      .map((name) => ({ name, path: join(this.#parent, name) }))
      .filter(({ path }) => path !== this.#directory)
      .map((each) => ({ ...each, modifiedMs: statSync(each.path).mtimeMs }))
      .sort((a, b) => b.modifiedMs - a.modifiedMs);
    let bytes = 0;
    for (const { name, path, modifiedMs } of others) {
      bytes += sizeOf(path);
      const isStale = name.startsWith(this.#installation) && !name.endsWith(this.#build);
      const isOld = Date.now() - modifiedMs > MAX_AGE_MS;
      if (isStale || isOld || bytes > MAX_TOTAL_BYTES) rmSync(path, { recursive: true, force: true });
    }
  }

  #fileOf(chunk: string): string {
    return join(this.#directory, `${chunk}.cache`);
  }
}

/** After both copies: the length of one and a checksum, 32 bits each, little-endian. Unit: bytes. */
const SEAL_BYTES = 8;

/** The checksum takes one byte of this many. */
const SAMPLED_EVERY = 128;

/**
 * The code twice: comparing both finds each bit that has changed on the disk, in a tenth of the time of a
 * checksum over all bytes, which our own code would compute before V8 has compiled it.
 */
function seal(code: Buffer): Buffer {
  const end = Buffer.alloc(SEAL_BYTES);
  end.writeUInt32LE(code.length, 0);
  end.writeUInt32LE(sampleOf(code), 4);
  return Buffer.concat([code, code, end]);
}

/**
 * The code; undefined if it is not what was written: V8 does not check what it executes, and crashes. Blocks
 * that were not written before the host stopped may be missing from both copies: the checksum finds these.
 */
function unseal(file: Buffer): Buffer | undefined {
  const bytes = (file.length - SEAL_BYTES) / 2;
  if (bytes < 0 || !Number.isInteger(bytes)) return undefined;
  const [code, copy, end] = [
    file.subarray(0, bytes),
    file.subarray(bytes, 2 * bytes),
    file.subarray(2 * bytes),
  ];
  const isWhole = end.readUInt32LE(0) === bytes && end.readUInt32LE(4) === sampleOf(code);
  return isWhole && code.equals(copy) ? code : undefined;
}

/** FNV-1a over a part of the bytes. */
function sampleOf(code: Buffer): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < code.length; at += SAMPLED_EVERY) sum = Math.imul(sum ^ (code[at] ?? 0), 0x01000193);
  return sum >>> 0;
}

/** The name of an empty file. */
function markOf(command: string): string {
  return `${command}.complete`;
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The size of the files in a directory. Unit: bytes. */
function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

/** FNV-1a, to keep installations apart; without `node:crypto`, which takes long to load. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
