import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isBehind, type MainSizes, NestedStat, raisable } from '#src/sampler/nested-stat.ts';
import { openSizeReader } from '#src/sampler/size-reader.ts';
import { makeTree, removeTrees } from '../temporary-tree.ts';

afterAll(removeTrees);

const MIB = 1024 * 1024;
/** Far above what the kernel keeps per CPU. */
const MUCH = 64 * MIB * availableParallelism();

const stat = (anon: number, file = 0, kernel = 0) =>
  `anon ${anon}\nfile ${file}\nkernel ${kernel}\npgfault 7\n`;

function update(files: Readonly<Record<string, string>>, current: number, own: Record<string, number>) {
  new NestedStat(2, makeTree(files)).update(current, raisable(own));
  return own;
}

describe('sizes that are behind', () => {
  it('are raised to those of the descendants', () => {
    const files = {
      'a/memory.stat': stat(MIB, 5 * MIB),
      'a/b/memory.stat': stat(MUCH),
      'a/c/memory.stat': stat(3 * MIB, 2 * MIB),
      'd/memory.stat': stat(4 * MIB),
    };
    const own = { anon: 2 * MIB, file: 6 * MIB, kernel: 0, pgfault: 1 };
    expect(update(files, MUCH + 20 * MIB, own)).toEqual({
      anon: MUCH + 7 * MIB,
      file: 6 * MIB,
      kernel: 0,
      pgfault: 1,
    });
  });

  it('have no other reading if all of current is in them', () => {
    const own = { anon: MUCH, file: MIB, kernel: MIB };
    expect(update({ 'a/memory.stat': stat(2 * MUCH) }, MUCH + 2 * MIB, own)).toEqual(own);
  });

  it('remain as they are without descendants, and with very many', () => {
    const own = { anon: 0, file: 0, kernel: 0 };
    expect(update({ 'memory.stat': stat(MUCH) }, MUCH, { ...own })).toEqual(own);
    const many = Object.fromEntries(
      Array.from({ length: 1001 }, (_, at) => [`n${at}/memory.stat`, stat(MIB)]),
    );
    expect(update(many, MUCH, { ...own })).toEqual(own);
    delete many['n0/memory.stat'];
    expect(update(many, MUCH, { ...own })).toEqual({ ...own, anon: 1000 * MIB });
  });

  it('are those of the descendants that have a memory controller', () => {
    const files = { 'a/cgroup.procs': '', 'b/memory.stat': stat(5 * MIB) };
    expect(update(files, MUCH, { anon: 0, file: 0, kernel: 0 })).toMatchObject({ anon: 5 * MIB });
  });

  it('are not raised in a cgroup that was removed', () => {
    const directory = makeTree({ 'a/memory.stat': stat(MUCH) });
    const nested = new NestedStat(2, directory);
    rmSync(directory, { recursive: true });
    const own = { anon: 0, file: 0, kernel: 0 };
    nested.update(MUCH, raisable(own));
    expect(own.anon).toBe(0);
  });

  it('are those of v1 below its cgroups', () => {
    const own = { anon: MIB, file: 0 };
    const directory = makeTree({ 'a/memory.stat': `rss 1\ncache 1\ntotal_rss ${MUCH}\ntotal_cache 0\n` });
    new NestedStat(1, directory).update(MUCH + 2 * MIB, raisable(own), MIB);
    expect(own).toEqual({ anon: MUCH, file: 0 });
  });
});

it.each<[string, number, MainSizes, boolean]>([
  ['everything is counted', 10 * MUCH, { anon: 9 * MUCH, file: MUCH, kernel: 0 }, false],
  ['less than a batch per CPU is not', MUCH + 100_000, { anon: MUCH, file: 0, kernel: 0 }, false],
  ['sockets are the rest', 2 * MUCH, { anon: MUCH, file: 0, kernel: 0, sock: MUCH }, false],
  ['memory was released', MUCH, { anon: 2 * MUCH, file: 0, kernel: 0 }, false],
  ['kernel memory is unknown', 2 * MUCH, { anon: MUCH, file: 0, kernel: undefined }, false],
  ['a part is missing', 2 * MUCH, { anon: MUCH, file: 0, kernel: 0 }, true],
])('where %s', (_, current, sizes, expected) => {
  expect(isBehind(current, sizes)).toBe(expected);
});

it.each([1, 2] as const)('the fast clock reads the descendants on v%i', (version) => {
  const files =
    version === 2
      ? { 'memory.current': `${MUCH}\n`, 'memory.stat': stat(MIB), 'a/memory.stat': stat(MUCH - MIB) }
      : {
          'memory.usage_in_bytes': `${MUCH}\n`,
          'memory.kmem.usage_in_bytes': `${MIB}\n`,
          'memory.stat': `rss 0\ntotal_rss ${MIB}\ntotal_cache 0\n`,
          'a/memory.stat': `rss 0\ntotal_rss ${MUCH - MIB}\ntotal_cache 0\n`,
        };
  const directory = makeTree(files);
  const reader = openSizeReader(version, directory);
  expect(reader.read()?.stat.valueOf('anon')).toBe(MUCH - MIB);
  mkdirSync(join(directory, 'b'));
  const [key, file] = version === 2 ? ['anon', 'file'] : ['total_rss', 'total_cache'];
  writeFileSync(join(directory, 'b/memory.stat'), `${key} ${MIB}\n${file} 0\n`);
  expect(reader.read()?.stat.valueOf('anon')).toBe(MUCH);
  reader.close();
});
