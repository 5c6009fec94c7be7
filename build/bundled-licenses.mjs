// The licences of the packages that are bundled.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The texts of the licences of all packages that these files belong to, by name.
 * @throws Error if a package has none.
 */
export function licensesOf(files) {
  const folders = new Map();
  for (const file of files) {
    const [folder, name] = /[^\0]*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    if (folder !== undefined) folders.set(name, folder);
  }
  const texts = [...folders].toSorted().map(([name, folder]) => {
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e(?:\.txt|\.md)?$/i.test(each));
    if (file === undefined) throw new Error(`${name} has no text of its licence (${folder})`);
    const heading = `${name} ${version} (${license})`;
    return `${heading}\n${'='.repeat(heading.length)}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  });
  return `The programs in this folder contain code of these packages.\n\n${texts.join('\n\n')}`;
}
