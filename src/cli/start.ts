/** Loads the chunks of the bundle, with the code that V8 compiled for them in a run before. */
import { existsSync, readdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { flagsHolder, WITH_DEFAULT_FLAGS } from '../app/v8-flags.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { cacheDirectory } from '../kernel/files/cache-directory.ts';
import { isInExecutable, readProgramFile } from '../kernel/files/program-files.ts';
import { VERSION } from '../version.ts';
import { CodeCache } from './code-cache.ts';

/** Stands for the contents of all chunks: the build defines it. */
declare const BUILD_ID: string;
/** The chunks that are stored as `NAME.cjs`: the build defines them. */
declare const PLAIN_CHUNKS: readonly string[];
/** Those that are stored compressed, as `NAME.cjs.br`. */
declare const COMPRESSED_CHUNKS: readonly string[];

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

/** By the name of a package what stands for it: the name of a chunk, or a function that loads it. */
export type Packages = Readonly<Record<string, string | (() => unknown)>>;

/** Runs the command line; `directory` holds the chunks. Other packages are those that npm has installed. */
export function start(directory: string, packages: Packages = {}): void {
  if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
    try {
      writeSync(1, `${VERSION}\n`);
      return;
    } catch {
      // The program itself deals with an output that takes nothing.
    }
  }
  const missing = findMissing(directory);
  if (missing !== undefined) {
    writeSync(2, `cmemstat: ${join(directory, missing)} is missing (hint: ${repairHint(directory)})\n`);
    process.exit(EXIT_CODES.FAILED);
  }
  new ChunkLoader(directory, openCodeCache(directory), packages).load('cmemstat.cjs');
}

/** The first chunk that is missing: one that is needed later would end a run in the middle. */
function findMissing(directory: string): string | undefined {
  // An executable has all or none.
  if (isInExecutable(join(directory, 'cmemstat.cjs'))) return undefined;
  const present = new Set(readdirSync(directory));
  const files = [
    ...PLAIN_CHUNKS.map((name) => `${name}.cjs`),
    ...COMPRESSED_CHUNKS.map((name) => `${name}.cjs.br`),
  ];
  return files.find((name) => !present.has(name));
}

/** The build writes ASCII alone, and a function around each chunk; it compresses some. */
function readChunk(name: string, file: string): string {
  if (!COMPRESSED_CHUNKS.includes(name.replace(/\.cjs$/, '')))
    return readProgramFile(file).toString('latin1');
  // Takes 4 ms to load, and most commands need no such chunk.
  const { brotliDecompressSync } = require('node:zlib') as typeof import('node:zlib');
  return brotliDecompressSync(readProgramFile(`${file}.br`)).toString('latin1');
}

/** How to get an incomplete installation complete: a clone, or a package that npm installed. */
function repairHint(directory: string): string {
  const root = dirname(directory);
  return existsSync(join(root, 'src'))
    ? `run npm ci in ${root}`
    : 'install it again: npm install --global cmemstat';
}

/**
 * Loads a module of Node.js or a package.
 * @throws Error with the code `INSTALLATION` and a hint if the package is not installed; `errors.ts` has its
 * own copy in the chunks, so that its classes cannot be used here.
 */
function requireExternal(id: string, directory: string): unknown {
  try {
    return require(id);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw cause;
    const message = `the package ${id.replace(/\/.*/, '')} is not installed`;
    throw Object.assign(new Error(message, { cause }), {
      code: 'INSTALLATION',
      hint: repairHint(directory),
    });
  }
}

/** Calls it under the flags that compiled code is created with, also while a command has changed them. */
function withDefaultFlags<Result>(work: () => Result): Result {
  const around = flagsHolder[WITH_DEFAULT_FLAGS];
  return around === undefined ? work() : around(work);
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
  readonly #packages: Packages;
  readonly #modules = new Map<string, { exports: unknown }>();
  /** Those loaded until the code is stored. */
  readonly #scripts = new Map<string, Script>();
  /** Those of them whose code was not in the cache. */
  readonly #compiled = new Set<string>();
  #isStored: boolean;

  constructor(directory: string, cache: CodeCache | undefined, packages: Packages) {
    this.#directory = directory;
    this.#packages = packages;
    this.#cache = cache;
    this.#isStored = cache === undefined;
    if (cache !== undefined) this.#storeLater(cache);
  }

  load(name: string): unknown {
    const known = this.#modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.#modules.set(name, module);
    const file = join(this.#directory, name);
    const evaluate = this.#compile(name, file).runInThisContext() as Evaluate;
    evaluate(
      (id) => (id.startsWith('./') ? this.load(id.slice(2)) : this.#require(id)),
      module,
      module.exports,
      file,
      this.#directory,
    );
    return module.exports;
  }

  #require(id: string): unknown {
    const ours = this.#packages[id];
    if (typeof ours === 'string') return this.load(ours);
    return ours === undefined ? requireExternal(id, this.#directory) : ours();
  }

  #compile(name: string, file: string): Script {
    const cachedData = this.#cache?.read(name);
    const source = readChunk(name, file);
    const options = { filename: file, ...(cachedData === undefined ? {} : { cachedData }) };
    const script = withDefaultFlags(() => new Script(source, options));
    if (!this.#isStored) {
      this.#scripts.set(name, script);
      if (cachedData === undefined || script.cachedDataRejected === true) this.#compiled.add(name);
    }
    return script;
  }

  /** Once: what is loaded later is compiled again by a run that loads it sooner. */
  #storeLater(cache: CodeCache): void {
    const store = (isEnd: boolean) => {
      process.off('exit', atEnd);
      this.#isStored = true;
      const loaded = [...this.#scripts.keys()];
      // What declares its options may be loaded before it.
      const command = loaded.findLast((name) => name.endsWith('-command.cjs'));
      if (isEnd && command !== undefined && !cache.isComplete(command)) {
        cache.complete(command, this.#codeOf(loaded));
      } else if (this.#compiled.size > 0) cache.write(this.#codeOf([...this.#compiled]));
      this.#scripts.clear();
    };
    const atEnd = () => store(true);
    process.once('exit', atEnd);
    setTimeout(() => {
      // Commands that change the flags sooner restore them and end.
      if (flagsHolder[WITH_DEFAULT_FLAGS] === undefined) store(false);
    }, WRITE_AFTER_MS).unref();
  }

  #codeOf(names: readonly string[]): [name: string, code: Buffer][] {
    return [...this.#scripts]
      .filter(([name]) => names.includes(name))
      .map(([name, script]) => [name, script.createCachedData()]);
  }
}
