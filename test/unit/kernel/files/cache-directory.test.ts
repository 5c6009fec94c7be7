import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cacheDirectory,
  isPrivateDirectory,
  makePrivateDirectory,
} from '#src/kernel/files/cache-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cache-directory-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('cacheDirectory', () => {
  it.each([
    [{ XDG_CACHE_HOME: '/var/tmp/c' }, '/var/tmp/c/cmemstat'],
    [{ XDG_CACHE_HOME: 'relative' }, join(homedir(), '.cache/cmemstat')],
    [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache/cmemstat')],
    [{}, join(homedir(), '.cache/cmemstat')],
  ])('with %o is %s', (environment, expected) => {
    expect(cacheDirectory(environment)).toBe(expected);
  });

  it.runIf(process.getuid?.() === 0)(
    "is in root's own home if the other place belongs to another user",
    () => {
      chownSync(directory, 1000, 1000);
      const own = join(userInfo().homedir, '.cache/cmemstat');
      expect(cacheDirectory({ XDG_CACHE_HOME: directory })).toBe(own);
      expect(cacheDirectory({ XDG_CACHE_HOME: join(directory, 'not/yet') })).toBe(own);
    },
  );
});

describe('isPrivateDirectory', () => {
  it('is true for a directory that only its user can write to', () => {
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    expect(isPrivateDirectory(join(directory, 'a/b'))).toBe(true);
  });

  it.each([0o777, 0o770, 0o702])('is false for a directory with mode %o, and below it', (mode) => {
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    chmodSync(join(directory, 'a'), mode);
    expect(isPrivateDirectory(join(directory, 'a'))).toBe(false);
    expect(isPrivateDirectory(join(directory, 'a/b'))).toBe(false);
  });

  it('is false behind a link into a directory that others can write to', () => {
    mkdirSync(join(directory, 'open/b'), { recursive: true });
    chmodSync(join(directory, 'open'), 0o777);
    symlinkSync(join(directory, 'open/b'), join(directory, 'link'));
    expect(isPrivateDirectory(join(directory, 'link'))).toBe(false);
  });

  it('is false for a missing directory', () => {
    expect(isPrivateDirectory(join(directory, 'none'))).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)('is false for root if another user owns the directory', () => {
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    chownSync(join(directory, 'a'), 1000, 1000);
    expect(isPrivateDirectory(join(directory, 'a/b'))).toBe(false);
  });
});

describe('makePrivateDirectory', () => {
  it('creates it readable only by its user', () => {
    makePrivateDirectory(join(directory, 'a/b'));
    expect(statSync(join(directory, 'a/b')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o700);
  });

  it('rejects a place that others can write to', () => {
    mkdirSync(join(directory, 'a'));
    chmodSync(join(directory, 'a'), 0o777);
    expect(() => makePrivateDirectory(join(directory, 'a/b'))).toThrow('is writable by others');
    expect(readdirSync(join(directory, 'a'))).toEqual([]);
  });

  it.each(['/proc/none', '/proc/none/deeper', '/dev/null/cache'])('rejects %s', (nowhere) => {
    expect(() => makePrivateDirectory(nowhere)).toThrow();
  });
});
