/**
 * The code that V8 compiled for the chunks of the bundle, kept for the next run: compiling them takes longer
 * than all that a short run does. V8 takes such code only from its own version, so it is made by the user's
 * Node.js, and not by the build.
 *
 * Code in a cache is run without a look at it. So it is taken from a directory that only this user and root
 * can write to, and from no other. A cache that cannot be read or written costs time but is not an error.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPrivateDirectory, makePrivateDirectory } from '../kernel/cache-directory.ts';

/**
 * Directories of other builds and other versions of Node.js go when nothing was added to them for so long.
 */
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/** The cache of one build of the program under one version of Node.js. */
export class CodeCache {
  readonly #parent: string;
  readonly #directory: string;
  #usable: boolean;

  /**
   * @param parent the directory that holds the caches of all builds.
   * @param key the build and the version of Node.js.
   */
  constructor(parent: string, key: string) {
    this.#parent = parent;
    this.#directory = join(parent, key);
    this.#usable = isPrivateDirectory(this.#directory);
  }

  /** The code of a chunk; absent where there is none that can be trusted. */
  read(chunk: string): Buffer | undefined {
    if (!this.#usable) return undefined;
    try {
      return readFileSync(this.#fileOf(chunk));
    } catch {
      return undefined;
    }
  }

  /** Keeps the code of these chunks, where there is a place that only this user and root can write to. */
  write(chunks: Iterable<readonly [name: string, code: Buffer]>): void {
    try {
      this.#create();
      for (const [name, code] of chunks) {
        const scratch = `${this.#fileOf(name)}.${process.pid}`;
        writeFileSync(scratch, code, { mode: 0o600 });
        renameSync(scratch, this.#fileOf(name));
      }
    } catch {
      // No space, no right, a file system that is read-only: the next run compiles again.
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
