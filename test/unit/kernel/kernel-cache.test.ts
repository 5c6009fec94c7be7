import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedForKernel } from '#src/kernel/kernel-cache.ts';

let directory: string;
let notesPath: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernel-cache-'));
  notesPath = join(directory, 'notes');
  writeFileSync(notesPath, 'build 1');
});
afterEach(() => rmSync(directory, { recursive: true }));

let computed = 0;
function ask(question: unknown = ['a'], answer: unknown = { a: 1 }): unknown {
  return cachedForKernel(
    'layout',
    question,
    () => {
      computed++;
      return answer;
    },
    { notesPath, directory: join(directory, 'cache') },
  );
}
beforeEach(() => {
  computed = 0;
});

const files = () => readdirSync(join(directory, 'cache'));
const onlyFile = () => join(directory, 'cache', files()[0] ?? '');

describe('cachedForKernel', () => {
  it('computes once', () => {
    expect(ask()).toEqual({ a: 1 });
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(1);
    expect(files()).toEqual([expect.stringMatching(/^layout-[0-9a-f]{32}\.json$/)]);
  });

  it('keeps kernels and questions apart', () => {
    ask(['a']);
    ask(['a', 'b']);
    writeFileSync(notesPath, 'build 2');
    ask(['a']);
    expect(computed).toBe(3);
    expect(files().length).toBe(3);
  });

  it.each([
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, -10)],
    ['no JSON', () => 'rubbish\n'],
    ['changed', (text: string) => text.replace('"a":1', '"a":2')],
    ['without its checksum', (text: string) => text.split('\n').slice(1).join('\n')],
  ])('computes anew when the file is %s', (_, damage) => {
    ask();
    writeFileSync(onlyFile(), damage(readFileSync(onlyFile(), 'utf8')));
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
    // And mends it.
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
  });

  it('does without a cache where the directory can not be', () => {
    writeFileSync(join(directory, 'cache'), 'a file');
    expect(ask()).toEqual({ a: 1 });
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
  });

  it.each(['/proc/none', '/proc/none/deeper', '/dev/null/cache'])('does without a cache in %s', (nowhere) => {
    expect(cachedForKernel('layout', [], () => 1, { notesPath, directory: nowhere })).toBe(1);
  });

  it('makes the folders above it', () => {
    const deep = join(directory, 'a/b/c');
    cachedForKernel('layout', [], () => 1, { notesPath, directory: deep });
    expect(readdirSync(deep).length).toBe(1);
  });

  it('does without a cache where the directory is read-only', () => {
    ask();
    rmSync(onlyFile());
    chmodSync(join(directory, 'cache'), 0o500);
    expect(ask()).toEqual({ a: 1 });
  });

  it('does without a cache where the kernel does not tell who it is', () => {
    rmSync(notesPath);
    expect(ask()).toEqual({ a: 1 });
    expect(existsSync(join(directory, 'cache'))).toBe(false);
  });

  it('keeps nothing of a failure', () => {
    const fail = () =>
      cachedForKernel(
        'layout',
        [],
        () => {
          throw new Error('no BTF');
        },
        { notesPath, directory: join(directory, 'cache') },
      );
    expect(fail).toThrow('no BTF');
    expect(existsSync(join(directory, 'cache'))).toBe(false);
  });
});
