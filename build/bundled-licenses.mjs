// The licences of the packages that are distributed with the program.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The text of the licence of the package in this folder.
 * @throws Error if it has none: it must be distributed.
 */
export function readLicense(folder) {
  const file = readdirSync(folder).find((each) => /^licen[cs]e(?:\.txt|\.md)?$/i.test(each));
  if (file === undefined) throw new Error(`${folder} has no text of its licence`);
  return readFileSync(`${folder}/${file}`, 'utf8');
}

/** The texts of the licences of all packages that these files belong to, by name. */
export function licensesOf(files) {
  const folders = new Map();
  for (const file of files) {
    const [folder, name] = /[^\0]*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    if (folder !== undefined) folders.set(name, folder);
  }
  const texts = [...folders].toSorted().map(([name, folder]) => {
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const heading = `${name} ${version} (${license})`;
    return `${heading}\n${'='.repeat(heading.length)}\n\n${readLicense(folder).trim()}\n`;
  });
  return `The programs in this folder contain code of these packages.\n\n${texts.join('\n\n')}`;
}

/** The names of the packages in what `licensesOf` returned. */
export function packagesIn(text) {
  return [...text.matchAll(/^(\S+) \S+ \(.*\)\n=+$/gm)].map(([, name]) => name);
}
