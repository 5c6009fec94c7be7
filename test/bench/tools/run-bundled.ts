import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from '../../bundle.ts';

/** Runs a program of `programs` in a separate process without a loader; returns its output. */
export function runBundled(
  source: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
  node = process.execPath,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-bundle-'));
  try {
    const file = join(folder, 'bundle.cjs');
    bundle(resolve(import.meta.dirname, '../programs', source), file);
    const { stdout, stderr } = spawnSync(node, [...nodeOptions, file, ...args], {
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
