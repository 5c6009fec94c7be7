/** Loads the chunks of the bundle, with the code that V8 compiled for them in a run before. */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { cacheDirectory } from '../kernel/cache-directory.ts';
import { VERSION } from '../version.ts';
import { CodeCache } from './code-cache.ts';

/** Stands for the contents of all chunks: the build defines it. */
declare const BUILD_ID: string;

/**
 * By then all that a start needs was compiled. Later V8's flags may change, which the code is kept for. Unit:
 * milliseconds.
 */
const WRITE_AFTER_MS = 1_000;

type Require = (id: string) => unknown;
type Evaluate = (
  require: Require,
  module: { exports: unknown },
  exports: unknown,
  file: string,
  directory: string,
) => void;

/** Runs the command line; `directory` holds the chunks. */
export function start(directory: string): void {
  if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
    try {
      writeSync(1, `${VERSION}\n`);
      return;
    } catch {
      // The program itself deals with an output that takes nothing.
    }
  }
  new ChunkLoader(directory, openCodeCache(directory)).load('cmemstat.cjs');
}

function openCodeCache(directory: string): CodeCache | undefined {
  const parent = cacheDirectory();
  if (parent === undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return undefined;
  const node = `${process.version}-${process.arch}`;
  return new CodeCache(join(parent, 'code'), { directory, build: BUILD_ID, node });
}

/**
 * The chunks as CommonJS modules: `require` of one loads another one here, and of all else is that of
 * Node.js.
 */
class ChunkLoader {
  readonly #directory: string;
  readonly #cache: CodeCache | undefined;
  readonly #modules = new Map<string, { exports: unknown }>();
  /** Those whose code was not in the cache. */
  readonly #compiled = new Map<string, Script>();
  #isWritten = false;

  constructor(directory: string, cache: CodeCache | undefined) {
    this.#directory = directory;
    this.#cache = cache;
  }

  load(name: string): unknown {
    const known = this.#modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.#modules.set(name, module);
    const file = join(this.#directory, name);
    const evaluate = this.#compile(name, file).runInThisContext() as Evaluate;
    evaluate(
      (id) => (id.startsWith('./') ? this.load(id.slice(2)) : require(id)),
      module,
      module.exports,
      file,
      this.#directory,
    );
    return module.exports;
  }

  #compile(name: string, file: string): Script {
    const cachedData = this.#cache?.read(name);
    // The build writes ASCII alone, and a function around each chunk.
    const source = readFileSync(file, 'latin1');
    const script = new Script(source, {
      filename: file,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    const isNew = cachedData === undefined || script.cachedDataRejected === true;
    if (this.#cache !== undefined && isNew && !this.#isWritten) {
      if (this.#compiled.size === 0) this.#writeLater();
      this.#compiled.set(name, script);
    }
    return script;
  }

  /** Once: what is loaded later is compiled again by a run that loads it sooner. */
  #writeLater(): void {
    const write = () => {
      process.off('exit', write);
      this.#isWritten = true;
      const chunks = [...this.#compiled];
      this.#compiled.clear();
      this.#cache?.write(chunks.map(([name, script]) => [name, script.createCachedData()]));
    };
    process.once('exit', write);
    setTimeout(write, WRITE_AFTER_MS).unref();
  }
}
