import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../paths.ts';
import { HOST_FILES, LIFECYCLE_FILES, ONE_KERNEL_FILES, SYSTEMD_FILES } from '../../vm/suite-files.ts';

const files = readdirSync(join(PROJECT, 'test/integration'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => basename(name, '.test.ts'));

const matches = (pattern: string, name: string) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

it.each([...HOST_FILES, ...ONE_KERNEL_FILES, ...LIFECYCLE_FILES, ...SYSTEMD_FILES])(
  'the file that a guest runs or omits exists: %s',
  (pattern) => {
    expect(files.filter((name) => matches(pattern, name))).not.toEqual([]);
  },
);

it('each name is unique: a guest has all files in one folder', () => {
  expect(files.filter((name, index) => files.indexOf(name) !== index)).toEqual([]);
});

it('the README lists where every integration test runs', () => {
  const readme = readFileSync(join(PROJECT, 'test/vm/README.md'), 'utf8');
  const [, rows = ''] = /^\| files of test\/integration .*\n\|-.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const patterns = rows
    .split('\n')
    .flatMap((row) => (row.split('|')[1] ?? '').replaceAll('\\', '').trim().split(', '));
  expect(files.filter((name) => !patterns.some((pattern) => matches(pattern, name)))).toEqual([]);
});
