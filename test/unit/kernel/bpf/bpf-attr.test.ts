import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ByteOrder,
  decodeInfoLength,
  decodeLinkInfo,
  decodeMapInfo,
  decodeNextId,
  decodeProgramInfo,
  decodeU32Array,
  encodeBtfInfo,
  encodeBtfLoad,
  encodeGetFdById,
  encodeGetInfoByFd,
  encodeGetNextId,
  encodeIterCreate,
  encodeLinkCreate,
  encodeMapBatch,
  encodeMapCreate,
  encodeMapElement,
  encodeObjectPath,
  encodeProgramInfo,
  encodeProgramLoad,
  encodeTestRun,
  linkTypeName,
  mapTypeName,
  mapTypeNumber,
  programTypeName,
  programTypeNumber,
} from '../../../../src/kernel/bpf/bpf-attr.ts';

const ORDERS: ByteOrder[] = ['LE', 'BE'];
const POINTER = 0x7fff_1234_5678_9abcn;

/** The fields that are not 0, as `offset: hex`, in pieces of four bytes. */
function words(bytes: Buffer): Record<number, string> {
  const found: Record<number, string> = {};
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const word = bytes.toString('hex', offset, offset + 4);
    if (word !== '00000000') found[offset] = word;
  }
  return found;
}

describe('attributes', () => {
  const spec = { map_type: 1, key_size: 4, value_size: 64, max_entries: 100_000, map_flags: 1 };

  it('of BPF_MAP_CREATE, little-endian', () => {
    const bytes = encodeMapCreate(
      { ...spec, inner_map_fd: 7, map_name: 'flows', btf_fd: 9, map_extra: 3n },
      'LE',
    );
    expect(bytes.length).toBe(72);
    expect(words(bytes)).toEqual({
      0: '01000000',
      4: '04000000',
      8: '40000000',
      12: 'a0860100',
      16: '01000000',
      20: '07000000',
      28: Buffer.from('flow').toString('hex'),
      32: '73000000',
      48: '09000000',
      64: '03000000',
    });
  });

  it('of BPF_MAP_CREATE, big-endian', () => {
    const bytes = encodeMapCreate({ ...spec, map_extra: 3n }, 'BE');
    expect(words(bytes)).toEqual({
      0: '00000001',
      4: '00000004',
      8: '00000040',
      12: '000186a0',
      16: '00000001',
      68: '00000003',
    });
  });

  it('cut a name at 15 characters', () => {
    const bytes = encodeMapCreate({ ...spec, map_name: 'a_name_that_is_too_long' }, 'LE');
    expect(bytes.toString('latin1', 28, 44)).toBe('a_name_that_is_\0');
  });

  it('of BPF_PROG_LOAD', () => {
    const program = {
      prog_type: 26,
      insns: POINTER,
      insn_cnt: 62,
      license: POINTER + 8n,
      log_level: 2,
      log_size: 4096,
      log_buf: POINTER + 16n,
      prog_name: 'iter',
      expected_attach_type: 28,
      attach_btf_id: 0x1234,
    };
    expect(words(encodeProgramLoad(program, 'LE'))).toEqual({
      0: '1a000000',
      4: '3e000000',
      8: 'bc9a7856',
      12: '3412ff7f',
      16: 'c49a7856',
      20: '3412ff7f',
      24: '02000000',
      28: '00100000',
      32: 'cc9a7856',
      36: '3412ff7f',
      48: Buffer.from('iter').toString('hex'),
      68: '1c000000',
      108: '34120000',
    });
    expect(words(encodeProgramLoad(program, 'BE'))).toMatchObject({
      0: '0000001a',
      8: '7fff1234',
      12: '56789abc',
      108: '00001234',
    });
  });

  it.each([
    ['BPF_LINK_CREATE', encodeLinkCreate(5, 28, 'LE'), 32, { 0: '05000000', 8: '1c000000' }],
    ['BPF_ITER_CREATE', encodeIterCreate(5, 'BE'), 8, { 0: '00000005' }],
    ['BPF_MAP_GET_NEXT_ID', encodeGetNextId(258, 'LE'), 12, { 0: '02010000' }],
    ['BPF_MAP_GET_FD_BY_ID', encodeGetFdById(258, 'BE'), 12, { 0: '00000102' }],
    [
      'BPF_OBJ_GET_INFO_BY_FD',
      encodeGetInfoByFd(5, POINTER, 88, 'LE'),
      16,
      { 0: '05000000', 4: '58000000', 8: 'bc9a7856', 12: '3412ff7f' },
    ],
    [
      'BPF_MAP_UPDATE_ELEM',
      encodeMapElement(5, POINTER, POINTER + 8n, 1n, 'LE'),
      32,
      { 0: '05000000', 8: 'bc9a7856', 12: '3412ff7f', 16: 'c49a7856', 20: '3412ff7f', 24: '01000000' },
    ],
    [
      'BPF_PROG_TEST_RUN',
      encodeTestRun(5, POINTER, 64, 3, 'LE'),
      48,
      { 0: '05000000', 8: '40000000', 16: 'bc9a7856', 20: '3412ff7f', 32: '03000000' },
    ],
    [
      'BPF_MAP_LOOKUP_BATCH',
      encodeMapBatch(
        { map_fd: 5, in_batch: 0n, out_batch: POINTER, keys: POINTER, values: POINTER + 8n, count: 64 },
        'LE',
      ),
      56,
      {
        8: 'bc9a7856',
        12: '3412ff7f',
        16: 'bc9a7856',
        20: '3412ff7f',
        24: 'c49a7856',
        28: '3412ff7f',
        32: '40000000',
        36: '05000000',
      },
    ],
    ['BPF_BTF_LOAD', encodeBtfLoad(POINTER, 100, 'BE'), 28, { 0: '7fff1234', 4: '56789abc', 16: '00000064' }],
    ['bpf_btf_info', encodeBtfInfo(POINTER, 100, 'BE'), 16, { 0: '7fff1234', 4: '56789abc', 8: '00000064' }],
    ['BPF_OBJ_PIN', encodeObjectPath(POINTER, 5, 'BE'), 16, { 0: '7fff1234', 4: '56789abc', 8: '00000005' }],
  ])('of %s', (_, bytes, length, fields) => {
    expect(bytes.length).toBe(length);
    expect(words(bytes)).toEqual(fields);
  });

  it('are read back where the kernel answers in them', () => {
    expect(decodeNextId(Buffer.from('000000000000010200000000', 'hex'), 'BE')).toBe(258);
    expect(decodeInfoLength(encodeGetInfoByFd(5, 0n, 88, 'LE'), 'LE')).toBe(88);
  });

  it('say the same in both byte orders', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (fd, address) => {
        const swapped = Buffer.from(encodeGetInfoByFd(fd, address, 232, 'LE'));
        swapped.subarray(0, 4).reverse();
        swapped.subarray(4, 8).reverse();
        swapped.subarray(8, 16).reverse();
        expect(swapped).toEqual(encodeGetInfoByFd(fd, address, 232, 'BE'));
      }),
    );
  });
});

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

  it('of a map on kernels that know less', () => {
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

  it('of a program asks for the ids of its maps', () => {
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

  it('and arrays of ids', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x7fff_ffff), { maxLength: 40 }), (ids) => {
        const fields = Object.fromEntries(ids.map((id, index) => [index * 4, id]));
        expect(decodeU32Array(structure(ids.length * 4 + 8, order, fields), ids.length, order)).toEqual(ids);
      }),
    );
  });
});

