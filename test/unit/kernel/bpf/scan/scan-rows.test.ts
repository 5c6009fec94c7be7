import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyscallError } from '#src/errors.ts';
import { AddressTable } from '#src/kernel/bpf/scan/address-table.ts';
import { ROW_KEY_SIZE, ROW_VALUE_SIZE, RowStore } from '#src/kernel/bpf/scan/row-store.ts';
import { type RowDecoding, RowReader, RowTable } from '#src/kernel/bpf/scan/scan-rows.ts';
import type { ByteOrder } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { fakeBpf } from '../sys/fake-bpf.ts';
import { encodeRows, type KernelRow } from './kernel-rows.ts';

/** The table of rows that the kernel hands over at once. */
function tableOf(rows: readonly KernelRow[], decoding: Partial<RowDecoding>, byteOrder: ByteOrder): RowTable {
  const store = new RowStore(1000, byteOrder);
  store.add(...encodeRows(rows, byteOrder), rows.length);
  return new RowTable(store, { pageSize: 4096, hasActiveLists: true, scale: 1, ...decoding });
}

const ROWS: readonly KernelRow[] = [
  { owner: 0xffff888112345000n, object: 0n, kind: 'anon', bytes: 8192n, count: 2n, pages: [0, 1, 2, 0, 0] },
  {
    owner: 0xffff888112345000n,
    object: 0xffff888199999000n,
    kind: 'file',
    bytes: 1n << 40n,
    count: 1n << 20n,
  },
  {
    owner: 0xffff888112346000n,
    object: 0xffff888199999000n,
    kind: 'file',
    bytes: 4096n,
    count: 1n,
    pages: [1, 0, 0, 1, 0],
  },
  { owner: 0xffff888112346000n, object: 0xffff888177777000n, kind: 'slab', bytes: 200n, count: 1n },
  { owner: 0xffff888112346000n, object: 0n, kind: 'slab', isRest: true, bytes: 400n, count: 2n },
];

describe('RowTable', () => {
  it.each(['LE', 'BE'] as const)('decodes rows of a host in byte order %s', (byteOrder) => {
    const table = tableOf(ROWS, {}, byteOrder);
    const rows = ROWS.map((_, index) => table.row(index));
    const none = { dirtyBytes: 0, activeBytes: 0, mappedBytes: 0, unevictableBytes: 0, hugeBytes: 0 };
    expect(rows[0]).toEqual({
      ...none,
      owner: 0,
      kind: 'anon',
      isRest: false,
      bytes: 8192,
      count: 2,
      activeBytes: 4096,
      mappedBytes: 8192,
    });
    expect(rows[1]).toMatchObject({ owner: 0, kind: 'file', bytes: 2 ** 40, count: 2 ** 20 });
    expect(rows[2]).toMatchObject({
      owner: 1,
      dirtyBytes: 4096,
      unevictableBytes: 4096,
      object: rows[1]?.object,
    });
    expect(rows[3]).toMatchObject({ owner: 1, kind: 'slab' });
    expect(rows[3]?.object).not.toBe(rows[2]?.object);
    expect(rows[4]).toMatchObject({ owner: 1, kind: 'slab', isRest: true });
    expect(rows[4]).not.toHaveProperty('object');
    expect(table.ownerCount).toBe(2);
    expect([rows[1], rows[3]].map((row) => table.isSlab(row?.object ?? -1))).toEqual([false, true]);
  });

  it('counts the directory entries that were looked at, and the negative ones', () => {
    const row: KernelRow = { owner: 1n, object: 2n, kind: 'slab', bytes: 600n, count: 3n };
    const counted = [
      { ...row, object: 3n },
      { ...row, pages: [2, 3, 0, 0, 0] },
    ];
    const table = tableOf(counted, { scale: 2 }, 'LE');
    expect(table.row(1)).toMatchObject({ inspectedCount: 6, negativeCount: 4, dirtyBytes: 0 });
    expect(table.row(1)).not.toHaveProperty('activeBytes');
    for (const key of ['inspectedCount', 'negativeCount']) expect(table.row(0)).not.toHaveProperty(key);
  });

  it('has no active bytes where the kernel keeps no active list, and scales a sample', () => {
    const table = tableOf(ROWS, { hasActiveLists: false, scale: 4 }, 'LE');
    expect(table.row(0)).toMatchObject({ bytes: 32768, count: 8, mappedBytes: 32768 });
    expect(table.row(0)).not.toHaveProperty('activeBytes');
  });

  it('does not show addresses', () => {
    const table = tableOf(ROWS, {}, 'LE');
    const texts = [
      inspect(table, { showHidden: true, depth: 9 }),
      JSON.stringify(table),
      JSON.stringify(table.row(1)),
    ];
    expect(texts.join('\n')).not.toMatch(/ffff8881|1844\d+|4294936/);
  });
});

describe('RowReader', () => {
  it('moves all batches to the store until the kernel says that there are no more', () => {
    const [keys, values] = encodeRows(ROWS, 'LE');
    let call = 0;
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_AND_DELETE_BATCH: (attr, [toKeys, toValues]) => {
        const from = call === 0 ? 0 : 3;
        const count = call === 0 ? 3 : 2;
        toKeys?.set(new Uint8Array(keys.buffer, from * ROW_KEY_SIZE, count * ROW_KEY_SIZE));
        toValues?.set(new Uint8Array(values.buffer, from * ROW_VALUE_SIZE, count * ROW_VALUE_SIZE));
        attr.writeUInt32LE(count, 32);
        if (call++ > 0) throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_AND_DELETE_BATCH', 'ENOENT');
        return 0;
      },
    });
    const store = new RowStore(1000, 'LE');
    new RowReader(bpf, 3).moveTo(store);
    expect(store.length).toBe(ROWS.length);
    expect([store.kindOf(3), store.bytesOf(3)]).toEqual(['slab', 200]);
  });

  it('requests more at once where a bucket has more', () => {
    const counts: number[] = [];
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_AND_DELETE_BATCH: (attr, [toKeys]) => {
        const count = attr.readUInt32LE(32);
        expect(toKeys).toHaveLength(count * ROW_KEY_SIZE);
        counts.push(count);
        attr.writeUInt32LE(0, 32);
        const errno = counts.length < 3 ? 'ENOSPC' : 'ENOENT';
        throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_AND_DELETE_BATCH', errno);
      },
    });
    const store = new RowStore(1000);
    new RowReader(bpf, 3).moveTo(store);
    expect(store.length).toBe(0);
    expect(counts).toEqual([4096, 8192, 16384]);
  });

  it('throws any other error', () => {
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_AND_DELETE_BATCH: () => {
        throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_AND_DELETE_BATCH', 'EPERM');
      },
    });
    expect(() => new RowReader(bpf, 3).moveTo(new RowStore(1))).toThrow('EPERM');
  });
});

describe('AddressTable', () => {
  it('numbers addresses as a Map does', () => {
    const word = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffff_ffff }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 4000, size: 'max' }), (addresses) => {
        const table = new AddressTable();
        const expected = new Map<string, number>();
        for (const [first, second] of addresses) {
          const key = `${first}:${second}`;
          if (!expected.has(key)) expected.set(key, expected.size);
          expect(table.add(first, second)).toBe(expected.get(key));
        }
        expect(table.size).toBe(expected.size);
        for (const [key, number] of expected) {
          const words = new Uint32Array(2);
          table.copy(number, words, 0);
          expect(words.join(':')).toBe(key);
        }
      }),
      { numRuns: 10 },
    );
  });
});
