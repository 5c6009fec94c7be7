import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AddonPlaces, addonPlaces, loadAddon } from '#src/cli/executable/native-addon.ts';

const CODE = Buffer.from('native code');

let root: string;
let places: AddonPlaces;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'native-addon-'));
  for (const name of ['bin', 'one', 'two']) mkdirSync(join(root, name));
  places = {
    ...addonPlaces(join(root, 'bin/cmemstat')),
    cache: join(root, 'cache/addon'),
    temporary: [join(root, 'one'), join(root, 'two')],
  };
});
afterEach(() => rmSync(root, { recursive: true }));

/** Loads the code, which some folders refuse as if they were mounted `noexec`; returns what was loaded. */
function load(
  refused: readonly string[] = [],
  bytes = CODE,
): { file: string; mode: number; files: string[] } {
  return loadAddon(bytes, places, (file) => {
    if (refused.some((name) => file.startsWith(join(root, name)))) {
      throw new Error('failed to map segment from shared object');
    }
    expect(readFileSync(file)).toEqual(bytes);
    return { file: file.slice(root.length + 1), mode: statSync(file).mode & 0o777, files: readdirSync(root) };
  }) as ReturnType<typeof load>;
}

function install(contents: Buffer | string): void {
  mkdirSync(dirname(places.installed), { recursive: true });
  writeFileSync(places.installed, contents);
}

const left = () => ['one', 'two'].flatMap((name) => readdirSync(join(root, name)));

describe('the native part of koffi inside of the executable', () => {
  it('is loaded from the cache, where only this user can read it', () => {
    const { file, mode } = load();
    expect(file).toMatch(/^cache\/addon\/koffi-[\d.]+-\w+\.node$/);
    expect(mode).toBe(0o600);
    expect(statSync(join(root, 'cache/addon')).mode & 0o777).toBe(0o700);
    const before = statSync(join(root, file), { bigint: true }).ctimeNs;
    expect(load().file).toBe(file);
    expect(statSync(join(root, file), { bigint: true }).ctimeNs).toBe(before);
  });

  it('is written again if the file in the cache has other contents', () => {
    const { file } = load();
    writeFileSync(join(root, file), 'nativE code');
    expect(load().file).toBe(file);
    expect(readFileSync(join(root, file))).toEqual(CODE);
  });

  it('replaces that of other versions', () => {
    mkdirSync(join(root, 'cache/addon'), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, 'cache/addon/koffi-0.0.1-x64.node'), '');
    const { file } = load();
    expect(readdirSync(join(root, 'cache/addon'))).toEqual([file.split('/').at(-1)]);
  });

  it('is not loaded from a cache that others can write to', () => {
    mkdirSync(join(root, 'cache/addon'), { recursive: true });
    chmodSync(join(root, 'cache'), 0o777);
    expect(load().file).toMatch(/^one\//);
    expect(readdirSync(join(root, 'cache/addon'))).toEqual([]);
  });

  it('is loaded where it is installed, and written nowhere', () => {
    install(CODE);
    expect(load().file).toMatch(/^lib\/cmemstat\/koffi-/);
    expect(existsSync(join(root, 'cache'))).toBe(false);
  });

  it.each([
    ['has other contents', () => install('nativE code')],
    [
      'can be changed by others',
      () => {
        install(CODE);
        chmodSync(places.installed, 0o666);
      },
    ],
    [
      'is in a folder that others can write to',
      () => {
        install(CODE);
        chmodSync(join(root, 'lib'), 0o777);
      },
    ],
    [
      'is a link',
      () => {
        mkdirSync(dirname(places.installed), { recursive: true });
        writeFileSync(join(root, 'elsewhere'), CODE);
        symlinkSync(join(root, 'elsewhere'), places.installed);
      },
    ],
  ])('is not loaded where it is installed if the file %s', (_, prepare) => {
    prepare();
    expect(load().file).toMatch(/^cache\//);
  });

  it('is loaded from the next folder where the file system is mounted noexec, and leaves nothing', () => {
    const { file, mode } = load(['cache', 'one']);
    expect(file).toMatch(/^two\/cmemstat-\w+\/koffi-/);
    expect(mode).toBe(0o600);
    expect(left()).toEqual([]);
  });

  it('is loaded without a home directory', () => {
    places = { ...places, cache: undefined };
    expect(load().file).toMatch(/^one\//);
    expect(left()).toEqual([]);
  });

  it('is not put into a folder in which others can replace it', () => {
    chmodSync(join(root, 'one'), 0o777);
    expect(load(['cache']).file).toMatch(/^two\//);
    chmodSync(join(root, 'one'), 0o1777);
    expect(load(['cache']).file).toMatch(/^one\//);
    expect(left()).toEqual([]);
  });

  it('reports the folders that it was tried in, and what to do', () => {
    expect(() => load([''])).toThrow(
      expect.objectContaining({
        code: 'INSTALLATION',
        message: `no directory can hold the native part of koffi: tried ${root}/cache/addon, ${root}/one, ${root}/two`,
        hint: 'set TMPDIR to a directory that is writable, private, and not mounted noexec',
      }),
    );
    expect(left()).toEqual([]);
  });
});
