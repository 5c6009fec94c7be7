/**
 * Caches the code that V8 compiled for the chunks of the bundle: compiling takes longer than everything else
 * in a short run. V8 only accepts code from its own version, so it is created by the user's Node.js instead
 * of the build.
 *
 * Cached code is executed without verification, so it is only read from a directory that only this user and
 * root can write to. A cache that cannot be read or written costs time but is not an error.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPrivateDirectory, makePrivateDirectory } from '../kernel/cache-directory.ts';

/**
 * Directories of other builds and other versions of Node.js are removed if they have not been modified for
 * this long.
 */
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/** The cache of one build of the program for one version of Node.js. */
export class CodeCache {
  readonly #parent: string;
  readonly #directory: string;
  #usable: boolean;

  /**
   * @param parent the directory with the caches of all builds.
   * @param key the build and the version of Node.js.
   */
  constructor(parent: string, key: string) {
    this.#parent = parent;
    this.#directory = join(parent, key);
    this.#usable = isPrivateDirectory(this.#directory);
  }

  /** The code of a chunk; absent if no trusted code exists. */
  read(chunk: string): Buffer | undefined {
    if (!this.#usable) return undefined;
    try {
      return readFileSync(this.#fileOf(chunk));
    } catch {
      return undefined;
    }
  }

  /** Stores the code of these chunks, if there is a directory that only this user and root can write to. */
  write(chunks: Iterable<readonly [name: string, code: Buffer]>): void {
    try {
      this.#create();
      for (const [name, code] of chunks) {
        const scratch = `${this.#fileOf(name)}.${process.pid}`;
        writeFileSync(scratch, code, { mode: 0o600 });
        renameSync(scratch, this.#fileOf(name));
      }
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

  #removeOld(): void {
    for (const name of readdirSync(this.#parent)) {
      const path = join(this.#parent, name);
      if (Date.now() - statSync(path).mtimeMs > MAX_AGE_MS) rmSync(path, { recursive: true, force: true });
    }
  }

  #fileOf(chunk: string): string {
    return join(this.#directory, `${chunk}.cache`);
  }
}
