/** Records of the iterators' programs, constructed in both byte orders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLinkRecords, LINK_RECORD_SIZE } from '#src/kernel/bpf/iter/link-iterator.ts';
import { decodeMapRecords, MAP_RECORD_SIZE, MapRecords } from '#src/kernel/bpf/iter/map-records.ts';
import {
  ALL_PROGRAM_LIMITS,
  COMMON_PROGRAM_LIMITS,
  decodeProgramRecords,
  PROGRAM_RECORD_SIZE,
} from '#src/kernel/bpf/iter/program-iterator.ts';
import { decodeHolderRecords, HOLDER_RECORD_SIZE } from '#src/kernel/bpf/iter/task-file-iterator.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';

type Fields = Record<number, number | bigint | string>;

/** A record from its fields: numbers of 32 bits, BigInts of 64, text. */
function record(size: number, order: ByteOrder, fields: Fields): Buffer {
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  for (const [offset, value] of Object.entries(fields)) {
    if (typeof value === 'string') bytes.write(value, Number(offset), 'latin1');
    else if (typeof value === 'bigint')
      view.setBigInt64(Number(offset), BigInt.asIntN(64, value), order === 'LE');
    else view.setUint32(Number(offset), value, order === 'LE');
  }
  return bytes;
}

describe.each<ByteOrder>(['LE', 'BE'])('records, %s', (order) => {
  const map = (fields: Fields) => record(MAP_RECORD_SIZE, order, { 64: 2n, 72: 1n, ...fields });
  const decodeOne = (fields: Fields) => decodeMapRecords(map(fields), order)[0];

  it('of maps', () => {
    const bytes = map({
      0: 77,
      4: 1,
      8: 4,
      12: 64,
      16: 100_000,
      20: 1,
      24: 3,
      28: 31,
      32: 6,
      36: 7,
      40: 8,
      44: 1,
      48: 'a_name_of_15_ch',
      64: 4n,
      72: 2n,
      80: 3n,
      88: 0x1_0000_0002n,
      96: 0xffff_8881_1bbe_b0c0n,
      104: 5000n,
    });
    expect(decodeMapRecords(Buffer.concat([bytes, map({ 0: 78 })]), order)).toEqual([
      {
        id: 77,
        type: 1,
        key_size: 4,
        value_size: 64,
        max_entries: 100_000,
        map_flags: 1,
        map_extra: 3n,
        name: 'a_name_of_15_ch',
        btf_id: 31,
        btf_key_type_id: 6,
        btf_value_type_id: 7,
        btf_vmlinux_value_type_id: 8,
        frozen: true,
        refcnt: 3,
        usercnt: 2,
        elements: 5000,
        backlogBytes: undefined,
        cgroupId: 0x1_0000_0002n,
        isOrphaned: true,
        chargeIdentity: 0xffff_8881_1bbe_b0c0n,
      },
      expect.objectContaining({
        id: 78,
        name: '',
        refcnt: 1,
        frozen: false,
        elements: undefined,
        cgroupId: undefined,
        isOrphaned: false,
        chargeIdentity: 0n,
      }),
    ]);
  });

  it('of ring buffers have a backlog, also after the positions wrap around', () => {
    const ringbuf = mapTypeNumber('ringbuf');
    expect(decodeOne({ 4: ringbuf, 44: 1, 104: 4096n, 112: 8192n })).toMatchObject({
      backlogBytes: 4096,
      elements: undefined,
    });
    expect(decodeOne({ 4: ringbuf, 44: 1, 104: 2n ** 64n - 96n, 112: 32n })).toMatchObject({
      backlogBytes: 128,
    });
  });

  it('of queues and stacks count the elements between head and tail', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('queue', 'stack'),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        (type, size, seed) => {
          // The kernel's own steps: one slot more than there are elements.
          let head = 0;
          let tail = 0;
          let inside = 0;
          for (let step = 0; step < 200; step++) {
            const push = ((seed >> (step % 31)) & 1) === 1 || inside === 0;
            if (push && inside < size) {
              head = (head + 1) % (size + 1);
              inside++;
            } else if (inside > 0) {
              tail = (tail + 1) % (size + 1);
              inside--;
            }
          }
          const number = mapTypeNumber(type as 'queue');
          const fields = { 4: number, 16: size, 44: 1, 104: BigInt(head), 112: BigInt(tail) };
          expect(decodeOne(fields)?.elements).toBe(inside);
        },
      ),
    );
  });

  it('of a count that is briefly negative have 0 elements', () => {
    expect(decodeOne({ 4: 1, 44: 3, 104: -3n })).toMatchObject({ elements: 0 });
  });

  it('that have not changed are the same objects, whatever changes around them', () => {
    const records = new MapRecords(order);
    const read = (...all: Fields[]) => [...records.decode(aligned(Buffer.concat(all.map(map))))];
    const [one, two, five] = [
      { 0: 1, 48: 'one' },
      { 0: 2, 48: 'two' },
      { 0: 5, 48: 'five' },
    ];
    const first = read(one, two, five);
    expect(first.map(({ id, name }) => [id, name])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [5, 'five'],
    ]);
    const same = read(one, two, five);
    expect(same.map((each, index) => each === first[index])).toEqual([true, true, true]);
    const changed = read({ ...one, 20: 3 }, { 0: 3, 48: 'three' }, five, { 0: 6 });
    expect(changed.map(({ id, name }) => [id, name])).toEqual([
      [1, 'one'],
      [3, 'three'],
      [5, 'five'],
      [6, ''],
    ]);
    expect(changed[0]).not.toBe(first[0]);
    expect(changed[0]?.map_flags).toBe(3);
    if (order === HOST_BYTE_ORDER) expect(changed[2]).toBe(first[2]);
    expect(read()).toEqual([]);
    expect(read(two)).toEqual([first[1]]);
  });

  it('of programs are followed by the ids of their maps', () => {
    const tag = Buffer.from('653adaf85d01c6c0', 'hex');
    const first = record(PROGRAM_RECORD_SIZE, order, {
      0: 12,
      4: 26,
      8: 1,
      12: 3,
      16: 10,
      20: 65,
      24: 1000,
      28: 4,
      32: 5,
      36: 3,
      40: 2,
      44: 2,
      56: 'dump_map',
      72: 2_931_505_828_808n,
      80: 3n,
    });
    tag.copy(first, 48);
    const second = record(PROGRAM_RECORD_SIZE, order, { 0: 13, 28: 0x1_0000, 40: 1, 44: 1, 80: 2n });
    const bytes = Buffer.concat([
      first,
      record(8, order, { 0: 100, 4: 101 }),
      second,
      record(4, order, { 0: 0 }),
    ]);
    expect(decodeProgramRecords(bytes, ALL_PROGRAM_LIMITS, order).programs).toEqual([
      {
        id: 12,
        type: 26,
        name: 'dump_map',
        tag: '653adaf85d01c6c0',
        pages: 1,
        functionPages: 3,
        xlated_prog_len: 80,
        jited_prog_len: 65,
        load_time: 2_931_505_828_808n,
        created_by_uid: 1000,
        gpl_compatible: true,
        btf_id: 5,
        map_ids: [100, 101],
        refcnt: 2,
      },
      expect.objectContaining({ id: 13, gpl_compatible: undefined, map_ids: [], refcnt: 1 }),
    ]);
    // Truncated inside the ids of the maps.
    const cut = bytes.subarray(0, PROGRAM_RECORD_SIZE + 6);
    expect(decodeProgramRecords(cut, ALL_PROGRAM_LIMITS, order).programs).toEqual([]);
  });

  it.each([
    ['as many functions and maps as are read', { 36: 8, 40: 2, 44: 2 }, false],
    ['more functions than are read', { 36: 9, 40: 2, 44: 2 }, true],
    ['more maps than are listed', { 36: 8, 40: 17, 44: 2 }, true],
  ])('of programs show whether one has %s', (_, fields, exceedsLimits) => {
    const bytes = Buffer.concat([
      record(PROGRAM_RECORD_SIZE, order, { 0: 12, ...fields }),
      record(8, order, { 0: 100, 4: 101 }),
      record(PROGRAM_RECORD_SIZE, order, { 0: 13 }),
    ]);
    const read = decodeProgramRecords(bytes, COMMON_PROGRAM_LIMITS, order);
    expect(read).toMatchObject({ programs: [{ id: 12, map_ids: [100, 101] }, { id: 13 }], exceedsLimits });
  });

  it('of links', () => {
    const bytes = Buffer.concat([
      record(LINK_RECORD_SIZE, order, { 0: 9, 4: 4, 8: 12, 16: 2n }),
      record(LINK_RECORD_SIZE, order, { 0: 10, 4: 9, 12: 7, 16: 3n }),
    ]);
    expect(decodeLinkRecords(bytes, order)).toEqual([
      { id: 9, type: 4, prog_id: 12, map_id: undefined, refcnt: 1 },
      { id: 10, type: 9, prog_id: undefined, map_id: 7, refcnt: 2 },
    ]);
  });

  it('of descriptors', () => {
    const bytes = Buffer.concat([
      record(HOLDER_RECORD_SIZE, order, { 0: 4711, 4: 3, 8: 0, 12: 77, 16: 'tetragon' }),
      record(HOLDER_RECORD_SIZE, order, { 0: 4711, 4: 4, 8: 1, 12: 12, 16: 'tetragon' }),
      record(HOLDER_RECORD_SIZE, order, { 0: 4712, 4: 5, 8: 2, 12: 9, 16: 'node' }),
    ]);
    expect(decodeHolderRecords(bytes, order)).toEqual([
      { pid: 4711, comm: 'tetragon', fd: 3, kind: 'map', id: 77 },
      { pid: 4711, comm: 'tetragon', fd: 4, kind: 'program', id: 12 },
      { pid: 4712, comm: 'node', fd: 5, kind: 'link', id: 9 },
    ]);
  });
});

/** A copy that starts at the beginning of its buffer. */
function aligned(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
