import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyscallError } from '#src/errors.ts';
import { AddressTable } from '#src/kernel/bpf/scan/address-table.ts';
import {
  ROW_KEY_SIZE,
  ROW_VALUE_SIZE,
  RowTable,
  readRows,
  SCAN_KINDS,
} from '#src/kernel/bpf/scan/scan-rows.ts';
import type { ByteOrder } from '#src/kernel/bpf/sys/bpf-struct.ts';
import type { ScanKind } from '#src/kernel/scan-row.ts';
import { fakeBpf } from '../sys/fake-bpf.ts';

interface Row {
  owner: bigint;
  object: bigint;
  kind: ScanKind;
  isRest?: boolean;
  bytes: bigint;
  count: bigint;
  pages?: readonly number[];
}

/** The words of keys and values, as a host of that byte order has them in memory. */
function encode(rows: readonly Row[], order: ByteOrder): [Uint32Array, Uint32Array] {
  const u64 = (value: bigint) => {
    const halves = [Number(value & 0xffff_ffffn), Number(value >> 32n)];
    return order === 'LE' ? halves : halves.reverse();
  };
  const keys = rows.flatMap(({ owner, object, kind, isRest = false }) => [
    ...u64(owner),
    ...u64(object),
    SCAN_KINDS.indexOf(kind),
    Number(isRest),
  ]);
  const values = rows.flatMap(({ bytes, count, pages = [0, 0, 0, 0, 0] }) => [
    ...u64(bytes),
    ...u64(count),
    ...pages,
    0,
  ]);
  return [Uint32Array.from(keys), Uint32Array.from(values)];
}

const ROWS: readonly Row[] = [
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
    const [keys, values] = encode(ROWS, byteOrder);
    const table = new RowTable(keys, values, ROWS.length, {
      pageSize: 4096,
      hasActiveLists: true,
      scale: 1,
      byteOrder,
    });
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
    const row: Row = { owner: 1n, object: 2n, kind: 'slab', bytes: 600n, count: 3n };
    const counted = [row, { ...row, pages: [2, 3, 0, 0, 0] }];
    const [keys, values] = encode(counted, 'LE');
    const how = { pageSize: 4096, hasActiveLists: true, scale: 2, byteOrder: 'LE' as const };
    const table = new RowTable(keys, values, 2, how);
    expect(table.row(1)).toMatchObject({ inspectedCount: 6, negativeCount: 4, dirtyBytes: 0 });
    expect(table.row(1)).not.toHaveProperty('activeBytes');
    for (const key of ['inspectedCount', 'negativeCount']) expect(table.row(0)).not.toHaveProperty(key);
  });

  it('has no active bytes where the kernel keeps no active list, and scales a sample', () => {
    const [keys, values] = encode(ROWS, 'LE');
    const table = new RowTable(keys, values, 1, {
      pageSize: 4096,
      hasActiveLists: false,
      scale: 4,
      byteOrder: 'LE',
    });
    expect(table.row(0)).toMatchObject({ bytes: 32768, count: 8, mappedBytes: 32768 });
    expect(table.row(0)).not.toHaveProperty('activeBytes');
  });

  it('does not show addresses', () => {
    const [keys, values] = encode(ROWS, 'LE');
    const table = new RowTable(keys, values, ROWS.length, {
      pageSize: 4096,
      hasActiveLists: true,
      scale: 1,
      byteOrder: 'LE',
    });
    const texts = [
      inspect(table, { showHidden: true, depth: 9 }),
      JSON.stringify(table),
      JSON.stringify(table.row(1)),
    ];
    expect(texts.join('\n')).not.toMatch(/ffff8881|1844\d+|4294936/);
  });
});

describe('readRows', () => {
  const decoding = { pageSize: 4096, hasActiveLists: true, scale: 1 };

  it('reads all batches until the kernel says that there are no more', () => {
    const [keys, values] = encode(ROWS, 'LE');
    let call = 0;
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_BATCH: (attr, [toKeys, toValues]) => {
        const from = call === 0 ? 0 : 3;
        const count = call === 0 ? 3 : 2;
        new Uint8Array(toKeys?.buffer ?? new ArrayBuffer(0), toKeys?.byteOffset).set(
          new Uint8Array(keys.buffer, from * ROW_KEY_SIZE, count * ROW_KEY_SIZE),
        );
        new Uint8Array(toValues?.buffer ?? new ArrayBuffer(0), toValues?.byteOffset).set(
          new Uint8Array(values.buffer, from * ROW_VALUE_SIZE, count * ROW_VALUE_SIZE),
        );
        attr.writeUInt32LE(count, 32);
        if (call++ > 0) throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_BATCH', 'ENOENT');
        return 0;
      },
    });
    const table = readRows(bpf, 3, 2, { ...decoding, byteOrder: 'LE' });
    expect(table.length).toBe(ROWS.length);
    expect(table.row(3)).toMatchObject({ kind: 'slab', bytes: 200 });
  });

  it('asks for more at once where a bucket has more', () => {
    const counts: number[] = [];
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_BATCH: (attr) => {
        counts.push(attr.readUInt32LE(32));
        attr.writeUInt32LE(0, 32);
        throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_BATCH', counts.length < 3 ? 'ENOSPC' : 'ENOENT');
      },
    });
    expect(readRows(bpf, 3, 0, decoding).length).toBe(0);
    expect(counts).toEqual([16384, 32768, 65536]);
  });

  it('throws any other error', () => {
    const bpf = fakeBpf({
      BPF_MAP_LOOKUP_BATCH: () => {
        throw new SyscallError('bpf', 'BPF_MAP_LOOKUP_BATCH', 'EPERM');
      },
    });
    expect(() => readRows(bpf, 3, 0, decoding)).toThrow('EPERM');
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
