import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { Elf } from '#src/kernel/bpf/elf/elf.ts';
import { parseBtfMap } from '#src/kernel/bpf/elf/elf-btf-maps.ts';
import { type ElfMap, readElfMaps } from '#src/kernel/bpf/elf/elf-maps.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { fixture } from '../../../../paths.ts';
import { BtfBuilder } from '../btf/btf-builder.ts';

const readObject = (name: string) => readFileSync(fixture(`elf/${name}.bpf.o`));
const objectOf = (name: string) => readElfMaps(new Elf(readObject(name), name));
const mapsOf = (name: string) => objectOf(name).maps;
const type = (name: Parameters<typeof mapTypeNumber>[0]) => ({ map_type: mapTypeNumber(name) });

/** `[key_size, value_size, max_entries, map_flags]` */
const sizes = ({ key_size, value_size, max_entries, map_flags }: ElfMap) => [
  key_size,
  value_size,
  max_entries,
  map_flags,
];

describe('maps compiled by clang', () => {
  it.each(['btf-maps', 'btf-maps.be'])('%s', (name) => {
    const maps = mapsOf(name);
    expect(Object.fromEntries(maps.map((map) => [map.name, sizes(map)]))).toEqual({
      flows: [12, 40, 10240, 0],
      grows: [12, 20, 1000, 1],
      pinned_counters: [4, 100, 256, 0],
      lru: [4, 8, 1001, 2],
      events: [0, 0, 512 * 1024, 0],
      perf: [4, 4, 0, 0],
      bloom: [0, 4, 100_000, 0],
      storage: [4, 12, 0, 1],
      stacks: [4, 0, 0, 0],
    });
    expect(maps.find((map) => map.name === 'flows')).toMatchObject(type('hash'));
    expect(maps.find((map) => map.name === 'bloom')).toMatchObject({
      ...type('bloom_filter'),
      map_extra: 3n,
    });
    expect(maps.find((map) => map.name === 'perf')).toMatchObject({ entriesPerCpu: true });
    expect(maps.filter(({ pinned }) => pinned).map((map) => map.name)).toEqual(['pinned_counters']);
  });

  it('finds maps of maps and of programs', () => {
    const [first, policies, calls, byCgroup] = mapsOf('map-in-map');
    expect(first).toMatchObject({ name: 'first', ...type('hash') });
    expect(policies).toMatchObject({ ...type('array_of_maps'), key_size: 4, value_size: 4, max_entries: 8 });
    expect(policies?.inner).toEqual({
      ...type('hash'),
      key_size: 8,
      value_size: 4,
      max_entries: 512,
      map_flags: 1,
      pinned: false,
    });
    expect(calls).toMatchObject({ name: 'calls', ...type('prog_array'), value_size: 4, max_entries: 3 });
    expect(byCgroup?.inner).toMatchObject({ ...type('percpu_array'), value_size: 8, max_entries: 4 });
  });

  it('finds global variables', () => {
    const maps = mapsOf('globals');
    expect(maps.map((map) => [map.name, ...sizes(map)])).toEqual([
      ['.rodata', 4, 20, 1, 0x480],
      ['.data', 4, 4, 1, 0x400],
      ['.data.own', 4, 4, 1, 0x400],
      ['.data.hidden', 4, 4, 1, 0],
      ['.rodata.limits', 4, 12, 1, 0x480],
      ['.rodata.str1.1', 4, 12, 1, 0x80],
      ['.bss', 4, 8008, 1, 0x400],
      ['.kconfig', 4, 22, 1, 0x480],
    ]);
    expect(new Set(maps.map(({ map_type }) => map_type))).toEqual(new Set([mapTypeNumber('array')]));
  });

  it("reads the old 'maps' section", () => {
    expect(mapsOf('legacy-maps')).toMatchObject([
      {
        name: 'counts',
        ...type('percpu_hash'),
        key_size: 16,
        value_size: 24,
        max_entries: 4096,
        map_flags: 0,
      },
      { name: 'routes', ...type('lpm_trie'), key_size: 8, value_size: 4, max_entries: 1000, map_flags: 1 },
    ]);
  });

  it('reads legacy sections of one map each, and several of them', () => {
    const perf = { ...type('perf_event_array'), max_entries: 0, entriesPerCpu: true };
    expect(objectOf('legacy-sections')).toMatchObject({
      maps: [
        { name: 'events', section: 'maps/events', ...perf },
        { name: 'sockets', section: 'maps/sockets', ...type('hash'), key_size: 8, max_entries: 1024 },
        { name: 'own', section: 'maps', ...type('array'), max_entries: 16, isStatic: true },
      ],
      missing: [],
    });
  });

  it('reads legacy sections of one map without a symbol, named by the section', () => {
    const bytes = readObject('legacy-sections');
    const table = new Elf(bytes, 'f').sections.find(({ type: kind }) => kind === 2);
    const symbols = bytes.subarray(table?.offset, (table?.offset ?? 0) + (table?.size ?? 0));
    // The names of all symbols become empty.
    for (let at = 0; at < symbols.length; at += 24) symbols.writeUInt32LE(0, at);
    const { maps, missing } = readElfMaps(new Elf(bytes, 'f'));
    expect(maps.map(({ name }) => name)).toEqual(['events', 'sockets']);
    expect(missing).toEqual(["section 'maps' of 280 bytes names no map"]);
  });

  it('reads sections with a suffix, static and extern maps, and reports what it cannot interpret', () => {
    const { maps, externs, missing } = objectOf('unusual-maps');
    expect(maps.map(({ name, section, isStatic }) => [name, section, isStatic])).toEqual([
      ['hidden', '.maps', true],
      ['plain', '.maps', undefined],
      ['suffixed', '.maps.policy', undefined],
    ]);
    expect(maps[0]?.unknownAttributes).toEqual(['colour']);
    expect(externs).toEqual(['elsewhere']);
    expect(missing).toEqual(["section '.bss.counters' of 4096 bytes is of a kind that is not known"]);
  });

  it.each(['btf-maps', 'map-in-map', 'globals', 'legacy-maps', 'newer-maps', 'struct-ops'])(
    'interprets everything in %s',
    (name) => {
      expect(objectOf(name)).toMatchObject({ externs: [], missing: [] });
    },
  );

  it('reads struct_ops', () => {
    expect(mapsOf('struct-ops')).toMatchObject([
      { name: 'cubic', ...type('struct_ops'), structOps: 'tcp_congestion_ops', max_entries: 1 },
    ]);
  });

  it('reads numbers as enums, and accepts newer types', () => {
    expect(mapsOf('newer-maps')).toMatchObject([
      { name: 'extra', ...type('array'), map_extra: 7n, max_entries: 16 },
      { name: 'arena', ...type('arena'), max_entries: 1000, map_flags: 0x400 },
      { name: 'unheard_of', map_type: 99, max_entries: 10 },
    ]);
  });
});

