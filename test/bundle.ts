/** Programs of ours as the command itself is built: one file that plain Node starts. */
import { resolve } from 'node:path';
import { buildSync } from 'esbuild';

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
