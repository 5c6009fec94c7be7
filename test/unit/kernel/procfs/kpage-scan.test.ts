import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KPF, kindOfFlags } from '#src/kernel/procfs/kpage-kind.ts';
import { type KpageOptions, scanKpages } from '#src/kernel/procfs/kpage-scan.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kpage-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

type Page = readonly [cgroup: number, flags: number];

function write(pages: readonly Page[]): void {
  const words = (at: 0 | 1) => new Uint8Array(BigUint64Array.from(pages, (page) => BigInt(page[at])).buffer);
  writeFileSync(join(directory, 'kpagecgroup'), words(0));
  writeFileSync(join(directory, 'kpageflags'), words(1));
}

const scan = (pages: readonly Page[], options: KpageOptions = {}) => {
  write(pages);
  return scanKpages(options, { directory, pageSize: 4096, ranges: [{ start: 0, end: pages.length }] });
};

const FILE = KPF.lru;
const ANON = KPF.lru | KPF.anon | KPF.swapBacked | KPF.mapped;
const HEAD = 1 << 15;

describe('kindOfFlags', () => {
  it.each([
    [KPF.huge | KPF.anon, 'hugetlb'],
    // KSM, or any page of Linux 6.12.
    [ANON | (1 << 21), 'anon'],
    [ANON, 'anon'],
    [KPF.lru | KPF.swapBacked, 'shmem'],
    [KPF.lru | KPF.swapBacked | KPF.swapCache, 'swap-cache'],
    [FILE, 'file'],
    [KPF.mapped, 'file'],
    [KPF.slab, 'slab'],
    [KPF.pageTable, 'page-tables'],
    [0, 'kernel'],
  ])('takes %i for %s', (flags, kind) => {
    expect(kindOfFlags(flags)).toBe(kind);
  });
});

describe('scanKpages', () => {
  it('sums pages by cgroup and kind', async () => {
    const { owners, rows, scannedPages } = await scan([
      [0, FILE],
      [7, FILE | KPF.dirty],
      [7, FILE | KPF.writeback | KPF.active],
      [8, ANON | KPF.unevictable],
      [7, KPF.pageTable],
      [7, FILE],
    ]);
    expect(scannedPages).toBe(6);
    expect(owners).toEqual([{ id: 7 }, { id: 8 }]);
    const of = (owner: number, kind: string) => rows.find((row) => row.owner === owner && row.kind === kind);
    expect(rows).toHaveLength(3);
    expect(of(0, 'file')).toEqual({
      owner: 0,
      kind: 'file',
      isRest: false,
      bytes: 3 * 4096,
      count: 3,
      dirtyBytes: 2 * 4096,
      activeBytes: 4096,
      mappedBytes: 0,
      unevictableBytes: 0,
      hugeBytes: 0,
    });
    expect(of(0, 'page-tables')).toMatchObject({ bytes: 4096 });
    expect(of(1, 'anon')).toMatchObject({ bytes: 4096, mappedBytes: 4096, unevictableBytes: 4096 });
  });

  it('counts the pages behind the first of a large one as the first', async () => {
    const { rows } = await scan([
      [7, FILE | HEAD | KPF.active | KPF.mapped],
      [0, KPF.compoundTail],
      [0, KPF.compoundTail | KPF.mapped],
      [9, KPF.compoundTail | KPF.anon],
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      kind: 'file',
      bytes: 4 * 4096,
      count: 1,
      activeBytes: 4 * 4096,
      mappedBytes: 2 * 4096,
    });
  });

  it('is limited to some cgroups', async () => {
    const { owners } = await scan(
      [
        [7, FILE],
        [8, FILE],
        [9, FILE],
      ],
      { cgroupIds: new Set([8]) },
    );
    expect(owners).toEqual([{ id: 8 }]);
  });

  it('finds all pages, whatever they are', async () => {
    const page = fc.tuple(
      fc.nat(3),
      fc.nat(2 ** 27).map((flags) => flags & ~KPF.compoundTail),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(page, { maxLength: 300 }), async (pages) => {
        const { rows } = await scan(pages);
        const sum = rows.reduce((total, { bytes }) => total + bytes, 0);
        expect(sum).toBe(pages.filter(([cgroup]) => cgroup !== 0).length * 4096);
      }),
      { numRuns: 30 },
    );
  });

  it('reports progress, and ends on a signal', async () => {
    const progress: number[] = [];
    await scan(
      [
        [7, FILE],
        [8, FILE],
      ],
      { onProgress: (done) => progress.push(done) },
    );
    expect(progress).toEqual([2]);
    const ended = scan([[7, FILE]], { signal: AbortSignal.abort(new Error('enough')) });
    await expect(ended).rejects.toThrow('enough');
  });

  it('reads what there is of files that are shorter than the ranges', async () => {
    write([[7, FILE]]);
    const ranges = [{ start: 0, end: 200_000 }];
    const { rows } = await scanKpages({}, { directory, pageSize: 4096, ranges });
    expect(rows).toHaveLength(1);
  });

  it('says what the kernel lacks', async () => {
    const none = scanKpages({}, { directory: join(directory, 'none'), pageSize: 4096, ranges: [] });
    await expect(none).rejects.toMatchObject({ code: 'UNSUPPORTED', since: '4.3' });
  });
});
