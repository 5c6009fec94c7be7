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
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodeCache, type CodeKey } from '#src/cli/code-cache.ts';

const CODE = Buffer.from('code');

let home: string;
let parent: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'code-cache-'));
  parent = join(home, 'cmemstat/code');
});
afterEach(() => rmSync(home, { recursive: true }));

const key = (changes: Partial<CodeKey> = {}): CodeKey => ({
  directory: '/opt/cmemstat/dist',
  build: 'build',
  node: 'v20.0.0-x64',
  ...changes,
});
const write = (changes?: Partial<CodeKey>, code = CODE) =>
  new CodeCache(parent, key(changes)).write([['a.cjs', code]]);
const read = (changes?: Partial<CodeKey>) => new CodeCache(parent, key(changes)).read('a.cjs');
/** The only directory that was created. */
const only = () => readdirSync(parent)[0] ?? '';
const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1000);

describe('CodeCache', () => {
  it('returns what was written to it', () => {
    expect(read()).toBeUndefined();
    write();
    expect(read()).toEqual(CODE);
    expect(read({ build: 'another' })).toBeUndefined();
    expect(readdirSync(join(parent, only()))).toEqual(['a.cjs.cache']);
  });

  it('is not used if a part of it was never written', () => {
    const code = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919) >>> 3));
    write({}, code);
    // vitest compares buffers byte by byte, and slowly.
    expect(read()?.equals(code)).toBe(true);
    const file = join(parent, only(), 'a.cjs.cache');
    const stored = readFileSync(file);
    for (let from = 0; from < stored.length; from += 4096) {
      writeFileSync(file, Buffer.from(stored).fill(0, from, Math.min(from + 4096, stored.length)));
      expect(read()).toBeUndefined();
    }
    for (const length of [0, 7, 4096, stored.length - 1]) {
      writeFileSync(file, stored.subarray(0, length));
      expect(read()).toBeUndefined();
    }
    writeFileSync(file, stored);
    expect(read()?.equals(code)).toBe(true);
  });

  it('is not used if any bit of it has changed', () => {
    const code = Buffer.from(Array.from({ length: 301 }, (_, at) => (at * 7919) >>> 3));
    write({}, code);
    const file = join(parent, only(), 'a.cjs.cache');
    const stored = readFileSync(file);
    for (let at = 0; at < stored.length; at += 1) {
      const changed = Buffer.from(stored);
      changed[at] = (stored[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(file, changed);
      expect([at, read()]).toEqual([at, undefined]);
    }
    // As if nothing but the last block was written.
    writeFileSync(file, Buffer.from(stored).fill(0, 0, stored.length - 8));
    expect(read()).toBeUndefined();
  });

  it('is complete for a command that has stored what it executed', () => {
    const cache = () => new CodeCache(parent, key());
    write();
    expect(cache().isComplete('run')).toBe(false);
    cache().complete('run', [['a.cjs', CODE]]);
    expect(cache().isComplete('run')).toBe(true);
    expect(cache().isComplete('maps')).toBe(false);
    expect(read()).toEqual(CODE);
  });

  it('is readable only by its user', () => {
    write();
    expect(statSync(join(parent, only())).mode & 0o777).toBe(0o700);
    expect(statSync(join(parent, only(), 'a.cjs.cache')).mode & 0o777).toBe(0o600);
  });

  it.each(['.', 'cmemstat', 'cmemstat/code', 'cmemstat/code/*'])(
    'is not read if others can write to %s',
    (directory) => {
      write();
      chmodSync(join(home, directory.replace('*', only())), 0o777);
      expect(read()).toBeUndefined();
    },
  );

  it('is not written if others can write', () => {
    mkdirSync(join(home, 'cmemstat'));
    chmodSync(join(home, 'cmemstat'), 0o777);
    write();
    expect(existsSync(parent)).toBe(false);
  });

  it('is not read through a link to a directory that others can write to', () => {
    write();
    const open = join(home, 'open');
    mkdirSync(open);
    new CodeCache(open, key()).write([['a.cjs', CODE]]);
    chmodSync(open, 0o777);
    rmSync(parent, { recursive: true });
    symlinkSync(open, parent);
    expect(read()).toBeUndefined();
  });

  it.each(['/proc/none', '/dev/null', '/sys/none'])('does nothing in %s', (nowhere) => {
    const cache = new CodeCache(nowhere, key());
    cache.write([['a.cjs', CODE]]);
    expect(cache.read('a.cjs')).toBeUndefined();
  });

  it('is not shared by two installations, whose paths are in the code', () => {
    write();
    expect(read({ directory: '/home/user/cmemstat/dist' })).toBeUndefined();
  });

  it('removes caches that were not modified for a month', () => {
    write({ directory: '/old' });
    utimesSync(join(parent, only()), daysAgo(31), daysAgo(31));
    write({ directory: '/recent' });
    const recent = readdirSync(parent).find((name) => statSync(join(parent, name)).mtime > daysAgo(1)) ?? '';
    utimesSync(join(parent, recent), daysAgo(29), daysAgo(29));
    write({ directory: '/new' });
    expect(read({ directory: '/old' })).toBeUndefined();
    expect(read({ directory: '/recent' })).toEqual(CODE);
  });

  it('removes other builds of the same installation, for all versions of Node.js', () => {
    write({ build: 'first' });
    write({ build: 'first', node: 'v24.0.0-x64' });
    write({ build: 'first', directory: '/other' });
    write({ build: 'second' });
    write({ build: 'second', node: 'v24.0.0-x64' });
    expect(readdirSync(parent)).toHaveLength(3);
    expect(read({ build: 'second' })).toEqual(CODE);
    expect(read({ build: 'first', directory: '/other' })).toEqual(CODE);
  });

  it('has a bounded total size; the least recently modified caches are removed', () => {
    const large = Buffer.alloc(5 * 1024 * 1024);
    for (let at = 0; at < 6; at += 1) {
      const before = existsSync(parent) ? readdirSync(parent) : [];
      write({ directory: `/install-${at}` }, large);
      const created = readdirSync(parent).find((name) => !before.includes(name)) ?? '';
      utimesSync(join(parent, created), daysAgo(10 - at), daysAgo(10 - at));
    }
    const kept = [0, 1, 2, 3, 4, 5].filter((at) => read({ directory: `/install-${at}` }) !== undefined);
    expect(kept).toEqual([2, 3, 4, 5]);
  });
});
