import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeptOutput } from '#src/app/run/streams/kept-output.ts';
import { makeTree } from '../../../temporary-tree.ts';

const BOUNDS = { lines: 3, bytes: 1000, fileBytes: 10_000 };

/** Keeps chunks of output, and prints them. */
async function keep(chunks: readonly (readonly [fd: number, text: string])[], bounds = BOUNDS) {
  const folder = makeTree();
  const kept = new KeptOutput(bounds, folder);
  for (const [fd, text] of chunks) await kept.push(fd, Buffer.from(text, 'latin1'));
  const printed: [number, string][] = [];
  const message = await kept.print(async (fd, bytes) => void printed.push([fd, bytes.toString('latin1')]));
  const files = readdirSync(folder).map((name) => join(folder, name));
  return { kept, printed, message, files };
}

test('output within the bounds is printed as it came, and no file is created', async () => {
  const chunks = [
    [1, 'one\n\x1b[31mtw'],
    [2, 'error\xff\n'],
    [1, 'o'],
  ] as const;
  const { printed, message, files } = await keep(chunks);
  expect(printed).toEqual(chunks);
  expect(message).toBeUndefined();
  expect(files).toEqual([]);
});

describe('more lines than are kept', () => {
  test.each([
    ['in one chunk', [[1, 'a\nb\nc\nd\ne\n']]],
    ['in many', [...'abcde'].map((letter) => [1, `${letter}\n`])],
    [
      'in halves',
      [
        [1, 'a\nb'],
        [1, '\nc\nd\n'],
        [1, 'e\n'],
      ],
    ],
  ] as [string, [number, string][]][])('%s: the last are printed, all are in the file', async (_, chunks) => {
    const { printed, message, files } = await keep(chunks);
    expect(printed.map(([, text]) => text).join('')).toBe('c\nd\ne\n');
    expect(files).toHaveLength(1);
    expect(readFileSync(files[0] ?? '', 'utf8')).toBe('a\nb\nc\nd\ne\n');
    expect(statSync(files[0] ?? '').mode & 0o777).toBe(0o600);
    expect(message).toBe(
      `only the end of the output is printed, without the first 2 lines; all of it is in ${files[0]}`,
    );
  });

  test('memory is bounded: chunks that are not needed are let go', async () => {
    const chunks = Array.from({ length: 5000 }, (_, at) => [1, `${at}\n`] as const);
    const { printed } = await keep(chunks, { ...BOUNDS, fileBytes: 10 ** 6 });
    expect(printed.length).toBeLessThanOrEqual(4);
    expect(printed.map(([, text]) => text).join('')).toBe('4997\n4998\n4999\n');
  });
});

test('a line without end counts by its bytes', async () => {
  const { printed, message, files } = await keep(Array(30).fill([1, 'x'.repeat(100)]));
  expect(printed.map(([, text]) => text).join('')).toBe('x'.repeat(1000));
  expect(statSync(files[0] ?? '').size).toBe(3000);
  expect(message).toContain('without the first 1.95 KiB');
});

test('the file is bounded, which is reported', async () => {
  const { message, files } = await keep(Array(30).fill([1, `${'x'.repeat(999)}\n`]));
  expect(statSync(files[0] ?? '').size).toBe(10_000);
  expect(message).toMatch(/its first 9\.77 KiB are in .*; --stdout FILE and --stderr FILE store all of it$/);
});

test('a file that cannot be created is reported with the reason', async () => {
  const kept = new KeptOutput(BOUNDS, '/no/such/folder');
  await kept.push(1, Buffer.from('a\nb\nc\nd\n'));
  const printed: string[] = [];
  const message = await kept.print(async (_, bytes) => void printed.push(String(bytes)));
  expect(printed).toEqual(['b\nc\nd\n']);
  expect(message).toMatch(/the rest is lost: \/no\/such\/folder\/\S+: no such file or directory$/);
});