describe('names of types', () => {
  it.each([
    [1, 'hash'],
    [6, 'percpu_array'],
    [11, 'lpm_trie'],
    [13, 'hash_of_maps'],
    [19, 'cgroup_storage'],
    [24, 'sk_storage'],
    [26, 'struct_ops'],
    [27, 'ringbuf'],
    [30, 'bloom_filter'],
    [33, 'arena'],
    [34, 'insn_array'],
    [35, 'rhash'],
    [99, undefined],
  ])('map %i is %s', (type, name) => {
    expect(mapTypeName(type)).toBe(name);
    if (name !== undefined) expect(mapTypeNumber(name as 'hash')).toBe(type);
  });

  it.each([
    [1, 'socket_filter'],
    [6, 'xdp'],
    [26, 'tracing'],
    [31, 'syscall'],
    [32, 'netfilter'],
    [99, undefined],
  ])('program %i is %s', (type, name) => {
    expect(programTypeName(type)).toBe(name);
    if (name !== undefined) expect(programTypeNumber(name as 'xdp')).toBe(type);
  });

  it.each([
    [4, 'iter'],
    [7, 'perf_event'],
    [14, 'sockmap'],
    [99, undefined],
  ])('link %i is %s', (type, name) => {
    expect(linkTypeName(type)).toBe(name);
  });
});
