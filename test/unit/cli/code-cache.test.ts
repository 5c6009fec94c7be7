import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodeCache } from '#src/cli/code-cache.ts';

const CODE = Buffer.from('code');

let home: string;
let parent: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'code-cache-'));
  parent = join(home, 'cmemstat/code');
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (key = 'build') => new CodeCache(parent, key).write([['a.cjs', CODE]]);
const read = (key = 'build') => new CodeCache(parent, key).read('a.cjs');

describe('CodeCache', () => {
  it('has what was written to it', () => {
    expect(read()).toBeUndefined();
    write();
    expect(read()).toEqual(CODE);
    expect(read('another build')).toBeUndefined();
    expect(readdirSync(join(parent, 'build'))).toEqual(['a.cjs.cache']);
  });

  it('can be read by nobody else', () => {
    write();
    expect(statSync(join(parent, 'build')).mode & 0o777).toBe(0o700);
    expect(statSync(join(parent, 'build/a.cjs.cache')).mode & 0o777).toBe(0o600);
  });

  it.each(['.', 'cmemstat', 'cmemstat/code', 'cmemstat/code/build'])(
    'is not read where others can write to %s',
    (directory) => {
      write();
      chmodSync(join(home, directory), 0o777);
      expect(read()).toBeUndefined();
    },
  );

  it('is not written where others can write', () => {
    mkdirSync(join(home, 'cmemstat'));
    chmodSync(join(home, 'cmemstat'), 0o777);
    write();
    expect(existsSync(parent)).toBe(false);
  });

  it('is not read through a link to where others can write', () => {
    write();
    const open = join(home, 'open');
    mkdirSync(open);
    new CodeCache(open, 'build').write([['a.cjs', CODE]]);
    chmodSync(open, 0o777);
    rmSync(parent, { recursive: true });
    symlinkSync(open, parent);
    expect(read()).toBeUndefined();
  });

  it.each(['/proc/none', '/dev/null', '/sys/none'])('does nothing in %s', (nowhere) => {
    const cache = new CodeCache(nowhere, 'build');
    cache.write([['a.cjs', CODE]]);
    expect(cache.read('a.cjs')).toBeUndefined();
  });

  it('removes what no run has written to for a month', () => {
    write('old');
    write('recent');
    const days = (count: number) => new Date(Date.now() - count * 24 * 60 * 60 * 1000);
    utimesSync(join(parent, 'old'), days(31), days(31));
    utimesSync(join(parent, 'recent'), days(29), days(29));
    write('new');
    expect(readdirSync(parent).sort()).toEqual(['new', 'recent']);
  });
});
