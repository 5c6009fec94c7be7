import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGES, RowStore } from '#src/kernel/bpf/scan/row-store.ts';
import type { ScanKind } from '#src/kernel/scan-row.ts';
import { encodeRows, type KernelRow } from './kernel-rows.ts';

const file = (object: number, pages: number, owner = 1): KernelRow => ({
  owner: BigInt(owner) << 32n,
  object: object === 0 ? 0n : 0xffff_8880_0000_0000n + BigInt(object) * 64n,
  kind: 'file',
  bytes: BigInt(pages) * 4096n,
  count: BigInt(pages),
  pages: [pages, 0, 1, 0, 0],
});

function storeOf(maxObjects: number, ...parts: (readonly KernelRow[])[]): RowStore {
  const store = new RowStore(maxObjects, 'LE');
  for (const part of parts) store.add(...encodeRows(part, 'LE'), part.length);
  return store;
}

/** What the store has, as text. */
function contents(store: RowStore): string[] {
  return Array.from({ length: store.length }, (_, row) => {
    const name = store.isRest(row) ? 'rest' : store.objectOf(row).join(':');
    const pages = [store.pagesOf(row, PAGES.dirty), store.pagesOf(row, PAGES.mapped)];
    return [
      store.ownerOf(row),
      store.kindOf(row),
      name,
      store.bytesOf(row),
      store.countOf(row),
      ...pages,
    ].join(' ');
  });
}

function sums(store: RowStore): Map<string, number> {
  const bytes = new Map<string, number>();
  for (let row = 0; row < store.length; row++) {
    const key = `${store.ownerOf(row)} ${store.kindOf(row)}`;
    bytes.set(key, (bytes.get(key) ?? 0) + store.bytesOf(row));
  }
  return bytes;
}

describe('RowStore', () => {
  it('adds up the rows of the same cgroup, kind and file in parts that the kernel hands over', () => {
    const whole = storeOf(100, [file(1, 2), file(2, 3), file(1, 4, 2), { ...file(1, 1), kind: 'shmem' }]);
    const parts = storeOf(
      100,
      [file(1, 1), file(2, 3)],
      [file(1, 1), file(1, 3, 2), { ...file(1, 1), kind: 'shmem' }],
      [file(1, 1, 2)],
    );
    // A page that was mapped counts once in each part.
    const withoutMapped = (store: RowStore) => contents(store).map((line) => line.replace(/ \d+$/, ''));
    expect(withoutMapped(parts)).toEqual(withoutMapped(whole));
    expect(parts.dropped).toBe(0);
  });

  it('keeps the largest if there are more than it may keep, and sums the others by cgroup and kind', () => {
    const rows = [
      file(1, 1000),
      ...Array.from({ length: 9 }, (_, index) => file(index + 2, 1 + (index % 2))),
    ];
    const store = storeOf(8, rows);
    expect(store.dropped).toBe(5);
    expect(contents(store).filter((line) => line.includes('rest'))).toEqual(['0 file rest 24576 6 6 5']);
    expect(store.bytesOf(0)).toBe(1000 * 4096);
    expect(sums(store).get('0 file')).toBe((1000 + 5 + 8) * 4096);
  });

  it('never drops what has no object, however much there is of it', () => {
    const rows = Array.from(
      { length: 50 },
      (_, owner): KernelRow => ({ ...file(0, 1, owner), kind: 'anon' }),
    );
    const store = storeOf(4, rows, [file(1, 1), file(2, 1), file(3, 1), file(4, 1), file(5, 1)]);
    expect(contents(store).filter((line) => line.includes(' anon 0:0 '))).toHaveLength(50);
    expect(store.dropped).toBe(3);
  });

  it('takes what the kernel found no row for as the rest', () => {
    const store = storeOf(8, [{ ...file(0, 7), isRest: true }, file(1, 1)]);
    expect(store.isRest(0)).toBe(true);
    expect(store.isRest(1)).toBe(false);
  });

  it('loses and invents nothing, whatever is added in whatever parts', () => {
    const kinds: ScanKind[] = ['file', 'shmem', 'slab', 'anon'];
    const row = fc.record({
      owner: fc.nat(3),
      object: fc.nat(200),
      pages: fc.integer({ min: 1, max: 5000 }),
      kind: fc.constantFrom(...kinds),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(row, { maxLength: 100 })),
        fc.integer({ min: 1, max: 60 }),
        (parts, max) => {
          const rows = parts.map((part) =>
            part.map(({ object, pages, owner, kind }) => {
              return { ...file(kind === 'anon' ? 0 : object + 1, pages, owner), kind };
            }),
          );
          const store = storeOf(max, ...rows);
          expect(sums(store)).toEqual(sums(storeOf(Number.MAX_SAFE_INTEGER, ...rows)));
          const named = contents(store).filter((line) => !/ (?:rest|0:0) /.test(line));
          expect(named.length).toBeLessThanOrEqual(max);
          expect(new Set(named.map((line) => line.split(' ').slice(0, 3).join())).size).toBe(named.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});
