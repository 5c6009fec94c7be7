import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LimitRequest, writeLimits1, writeLimits2 } from '#src/cgroup/limits.ts';
import { makeTree } from '../temporary-tree.ts';

const FILES_2 = ['memory.high', 'memory.max', 'memory.swap.max', 'pids.max', 'memory.oom.group'];
const FILES_1 = ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'pids.max'];

const leafWith = (files: string[]) => makeTree(Object.fromEntries(files.map((name) => [name, ''])));

/** The written files with their content; unchanged files are omitted. */
const written = (leaf: string, files: string[]) =>
  Object.fromEntries(
    files.map((name) => [name, readFileSync(join(leaf, name), 'utf8')]).filter(([, text]) => text !== ''),
  );

describe('writeLimits2', () => {
  it.each<[LimitRequest, Record<string, string>]>([
    [{}, {}],
    [{ oomGroup: false, memoryMax: undefined }, {}],
    [{ memoryMax: 536_870_912 }, { 'memory.max': '536870912' }],
    [
      { memoryMax: 'max', memoryHigh: 'max' },
      { 'memory.max': 'max', 'memory.high': 'max' },
    ],
    [
      { memoryMax: 0, swapMax: 0 },
      { 'memory.max': '0', 'memory.swap.max': '0' },
    ],
    [
      { swapMax: 1, pidsMax: 64 },
      { 'memory.swap.max': '1', 'pids.max': '64' },
    ],
    [{ oomGroup: true }, { 'memory.oom.group': '1' }],
  ])('for %o writes %o', (request, files) => {
    const leaf = leafWith(FILES_2);
    writeLimits2(leaf, request);
    expect(written(leaf, FILES_2)).toEqual(files);
  });

  it.each<[LimitRequest, string, string]>([
    [{ swapMax: 0 }, '--swap-max', '4.5'],
    [{ oomGroup: true }, '--oom-group', '4.19'],
    [{ pidsMax: 1 }, '--pids-max', '4.5'],
  ])(
    'reports for %o that this kernel lacks the file of %s, and since when there is one',
    (request, option, since) => {
      expect(() => writeLimits2(leafWith([]), request)).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED', feature: option, since, hint: expect.any(String) }),
      );
    },
  );

  it('reports the value that the kernel rejected', () => {
    const leaf = makeTree({ 'memory.max/': '' });
    expect(() => writeLimits2(leaf, { memoryMax: 4096 })).toThrow(
      `cannot write '4096' to ${join(leaf, 'memory.max')}: is a directory`,
    );
  });
});

describe('writeLimits1', () => {
  const MIB = 1024 * 1024;

  it.each<[LimitRequest, Record<string, string>]>([
    [{}, {}],
    [{ memoryMax: 64 * MIB }, { 'memory.limit_in_bytes': '67108864' }],
    [{ memoryMax: 'max' }, { 'memory.limit_in_bytes': '-1' }],
    [{ swapMax: 'max' }, {}],
    [{ memoryMax: 64 * MIB, swapMax: 'max' }, { 'memory.limit_in_bytes': '67108864' }],
    [
      { memoryMax: 64 * MIB, swapMax: 8 * MIB },
      { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '75497472' },
    ],
    [
      { memoryMax: 64 * MIB, swapMax: 0 },
      { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '67108864' },
    ],
  ])('for %o writes %o', (request, files) => {
    const leaf = leafWith(FILES_1);
    writeLimits1(leaf, undefined, request);
    expect(written(leaf, FILES_1)).toEqual(files);
  });

  it('writes pids.max in its own hierarchy', () => {
    const leaf = leafWith(FILES_1);
    const pids = leafWith(['pids.max']);
    writeLimits1(leaf, pids, { pidsMax: 'max', memoryMax: 1 });
    expect(written(leaf, FILES_1)).toEqual({ 'memory.limit_in_bytes': '1' });
    expect(written(pids, ['pids.max'])).toEqual({ 'pids.max': 'max' });
  });

  it('reports that the pids hierarchy is not mounted', () => {
    expect(() => writeLimits1(leafWith(FILES_1), undefined, { pidsMax: 1 })).toThrow(
      expect.objectContaining({ feature: 'pids', hint: expect.stringContaining('mount -t cgroup -o pids') }),
    );
  });

  it.each<[LimitRequest, string]>([
    [{ memoryHigh: 1, memoryMax: 2 }, 'memory.high'],
    [{ memoryHigh: 'max', memoryMax: 2 }, 'memory.high'],
    [{ oomGroup: true, memoryMax: 2 }, 'memory.oom.group'],
  ])('rejects %o before anything is written', (request, feature) => {
    const leaf = leafWith(FILES_1);
    expect(() => writeLimits1(leaf, undefined, request)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', feature }),
    );
    expect(written(leaf, FILES_1)).toEqual({});
  });

  it.each<LimitRequest>([{ swapMax: 1 }, { swapMax: 1, memoryMax: 'max' }])(
    'rejects %o, which no sum of memory and swap can express',
    (request) => {
      expect(() => writeLimits1(leafWith(FILES_1), undefined, request)).toThrow(
        expect.objectContaining({ code: 'USAGE', option: '--swap-max' }),
      );
    },
  );

  it('reports the boot option if the kernel does not count swap', () => {
    const leaf = leafWith(['memory.limit_in_bytes']);
    expect(() => writeLimits1(leaf, undefined, { memoryMax: 2, swapMax: 1 })).toThrow(
      expect.objectContaining({ feature: '--swap-max', hint: 'boot with swapaccount=1' }),
    );
  });
});
