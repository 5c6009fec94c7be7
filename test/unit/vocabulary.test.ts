import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { golden, PROJECT } from '../paths.ts';

/** Words of version 1 of the formats. */
const FORMER = /\b(broken|breach(es|ed)?|judg\w*|not-held)\b/i;

/** Maps, programs and links are held by processes, which is not a result of a budget. */
const HELD_BY_PROCESS =
  /"(held|heldElsewhere|heldPeak)"|held (by|open)|held, but charged elsewhere|held_|held: by who holds descriptors/gi;

const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const FILES = [join(PROJECT, 'schema'), golden('.')].flatMap(filesIn);

it('looks at all schemas and goldens', () => {
  const names = FILES.map((file) => relative(PROJECT, file));
  expect(names).toContain('schema/verdict.schema.json');
  expect(names).toContain('test/golden/reports/text/failed.txt');
  expect(names).toContain('test/golden/comparison/comparison.txt');
});

it.each(FILES.map((file) => relative(PROJECT, file)))(
  '%s has no former word for results of budgets',
  (file) => {
    for (const line of readFileSync(join(PROJECT, file), 'utf8').split('\n')) {
      expect(line).not.toMatch(FORMER);
      expect(line.replaceAll(HELD_BY_PROCESS, '')).not.toMatch(/\bheld\b/i);
    }
  },
);