describe('invalid definitions', () => {
  /** The members of a struct that defines a map, from functions that add the member's type. */
  const define = (members: Record<string, (types: BtfBuilder) => number>) => {
    const types = new BtfBuilder();
    types.int('int', 4);
    const built = Object.entries(members).map(([name, build], index) => ({
      name,
      type: build(types),
      bit: 64 * index,
    }));
    const id = types.struct('', 8 * built.length, built);
    return parseBtfMap(new Btf(types.bytes(), 'f'), id, 'm');
  };
  const number = (value: number) => (types: BtfBuilder) => types.pointer(types.array(1, value));
  const long = (value: number) => (types: BtfBuilder) =>
    types.raw(BTF_KIND.ENUM64, '', 1, 8, [types.string('v'), 0, value]);

  it('a valid one is accepted', () => {
    expect(define({ type: number(1), key_size: number(4), max_entries: number(0xffff_ffff) })).toMatchObject({
      map_type: 1,
      max_entries: 0xffff_ffff,
    });
  });

  it.each<[Parameters<typeof define>[0], string]>([
    [{ max_entries: number(4) }, "map 'm': its map type is not set"],
    [{ type: number(1), max_entries: long(1) }, "map 'm': max_entries is 4294967296, above 32 bits"],
    [{ type: () => 1 }, "map 'm': type is not a pointer"],
    [{ type: (types) => types.pointer(1) }, "map 'm': type is not a number"],
    [
      { type: number(1), map_extra: (types) => types.raw(BTF_KIND.ENUM, '', 0, 4) },
      'map_extra is an enum without a value',
    ],
    [{ type: number(1), key: () => 1 }, "map 'm': key is not a pointer"],
    [{ type: number(1), key: (types) => types.pointer(0) }, "type 0 ('void') has no size"],
    [{ type: number(1), values: () => 1 }, "map 'm': values is not an array"],
    [
      { type: number(1), values: (types) => types.array(1, 0) },
      "map 'm': values is not an array of pointers",
    ],
    [
      { type: number(12), values: (types) => types.array(types.pointer(1), 0) },
      "map 'm.inner': its type is not a struct",
    ],
    [
      {
        type: number(12),
        values: (types) => {
          const values = types.array(types.pointer(types.nextId + 2), 0);
          types.struct('', 8, [{ name: 'values', type: values, bit: 0 }]);
          return values;
        },
      },
      'nested more than one level deep',
    ],
    [
      Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, () => 1])),
      "map 'm': 65 attributes",
    ],
  ])('%#', (members, message) => {
    expect(() => define(members)).toThrow(message);
  });
});
