/**
 * Bundles our programs and tests like the command itself: one file each, which Node.js starts without a
 * loader.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, buildSync, type Plugin } from 'esbuild';

/** Where Node.js finds external packages; for the variable of the same name. */
export const NODE_PATH = resolve(import.meta.dirname, '../node_modules');

/**
 * Writes a TypeScript program and its imports into one file.
 * @param external packages that are not bundled.
 * @throws if it cannot be bundled.
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

/** Packages loaded from node_modules: native ones, esbuild, and vitest, which must exist once. */
const EXTERNAL = ['vitest', 'koffi', 'blessed', 'pidusage', 'esbuild'];

/** A bundle can be in any folder: it loads packages by path, and each source knows its original path. */
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

/** The entries for import statements, if a package has another one for `require`. */
const MODULES: Readonly<Record<string, string>> = { vitest: 'vitest/dist/index.js', koffi: 'koffi/index.js' };

const { resolve: fileOfPackage } = createRequire(import.meta.url);

/** The file that a bundle loads for a package. */
function fileOf(name: string): string {
  const module = MODULES[name];
  return module === undefined ? fileOfPackage(name) : resolve(NODE_PATH, module);
}

/**
 * Writes each TypeScript module and its imports into a separate file, `NAME.mjs` in `directory`.
 * @throws if they cannot be bundled.
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
    // Called by CommonJS packages in the bundle.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    plugins: [inPlace],
    logLevel: 'error',
  });
}
