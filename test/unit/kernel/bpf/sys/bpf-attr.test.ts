import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeInfoLength,
  decodeNextId,
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
  encodeProgramLoad,
  encodeTestRun,
} from '#src/kernel/bpf/sys/bpf-attr.ts';

const POINTER = 0x7fff_1234_5678_9abcn;

/** The fields that are not 0, as `offset: hex`, in groups of four bytes. */
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

  it('truncate a name to 15 characters', () => {
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
    ['BPF_OBJ_PIN', encodeObjectPath(POINTER, 5, 'BE'), 16, { 0: '7fff1234', 4: '56789abc', 8: '00000005' }],
  ])('of %s', (_, bytes, length, fields) => {
    expect(bytes.length).toBe(length);
    expect(words(bytes)).toEqual(fields);
  });

  it("can be read back from the kernel's reply", () => {
    expect(decodeNextId(Buffer.from('000000000000010200000000', 'hex'), 'BE')).toBe(258);
    expect(decodeInfoLength(encodeGetInfoByFd(5, 0n, 88, 'LE'), 'LE')).toBe(88);
  });

  it('are equal in both byte orders', () => {
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
