/**
 * Loads the bundle with the code that V8 has compiled when it was built, which saves a tenth of the start-up time. Without
 * that file, or under another version of Node.js, the bundle is compiled as usual.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** The bundle as a CommonJS module, compiled or taken from the code cache; the build writes the cache from the same. */
export function compileBundle(
  file: string,
  cachedData: Buffer | undefined,
): { script: Script; evaluate: () => void } {
  // esbuild writes ASCII: latin1 spares the check for UTF-8.
  const source = readFileSync(file, 'latin1');
  const script = new Script(`(function (require, module, exports) {${source}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module = { exports: {} };
  return { script, evaluate: () => script.runInThisContext()(createRequire(file), module, module.exports) };
}

/** Runs the command line. */
export function start(directory: string): void {
  compileBundle(join(directory, 'cmemstat.cjs'), readIfThere(join(directory, 'cmemstat.cache'))).evaluate();
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
