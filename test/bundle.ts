/** Programs and tests of ours as the command itself is built: one file each, which plain Node starts. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, buildSync, type Plugin } from 'esbuild';

/** Where Node finds what stays outside; for the variable of the same name. */
export const NODE_PATH = resolve(import.meta.dirname, '../node_modules');

/**
 * Writes a TypeScript program and all that it imports into one file.
 * @param external packages that stay outside.
 * @throws where it can't be bundled.
 */
export function bundle(source: string, file: string, external: string[] = []): void {
  buildSync({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external,
    supported: { 'dynamic-import': false },
    logLevel: 'error',
  });
}

/** Packages that a bundle loads from where they are: native ones, esbuild, and vitest, which is there once. */
const EXTERNAL = ['vitest', 'koffi', 'blessed', 'pidusage', 'esbuild'];

/** A bundle may lie anywhere: what it loads is named by its path, and each source knows the place that it came from. */
const inPlace: Plugin = {
  name: 'in-place',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${EXTERNAL.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path: fileOf(path), external: true }));
    onLoad({ filter: /\/(?:src|test)\/.*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    }));
  },
};

/** The entries for import statements, where a package has another one for `require`. */
const MODULES: Readonly<Record<string, string>> = { vitest: 'vitest/dist/index.js', koffi: 'koffi/index.js' };

const { resolve: fileOfPackage } = createRequire(import.meta.url);

/** The file that a bundle loads for a package. */
function fileOf(name: string): string {
  const module = MODULES[name];
  return module === undefined ? fileOfPackage(name) : resolve(NODE_PATH, module);
}

/**
 * Writes each TypeScript module and all that it imports into a file of its own, `NAME.mjs` in `directory`.
 * @throws where they can't be bundled.
 */
export async function bundleModules(sources: readonly string[], directory: string): Promise<void> {
  await build({
    entryPoints: [...sources],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // CommonJS packages that are in the bundle call it.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    plugins: [inPlace],
    logLevel: 'error',
  });
}
