import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeSnapshot } from '#src/view/snapshot.ts';
import { exampleView } from './example-view.ts';

const before = process.cwd();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cmemstat-snapshot-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const VIEW = exampleView({ options: { untilMs: 1000 } });
const NAME = 'cmemstat-4711-1000ms';

test('writes a JSON document and a text', () => {
  expect(writeSnapshot(VIEW)).toBe(`wrote ${NAME}.json and ${NAME}.txt`);
  expect(JSON.parse(readFileSync(`${NAME}.json`, 'utf8'))).toMatchObject({
    type: 'snapshot',
    elapsedMs: 1000,
  });
  expect(readFileSync(`${NAME}.txt`, 'utf8').split('\n')).toHaveLength(61);
});

test('does not replace existing files', () => {
  writeSnapshot(VIEW);
  const first = readFileSync(`${NAME}.json`, 'utf8');
  expect(writeSnapshot({ ...VIEW, data: { ...VIEW.data, events: [] } })).toBe(
    `wrote ${NAME}-2.json and ${NAME}-2.txt`,
  );
  expect(readFileSync(`${NAME}.json`, 'utf8')).toBe(first);
});

test.each(['json', 'txt'])('does not follow a symbolic link in place of the %s', (kind) => {
  symlinkSync(join(folder, 'elsewhere'), `${NAME}.${kind}`);
  expect(writeSnapshot(VIEW)).toContain(`${NAME}-2.json`);
  expect(existsSync('elsewhere')).toBe(false);
  expect(readdirSync('.').toSorted()).toEqual(
    [`${NAME}-2.json`, `${NAME}-2.txt`, `${NAME}.${kind}`].toSorted(),
  );
});
