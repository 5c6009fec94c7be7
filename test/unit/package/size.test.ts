import { describe, expect, it } from 'vitest';
import { findExcess, type LoadedSize, type PackageSize, renderSize } from '../../../build/package-size.ts';
import budget from '../../../build/size-budget.json' with { type: 'json' };

const LIMITS = { packedBytes: 100, installedBytes: 1000, loadedBytes: { doctor: 50 } };

const sizeWith = (changes: Partial<PackageSize>): PackageSize => ({
  packedBytes: 100,
  installed: [
    { name: 'cmemstat', bytes: 400 },
    { name: 'koffi', bytes: 600 },
  ],
  loaded: [
    {
      commandLine: 'doctor',
      files: [{ name: 'dist/start.cjs', bytes: 50 }],
      compressed: [],
      nodeModules: ['vm', 'os'],
    },
  ],
  ...changes,
});

const loadedWith = (changes: Partial<LoadedSize>): LoadedSize => ({
  ...{ commandLine: 'doctor', files: [], compressed: [], nodeModules: [] },
  ...changes,
});

describe('the size budget', () => {
  it('accepts a package of exactly the allowed size', () => {
    expect(findExcess(sizeWith({}), LIMITS)).toEqual([]);
  });

  it.each<[string, Partial<PackageSize>]>([
    ['packed', { packedBytes: 101 }],
    ['installed', { installed: [{ name: 'koffi', bytes: 1001 }] }],
    ['loaded by "cmemstat doctor"', { loaded: [loadedWith({ files: [{ name: 'a', bytes: 51 }] })] }],
    ['loaded by "cmemstat maps"', { loaded: [loadedWith({ commandLine: 'maps' })] }],
    ['loaded by "cmemstat doctor": a.cjs.br', { loaded: [loadedWith({ compressed: ['a.cjs.br'] })] }],
  ])('names what is too large: %s', (what, changes) => {
    expect(findExcess(sizeWith(changes), LIMITS)).toEqual([expect.stringContaining(what)]);
  });

  it('lists each dependency and the loaded files', () => {
    const text = renderSize(sizeWith({}), LIMITS);
    expect(text).toMatch(/^installed +1\.0 kB {3}of at most 1\.0 kB$/m);
    expect(text).toMatch(/^ {2}koffi +0\.6 kB$/m);
    expect(text).toContain('and 2 modules of Node.js');
  });

  it('does not exceed the documented size', () => {
    expect(budget.packedBytes).toBeLessThanOrEqual(590_000);
    expect(budget.installedBytes).toBeLessThanOrEqual(7_100_000);
  });
});
