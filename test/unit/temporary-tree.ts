/** Ordinary folders and files in place of cgroupfs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];

/** Removes what {@link makeTree} created since the last call. */
export function removeTrees(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/**
 * Creates a folder with these files, removed after the test file; a path that ends in `/` is an empty folder.
 */
export function makeTree(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'cmemstat-unit-'));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(file, text);
  }
  return root;
}
