import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../paths.ts';
import { KERNEL_NAMES } from '../../vm/guest/kernels.ts';
import { HOST_FILES, omittedFiles, SYSTEMD_FILES } from '../../vm/suite-files.ts';
import { GUEST_NAMES } from '../../vm/suites.ts';

const files = readdirSync(join(PROJECT, 'test/integration'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => basename(name, '.test.ts'));

const matches = (pattern: string, name: string) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

it.each([...new Set([...KERNEL_NAMES.flatMap(omittedFiles), ...SYSTEMD_FILES])])(
  'the file that a guest runs or omits exists: %s',
  (pattern) => {
    expect(files.filter((name) => matches(pattern, name))).not.toEqual([]);
  },
);

it('every kernel has a guest, and every file that is not left to the host runs in one', () => {
  expect(GUEST_NAMES).toEqual(expect.arrayContaining([...KERNEL_NAMES]));
  const omitted = (kernel: (typeof KERNEL_NAMES)[number], file: string) =>
    omittedFiles(kernel).some((pattern) => matches(pattern, file));
  expect(
    files.filter(
      (file) =>
        !HOST_FILES.some((pattern) => matches(pattern, file)) &&
        !SYSTEMD_FILES.includes(file) &&
        KERNEL_NAMES.every((kernel) => omitted(kernel, file)),
    ),
  ).toEqual([]);
});

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
