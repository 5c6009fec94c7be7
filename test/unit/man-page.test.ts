import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { KEY_TABLE } from '#src/view/state/key-table.ts';
import { renderManPage } from '../../build/man-page.ts';
import { PROJECT } from '../paths.ts';

test('the manual page has every current option and key (npx vitest run -u writes it)', async () => {
  await expect(renderManPage()).toMatchFileSnapshot('../../man/cmemstat.1');
});

test('every key of the table is in the manual page', () => {
  const page = renderManPage();
  for (const { text } of KEY_TABLE) expect(page).toContain(text.replaceAll('-', '\\-'));
});

/** What `env.NAME` and `{ NAME } = process.env` read in the sources; not what they set. */
function variablesRead(): string[] {
  const files = readdirSync(resolve(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
  const names = files
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(resolve(PROJECT, 'src', path), 'utf8'))
    .flatMap((text) => [
      ...[...text.matchAll(/\benv\.([A-Z][A-Z_]+)\b(?! = )/g)].map(([, name = '']) => name),
      ...[...text.matchAll(/\{ ([\w, ]+)(?:: \w+)? \}(?:: NodeJS\.ProcessEnv)? = process\.env/g)].flatMap(
        ([, list = '']) => list.split(', '),
      ),
    ]);
  return [...new Set(names)].sort();
}

test('every environment variable that the sources read is in it and in the README', () => {
  const names = variablesRead();
  expect(names).toEqual(expect.arrayContaining(['NO_COLOR', 'TMUX', 'XDG_CACHE_HOME', 'container']));
  const page = renderManPage();
  const section = page.slice(page.indexOf('.SH ENVIRONMENT'), page.indexOf('.SH EXAMPLES'));
  const readme = readFileSync(resolve(PROJECT, 'README.md'), 'utf8');
  for (const name of names) {
    expect(section).toMatch(new RegExp(`\\b${name}\\b`));
    expect(readme).toContain(`\`${name}\``);
  }
});
