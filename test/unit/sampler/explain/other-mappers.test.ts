import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishSteps } from '#src/kernel/steps.ts';
import { findOtherMappers } from '#src/sampler/explain/other-mappers.ts';
import type { SearchOptions } from '#src/sampler/explain/search-processes.ts';
import { makeTree } from '../../temporary-tree.ts';

const LIBC = { device: '8:1', inode: '500', name: 'libc.so.6' };
const mapping = (device: string, inode: number, path: string) =>
  `7f00-7f80 r-xp 00000000 ${device} ${inode}                   ${path}\n`;
const OF_LIBC = mapping('08:01', 500, '/usr/lib/libc.so.6');

function find(maps: Record<number, string>, own: number[], options: SearchOptions = {}) {
  const pids = Object.keys(maps).map(Number);
  const files = pids.flatMap((pid) => [
    [`${pid}/maps`, maps[pid] ?? ''],
    [`${pid}/comm`, `worker ${pid}\n`],
  ]);
  const procRoot = makeTree(Object.fromEntries(files));
  return finishSteps(findOtherMappers([LIBC], new Set(own), { pids, procRoot, ...options }));
}

describe('findOtherMappers', () => {
  it('counts processes outside once, however often they map a file, and lists some', () => {
    const found = find({ 5: OF_LIBC, 6: OF_LIBC + OF_LIBC, 7: OF_LIBC, 8: OF_LIBC, 9: OF_LIBC, 10: '' }, [5]);
    expect(found.of(LIBC)).toEqual({
      count: 4,
      processes: [6, 7, 8].map((pid) => ({ pid, comm: `worker ${pid}` })),
    });
    expect(found.missing).toEqual([]);
    expect(find({ 5: OF_LIBC }, [5]).of(LIBC)).toBeUndefined();
  });

  it.each([
    // The device of overlayfs.
    ['00:2f', 500, '/usr/lib/libc.so.6', true],
    ['00:2f', 500, '/usr/lib/other.so', false],
    ['00:2f', 501, '/usr/lib/libc.so.6', false],
    ['08:02', 500, '/usr/lib/libc.so.6', false],
  ])(
    'takes a mapping of inode number and name for the file on a device without blocks: %s %i %s',
    (device, inode, path, isFound) => {
      expect(find({ 6: mapping(device, inode, path) }, []).of(LIBC) !== undefined).toBe(isFound);
    },
  );

  it('goes by the device alone if a file has no name', () => {
    const procRoot = makeTree({ '6/maps': mapping('00:2f', 500, '/libc.so.6'), '6/comm': 'x' });
    const { name: _, ...nameless } = LIBC;
    const found = finishSteps(findOtherMappers([nameless], new Set(), { pids: [6], procRoot }));
    expect(found.of(nameless)).toBeUndefined();
  });

  it('passes over processes that have exited, and says if the search was stopped', () => {
    const procRoot = makeTree({ '6/maps': OF_LIBC, '7/maps': OF_LIBC, '7/comm': 'x' });
    rmSync(join(procRoot, '6'), { recursive: true });
    const search = (timeLimitMs: number) =>
      finishSteps(findOtherMappers([LIBC], new Set(), { pids: [6, 7], procRoot, timeLimitMs }));
    expect(search(1000)).toMatchObject({ missing: [] });
    expect(search(1000).of(LIBC)?.count).toBe(1);
    expect(search(-1).missing).toMatchObject([{ reason: 'the search was stopped after -1 ms' }]);
  });
});
