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
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedForKernel, parseBuildId } from '#src/kernel/files/kernel-cache.ts';
import { fixture } from '../../../paths.ts';

/** Notes like those of a kernel: of Xen first, then the build id. */
function notes(buildId: string): Buffer {
  const note = (name: string, type: number, description: Buffer) => {
    const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
    const header = Buffer.from(new Uint32Array([name.length + 1, description.length, type]).buffer);
    return Buffer.concat([header, padded(Buffer.from(`${name}\0`)), padded(description)]);
  };
  return Buffer.concat([
    note('Xen', 6, Buffer.from('linux\0')),
    note('Linux', 3, Buffer.from('no build id')),
    note('GNU', 3, Buffer.from(buildId, 'hex')),
    note('Linux', 0x101, Buffer.from('0000', 'hex')),
  ]);
}
const BUILD_1 = '48dc540c8b76393804ca8088dbfa7d42911a9444';
const BUILD_2 = '11dc540c8b76393804ca8088dbfa7d42911a9444';

let directory: string;
let notesPath: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernel-cache-'));
  notesPath = join(directory, 'notes');
  writeFileSync(notesPath, notes(BUILD_1));
});
afterEach(() => rmSync(directory, { recursive: true }));

const isAny = (_: unknown): _ is unknown => true;

let computed = 0;
function ask(identity = '1.abc', answer: unknown = { a: 1 }): unknown {
  return cachedForKernel(
    'layout',
    identity,
    isAny,
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
    expect(files()).toEqual([`layout-1.abc-${BUILD_1}.json`]);
  });

  it('separates kernels and identities', () => {
    ask('1.abc');
    ask('2.abc');
    writeFileSync(notesPath, notes(BUILD_2));
    ask('1.abc');
    expect(computed).toBe(3);
    expect(files().length).toBe(3);
  });

  it.each([
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, -10)],
    ['no JSON', () => 'rubbish\n'],
    ['changed', (text: string) => text.replace('"a":1', '"a":2')],
    ['changed in its last bytes', (text: string) => text.replace('1}', '1 ')],
    ['longer', (text: string) => `${text} `],
    ['without its header', (text: string) => text.split('\n').slice(1).join('\n')],
    ['in a form to come', (text: string) => text.replace(/^cmemstat-cache 2 /, 'cmemstat-cache 3 ')],
    ['in the form before', (text: string) => `${'0'.repeat(32)}\n${text.split('\n')[1]}\n`],
  ])('recomputes when the file is %s', (_, damage) => {
    ask();
    writeFileSync(onlyFile(), damage(readFileSync(onlyFile(), 'utf8')));
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
    // And replaces it.
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
  });

  it('recomputes data of another shape', () => {
    const sources = { notesPath, directory: join(directory, 'cache') };
    const isNumber = (data: unknown): data is number => typeof data === 'number';
    cachedForKernel('layout', '1', isAny, () => 'text', sources);
    expect(cachedForKernel('layout', '1', isNumber, () => 7, sources)).toBe(7);
    expect(cachedForKernel('layout', '1', isNumber, () => 8, sources)).toBe(7);
  });

  it('works without a cache if the directory cannot be created', () => {
    writeFileSync(join(directory, 'cache'), 'a file');
    expect(ask()).toEqual({ a: 1 });
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
  });

  it.each(['/proc/none', '/proc/none/deeper', '/dev/null/cache'])(
    'works without a cache in %s',
    (nowhere) => {
      expect(cachedForKernel('layout', '1', isAny, () => 1, { notesPath, directory: nowhere })).toBe(1);
    },
  );

  it('creates parent directories', () => {
    const deep = join(directory, 'a/b/c');
    cachedForKernel('layout', '1', isAny, () => 1, { notesPath, directory: deep });
    expect(readdirSync(deep).length).toBe(1);
  });

  it('works without a cache if the directory is read-only', () => {
    ask();
    rmSync(onlyFile());
    chmodSync(join(directory, 'cache'), 0o500);
    expect(ask()).toEqual({ a: 1 });
  });

  it('works without a cache if the kernel does not identify itself', () => {
    rmSync(notesPath);
    expect(ask()).toEqual({ a: 1 });
    expect(existsSync(join(directory, 'cache'))).toBe(false);
  });

  it('works without a cache if the notes have no build id', () => {
    writeFileSync(notesPath, notes(BUILD_1).subarray(0, 48));
    expect(ask()).toEqual({ a: 1 });
    expect(ask()).toEqual({ a: 1 });
    expect(computed).toBe(2);
  });

  it('stores nothing after a failure', () => {
    const fail = () =>
      cachedForKernel(
        'layout',
        '1',
        isAny,
        () => {
          throw new Error('no BTF');
        },
        { notesPath, directory: join(directory, 'cache') },
      );
    expect(fail).toThrow('no BTF');
    expect(existsSync(join(directory, 'cache'))).toBe(false);
  });
});

describe('parseBuildId', () => {
  it.each(['5.10', '6.1', '6.12', '7.3'])('finds the build id of Linux %s', (release) => {
    const bytes = readFileSync(fixture(`kernel/${release}/sys/kernel/notes`));
    const buildId = parseBuildId(bytes);
    expect(buildId).toMatch(/^[0-9a-f]{40}$/);
    expect(bytes.toString('hex')).toContain(`474e5500${buildId}`);
  });

  it('finds it behind other notes, and nothing in truncated notes', () => {
    const whole = notes(BUILD_1);
    expect(parseBuildId(whole)).toBe(BUILD_1);
    const end = whole.indexOf(Buffer.from(BUILD_1, 'hex')) + 20;
    expect(parseBuildId(whole.subarray(0, end))).toBe(BUILD_1);
    for (let length = 0; length < end; length++) {
      expect(parseBuildId(whole.subarray(0, length))).toBeUndefined();
    }
  });

  it('terminates for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buildId = parseBuildId(Buffer.from(bytes));
        expect(buildId ?? '00').toMatch(/^([0-9a-f]{2})+$/);
      }),
    );
  });
});
