/** The files that inputs are made from. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../paths.ts';

const kept = new Map<string, Buffer[]>();

/** The contents of the files in some folders whose path matches, in the order of their paths. */
export function seeds(folders: readonly string[], pattern: RegExp): readonly Buffer[] {
  const key = `${folders.join(':')} ${pattern}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const files = folders
    .flatMap((folder) => listFiles(join(PROJECT, folder)))
    .filter((file) => pattern.test(file));
  if (files.length === 0) throw new Error(`no file of ${folders} matches ${pattern}`);
  const read = files.map((file) => readFileSync(file));
  kept.set(key, read);
  return read;
}

/** The files below a folder, sorted. */
export function listFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = statSync(path);
      if (stat.isDirectory()) return listFiles(path);
      return stat.isFile() ? [path] : [];
    });
}
