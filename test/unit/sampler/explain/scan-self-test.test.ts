import { describe, expect, it } from 'vitest';
import {
  compareMemory,
  type FoundMemory,
  failedChecks,
  type KnownMemory,
} from '#src/sampler/explain/scan-self-test.ts';

const MIB = 2 ** 20;

const known: KnownMemory = {
  anonBytes: 20 * MIB,
  files: new Map([['a', 2 * MIB]]),
  chargedBytes: 28 * MIB,
  directories: 256,
  sockets: 32,
  mapBytes: 4 * MIB,
  stackBytes: 160_000,
  owner: 'leaf',
};

const found: FoundMemory = {
  bytes: { anon: 20 * MIB, file: 2 * MIB, slab: MIB, 'page-tables': 400_000, kernel: 4 * MIB + 200_000 },
  files: new Map([['a', 2 * MIB]]),
  objects: new Map([
    ['dentry', 300],
    ['sock_inode_cache', 33],
  ]),
  owner: 'leaf',
};

const failuresOf = (changes: Partial<FoundMemory>, cpus = 4): string[] =>
  failedChecks(compareMemory(known, { ...found, ...changes }, 4096, cpus)).map(({ what }) => what);

describe('the self-test of the page scan', () => {
  it('passes within 1 % and what CPUs charge in advance', () => {
    expect(failuresOf({})).toEqual([]);
    expect(failuresOf({ bytes: { ...found.bytes, anon: 20 * MIB - 200_000 } })).toEqual([]);
  });

  it.each<[string, Partial<FoundMemory>]>([
    ['anonymous memory', { bytes: { ...found.bytes, anon: 19.5 * MIB } }],
    ['the file a', { files: new Map([['a', 2 * MIB - 40_960]]) }],
    ['the file a', { files: new Map() }],
    [
      'directory entries',
      {
        objects: new Map([
          ['dentry', 255],
          ['sock_inode_cache', 33],
        ]),
      },
    ],
    ['directory entries of what exists', { positiveDentries: 255 }],
    ['sockets', { objects: new Map([['dentry', 300]]) }],
    ['page tables', { bytes: { ...found.bytes, 'page-tables': 0, kernel: 400_000 } }],
    ['a BPF map', { bytes: { ...found.bytes, kernel: 200_000 } }],
    ['a BPF map', { bytes: { ...found.bytes, kernel: 5 * MIB } }],
    ['cgroups of the right name', { owner: 'other' }],
  ])('finds that %s differ', (what, changes) => {
    expect(failuresOf(changes)).toContain(what);
  });

  it('is also run without a BPF map', () => {
    const { mapBytes: _, ...withoutMap } = known;
    const checks = compareMemory(withoutMap, { ...found, bytes: { ...found.bytes, kernel: 0 } }, 4096, 64);
    expect(failedChecks(checks)).toEqual([]);
  });

  it('allows more of the sum on a host with more CPUs', () => {
    const bytes = { ...found.bytes, file: 0.5 * MIB };
    expect(failuresOf({ bytes }, 2)).toContain('all charged memory');
    expect(failuresOf({ bytes }, 32)).toEqual([]);
  });
});
