import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeNames,
  NAME_RECORD_SIZE,
  REQUEST,
  type ScanFile,
  type ScanName,
} from '#src/kernel/bpf/scan/scan-names.ts';
import { type ByteOrder, StructWriter } from '#src/kernel/bpf/sys/bpf-struct.ts';

interface NameRecord {
  request?: number;
  flags?: number;
  mode?: number;
  inode?: bigint;
  size?: bigint;
  pages?: bigint;
  device?: number;
  specialDevice?: number;
  links?: number;
  fileSystem?: string;
  /** From the file up. */
  components?: readonly string[];
}

const FOUND = 1;
const UNHASHED = 2;
const INTERNAL = 8;
const ENTRY = 16;

function encode(record: NameRecord, order: ByteOrder = 'LE'): Buffer {
  const components = Buffer.from((record.components ?? []).map((each) => `${each}\0`).join(''), 'latin1');
  const length = Math.ceil((NAME_RECORD_SIZE + components.length) / 8) * 8;
  const bytes = new StructWriter(length, order)
    .u32(0, length)
    .u32(4, record.request ?? 0)
    .u32(8, record.flags ?? FOUND | ENTRY)
    .u32(12, record.mode ?? 0o100644)
    .u64(16, record.inode ?? 0n)
    .u64(24, record.size ?? 0n)
    .u64(32, record.pages ?? 0n)
    .u32(40, record.device ?? 0)
    .u32(44, record.specialDevice ?? 0)
    .u32(48, record.links ?? 1)
    .u32(52, components.length).bytes;
  bytes.write(record.fileSystem ?? 'ext4', 56, 'latin1');
  components.copy(bytes, NAME_RECORD_SIZE);
  return bytes;
}

function decodeOne(record: NameRecord, kind: number = REQUEST.file, order: ByteOrder = 'LE'): ScanName {
  return decodeNames(encode(record, order), [kind], { pageSize: 4096, byteOrder: order }).get(0);
}

describe('decodeNames', () => {
  it.each(['LE', 'BE'] as const)('decodes a file in byte order %s', (order) => {
    const file = {
      ...{ inode: 1n << 40n, size: 5000n, pages: 2n, device: (8 << 20) | 17, links: 2 },
      components: ['c', 'b', 'a'],
    };
    expect(decodeOne(file, REQUEST.file, order)).toEqual({
      kind: 'file',
      device: '8:17',
      inode: 2 ** 40,
      size: 5000,
      links: 2,
      cachedBytes: 8192,
      fileSystem: 'ext4',
      fileType: 'regular',
      components: ['a', 'b', 'c'],
      isDeleted: false,
      isTruncated: false,
    });
  });

  it('returns undefined for what is gone', () => {
    expect(decodeOne({ flags: 0 })).toBeUndefined();
  });

  it.each([
    [{ links: 0 }, true],
    [{ flags: FOUND | ENTRY | UNHASHED }, true],
    [{}, false],
  ])('knows whether a file is deleted: %o', (record, isDeleted) => {
    expect(decodeOne(record)).toMatchObject({ isDeleted });
  });

  it('has no components for a file without an entry', () => {
    expect(decodeOne({ flags: FOUND })).not.toHaveProperty('components');
    expect(decodeOne({ components: [] })).toMatchObject({ components: [] });
  });

  it.each<[NameRecord, ScanFile['special']]>([
    [
      { fileSystem: 'bdev', specialDevice: 254 << 20, mode: 0o060660, flags: FOUND },
      { type: 'block-device', device: '254:0' },
    ],
    [
      { fileSystem: 'tmpfs', flags: FOUND | ENTRY | INTERNAL, links: 0, components: ['memfd:frames'] },
      { type: 'memfd', name: 'frames' },
    ],
    [
      { fileSystem: 'hugetlbfs', flags: FOUND | ENTRY | INTERNAL, links: 0, components: ['memfd:a/b\xff'] },
      { type: 'memfd', name: 'a/b\xff' },
    ],
    [
      { fileSystem: 'tmpfs', flags: FOUND | ENTRY | INTERNAL, links: 0, components: ['SYSV00005eed'] },
      { type: 'sysv', key: 0x5eed },
    ],
    [
      { fileSystem: 'tmpfs', flags: FOUND | ENTRY | INTERNAL, links: 0, components: ['dev/zero'] },
      { type: 'shared-anon' },
    ],
    [
      { fileSystem: 'tmpfs', flags: FOUND | ENTRY | INTERNAL, links: 0, components: ['i915'] },
      { type: 'internal', name: 'i915' },
    ],
    // A file of that name on a mounted tmpfs is a file.
    [{ fileSystem: 'tmpfs', components: ['memfd:frames'] }, undefined],
  ])('recognises files that are in no directory: %o', (record, special) => {
    const name = decodeOne(record) as ScanFile;
    expect(name.special).toEqual(special);
    if (special !== undefined) expect(name.isDeleted).toBe(false);
  });

  it('decodes slab caches and cgroups', () => {
    expect(decodeOne({ size: 184n, pages: 192n, components: ['filp'] }, REQUEST.slab)).toEqual({
      kind: 'slab',
      name: 'filp',
      objectSize: 184,
      size: 192,
    });
    const removed = { inode: 4711n, flags: FOUND | 64 | 128, components: ['b', 'a'] };
    expect(decodeOne(removed, REQUEST.owner)).toEqual({
      kind: 'cgroup',
      id: 4711,
      components: ['a', 'b'],
      isRemoved: true,
      isOffline: true,
    });
  });

  it('keeps every byte of names, up to the longest path', () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
    const component = fc
      .array(byte, { minLength: 1, maxLength: 255 })
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 40 }), (components) => {
        const name = decodeOne({ components: components.toReversed() }) as ScanFile;
        expect(name.components).toEqual(components);
      }),
    );
    const deep = Array.from({ length: 2047 }, () => 'd');
    expect((decodeOne({ components: deep }) as ScanFile).components).toEqual(deep);
  });

  it('assigns answers to requests, and stops at what is not a record', () => {
    const bytes = Buffer.concat([
      encode({ request: 1, components: ['one'] }),
      encode({ request: 0, size: 1n, pages: 2n, components: ['cache'] }),
    ]);
    const kinds = [REQUEST.slab, REQUEST.file];
    const names = decodeNames(bytes, kinds, { pageSize: 4096, byteOrder: 'LE' });
    expect([names.get(0)?.kind, names.get(1)?.kind]).toEqual(['slab', 'file']);
    for (let length = 0; length < bytes.length; length++) {
      const cut = decodeNames(bytes.subarray(0, length), kinds, { pageSize: 4096, byteOrder: 'LE' });
      expect(cut.size).toBeLessThan(2);
    }
  });

  it('returns for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        decodeNames(Buffer.from(bytes), [REQUEST.file], { pageSize: 4096 });
      }),
    );
  });
});
