import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLinkInfo,
  decodeMapInfo,
  decodeProgramInfo,
  encodeBtfInfo,
  encodeProgramInfo,
} from '#src/kernel/bpf/sys/bpf-info.ts';
import { type ByteOrder, decodeU32Array } from '#src/kernel/bpf/sys/bpf-struct.ts';

const ORDERS: ByteOrder[] = ['LE', 'BE'];
const POINTER = 0x7fff_1234_5678_9abcn;

/** A structure from its fields; the values are written in the byte order under test. */
function structure(size: number, order: ByteOrder, fields: Record<number, number | bigint | string>): Buffer {
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  for (const [offset, value] of Object.entries(fields)) {
    if (typeof value === 'string') bytes.write(value, Number(offset), 'latin1');
    else if (typeof value === 'bigint') view.setBigUint64(Number(offset), value, order === 'LE');
    else view.setUint32(Number(offset), value, order === 'LE');
  }
  return bytes;
}

describe.each(ORDERS)('info structures, %s', (order) => {
  it('of a map', () => {
    const bytes = structure(88, order, {
      0: 2,
      4: 77,
      8: 4,
      12: 4096,
      16: 1,
      20: 0x480,
      24: 'agent.bss',
      44: 5,
      64: 31,
      68: 6,
      72: 7,
      80: 2n ** 40n,
    });
    expect(decodeMapInfo(bytes, 88, order)).toEqual({
      type: 2,
      id: 77,
      key_size: 4,
      value_size: 4096,
      max_entries: 1,
      map_flags: 0x480,
      name: 'agent.bss',
      btf_vmlinux_value_type_id: 5,
      btf_id: 31,
      btf_key_type_id: 6,
      btf_value_type_id: 7,
      map_extra: 2n ** 40n,
    });
  });

  it('of a map on kernels with fewer fields', () => {
    const bytes = structure(88, order, { 0: 1, 4: 77, 24: 'a_name_of_15_ch' });
    expect(decodeMapInfo(bytes, 80, order)).toMatchObject({ name: 'a_name_of_15_ch', btf_id: 0 });
    expect(decodeMapInfo(bytes, 80, order).map_extra).toBeUndefined();
    expect(decodeMapInfo(bytes, 24, order)).toMatchObject({ id: 77, name: '', btf_id: undefined });
  });

  it('of a program', () => {
    const bytes = structure(232, order, {
      0: 26,
      4: 12,
      16: 65,
      20: 80,
      40: 123_456_789n,
      48: 1000,
      52: 3,
      64: 'dump_map',
      128: 4,
      192: 5n,
      200: 6n,
      208: 7n,
    });
    Buffer.from('653adaf85d01c6c0', 'hex').copy(bytes, 8);
    bytes[84] = order === 'LE' ? 0x01 : 0x80;
    expect(decodeProgramInfo(bytes, 232, order)).toEqual({
      type: 26,
      id: 12,
      tag: '653adaf85d01c6c0',
      jited_prog_len: 65,
      xlated_prog_len: 80,
      load_time: 123_456_789n,
      created_by_uid: 1000,
      nr_map_ids: 3,
      name: 'dump_map',
      gpl_compatible: true,
      btf_id: 4,
      run_time_ns: 5n,
      run_cnt: 6n,
      recursion_misses: 7n,
    });
    // The other end of the byte is another bit field.
    bytes[84] = order === 'LE' ? 0x80 : 0x01;
    expect(decodeProgramInfo(bytes, 232, order).gpl_compatible).toBe(false);
    expect(decodeProgramInfo(bytes, 64, order)).toMatchObject({
      name: '',
      gpl_compatible: undefined,
      btf_id: undefined,
      run_time_ns: undefined,
      recursion_misses: undefined,
    });
  });

  it('of a program request the ids of its maps', () => {
    expect(decodeProgramInfo(encodeProgramInfo(POINTER, 16, order), 232, order).nr_map_ids).toBe(16);
    const field = encodeProgramInfo(POINTER, 16, order).subarray(56, 64);
    expect(order === 'LE' ? field.readBigUInt64LE() : field.readBigUInt64BE()).toBe(POINTER);
  });

  it('of a link', () => {
    expect(decodeLinkInfo(structure(16, order, { 0: 4, 4: 9, 8: 12 }), order)).toEqual({
      type: 4,
      id: 9,
      prog_id: 12,
    });
  });

  it('of a BTF object request its types', () => {
    expect(encodeBtfInfo(POINTER, 100, order)).toEqual(structure(16, order, { 0: POINTER, 8: 100 }));
  });

  it('of arrays of ids', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x7fff_ffff), { maxLength: 40 }), (ids) => {
        const fields = Object.fromEntries(ids.map((id, index) => [index * 4, id]));
        expect(decodeU32Array(structure(ids.length * 4 + 8, order, fields), ids.length, order)).toEqual(ids);
      }),
    );
  });
});
