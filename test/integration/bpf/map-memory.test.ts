/** Creates maps of every type over a wide range of definitions and compares our figures with the kernel's. */
import { closeSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { SyscallError } from '#src/errors.ts';
import { type Btf, readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { guessMapFootprint } from '#src/kernel/bpf/memory/map-formulas.ts';
import { readMapHost } from '#src/kernel/bpf/memory/map-host.ts';
import { computeMapMemory } from '#src/kernel/bpf/memory/map-memory.ts';
import type { MapHost } from '#src/kernel/bpf/memory/map-struct-sizes.ts';
import { encodeMapCreate, encodeMapElement, type MapSpec } from '#src/kernel/bpf/sys/bpf-attr.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeName, mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { mapFdinfo, readFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { BtfBuilder } from '../../unit/kernel/bpf/btf/btf-builder.ts';

const NO_PREALLOC = 1;
const NO_COMMON_LRU = 2;
const MMAPABLE = 1024;
const RHASH = 35;

let bpf: Bpf;
let host: MapHost;
let btf: Btf;

beforeAll(async () => {
  bpf = await openBpf();
  btf = readKernelBtf();
  host = readMapHost(bpf);
});

const between = (min: number, max: number) => fc.integer({ min, max });
// Rounding errors appear at powers of two and their neighbours.
const entries = fc.oneof(
  between(1, 20),
  between(1, 5000),
  fc.tuple(between(1, 12), between(-1, 1)).map(([power, off]) => Math.max(1, 2 ** power + off)),
);
const size = (max: number) => fc.oneof(between(1, 64), between(1, max));

type Sizes = Pick<MapSpec, 'key_size' | 'value_size' | 'max_entries' | 'map_flags' | 'map_extra'>;
const sizes = (model: { [Key in keyof Sizes]: fc.Arbitrary<Sizes[Key]> }): fc.Arbitrary<Sizes> =>
  fc.record(model) as fc.Arbitrary<Sizes>;
const fixed = <T>(value: T) => fc.constant(value);
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

const fdArray = sizes({ key_size: fixed(4), value_size: fixed(4), max_entries: entries });
const indexed = (...values: number[]) =>
  sizes({ key_size: fixed(4), value_size: oneOf(...values), max_entries: entries });
const hashed = (maxValue: number, ...flags: number[]) =>
  sizes({
    key_size: size(300),
    value_size: size(maxValue),
    max_entries: entries,
    map_flags: oneOf(...flags),
  });
const queue = sizes({ key_size: fixed(0), value_size: size(500), max_entries: entries });
const ring = sizes({
  key_size: fixed(0),
  value_size: fixed(0),
  max_entries: between(0, 8).map((power) => 4096 * 2 ** power),
});
const storage = sizes({
  key_size: fixed(4),
  value_size: fixed(4),
  max_entries: fixed(0),
  map_flags: fixed(NO_PREALLOC),
});

const definitions: Record<string, fc.Arbitrary<Sizes>> = {
  hash: hashed(500, 0, NO_PREALLOC),
  array: sizes({
    key_size: fixed(4),
    value_size: size(1000),
    max_entries: entries,
    map_flags: oneOf(0, MMAPABLE),
  }),
  prog_array: fdArray,
  perf_event_array: fdArray,
  percpu_hash: hashed(200, 0, NO_PREALLOC),
  percpu_array: sizes({
    key_size: fixed(4),
    value_size: size(200),
    max_entries: fc.oneof(between(1, 20), between(1, 1500)),
  }),
  stack_trace: sizes({
    key_size: fixed(4),
    value_size: between(1, 127).map((n) => n * 8),
    max_entries: entries,
  }),
  cgroup_array: fdArray,
  lru_hash: hashed(500, 0, NO_COMMON_LRU),
  lru_percpu_hash: hashed(200, 0, NO_COMMON_LRU),
  lpm_trie: sizes({
    key_size: between(5, 260),
    value_size: size(300),
    max_entries: entries,
    map_flags: fixed(NO_PREALLOC),
  }),
  array_of_maps: fdArray,
  hash_of_maps: sizes({
    key_size: size(300),
    value_size: fixed(4),
    max_entries: entries,
    map_flags: oneOf(0, NO_PREALLOC),
  }),
  devmap: indexed(4, 8),
  sockmap: indexed(4, 8),
  cpumap: sizes({ key_size: fixed(4), value_size: oneOf(4, 8), max_entries: between(1, 64) }),
  xskmap: indexed(4),
  sockhash: sizes({ key_size: size(300), value_size: oneOf(4, 8), max_entries: entries }),
  cgroup_storage: sizes({ key_size: oneOf(8, 16), value_size: size(500), max_entries: fixed(0) }),
  reuseport_sockarray: indexed(4, 8),
  percpu_cgroup_storage: sizes({ key_size: oneOf(8, 16), value_size: size(500), max_entries: fixed(0) }),
  queue,
  stack: queue,
  sk_storage: storage,
  devmap_hash: indexed(4, 8),
  ringbuf: ring,
  inode_storage: storage,
  task_storage: storage,
  bloom_filter: sizes({
    key_size: fixed(0),
    value_size: size(300),
    max_entries: fc.oneof(entries, between(1, 1_000_000)),
    map_extra: between(0, 15).map(BigInt),
  }),
  user_ringbuf: ring,
  cgrp_storage: storage,
  arena: sizes({
    key_size: fixed(0),
    value_size: fixed(0),
    max_entries: between(1, 100),
    map_flags: fixed(MMAPABLE),
  }),
  insn_array: sizes({ key_size: fixed(4), value_size: oneOf(16, 8, 12), max_entries: between(1, 256) }),
  rhash: hashed(500, NO_PREALLOC),
};

const numberOf = (name: string) => (name === 'rhash' ? RHASH : mapTypeNumber(name as 'hash'));

/** Whether this kernel's own list of types contains it. */
function isKnownHere(name: string): boolean {
  const types = btf.find(BTF_KIND.ENUM, 'bpf_map_type');
  if (types === undefined) return false;
  return btf.enumeratorsOf(types).some((each) => each.name === `BPF_MAP_TYPE_${name.toUpperCase()}`);
}

function withFd<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function loadBtf(): number {
  const types = new BtfBuilder();
  types.int('int', 4);
  const bytes = types.bytes();
  const attr = Buffer.alloc(28);
  attr.writeBigUInt64LE(bpf.address(bytes), 0);
  attr.writeUInt32LE(bytes.length, 16);
  return bpf.call('BPF_BTF_LOAD', attr, [bytes]);
}

function create(spec: MapSpec): number {
  return bpf.call('BPF_MAP_CREATE', encodeMapCreate(spec));
}

/** Creates the map, with the inner map or the types that it needs, and passes its fd to `use`. */
function withMap<T>(name: string, given: Sizes, use: (fd: number) => T): T {
  const spec: MapSpec = { map_type: numberOf(name), ...given };
  if (name.endsWith('_of_maps')) {
    const inner = create({ map_type: mapTypeNumber('array'), key_size: 4, value_size: 4, max_entries: 1 });
    return withFd(inner, (inner_map_fd) => withFd(create({ ...spec, inner_map_fd }), use));
  }
  if (/(sk|inode|task|cgrp)_storage$/.test(name) && !name.endsWith('cgroup_storage')) {
    return withFd(loadBtf(), (btf_fd) =>
      withFd(create({ ...spec, btf_fd, btf_key_type_id: 1, btf_value_type_id: 1 }), use),
    );
  }
  return withFd(create(spec), use);
}

/** The kernel's description of an open map. */
function readMapSpec(fd: number): MapSpec & { memlock: number } {
  const info = mapFdinfo(readFdinfo(fd));
  if (info === undefined) throw new Error('no map');
  return info;
}

function expected(spec: MapSpec, elements: number): number | undefined {
  if (host.memlockMeans === 'guess') return guessMapFootprint(spec, host);
  const memory = computeMapMemory(spec, host, elements);
  expect(memory?.exact).toBe(true);
  return memory?.bytes;
}

/** A reason to skip: on such kernels `memlock` is the amount charged in advance for all elements. */
const chargedInPages = 'until Linux 5.10 memlock is what was charged in advance';

describe('the computed memory of an empty map matches the kernel', () => {
  it.for(Object.keys(definitions))('%s', (name, { skip }) => {
    if (!isKnownHere(name)) skip(`this kernel has no ${name}`);
    if (host.memlockMeans === 'pages') skip(chargedInPages);
    const refusals = new Map<string, number>();
    let created = 0;
    const definition = definitions[name];
    if (definition === undefined) throw new Error(name);
    fc.assert(
      fc.property(definition, (given) => {
        try {
          withMap(name, given, (fd) => {
            const { memlock, ...found } = readMapSpec(fd);
            created += 1;
            const spec = { ...found, map_extra: given.map_extra ?? 0n };
            expect({ ...given, bytes: expected(spec, 0) }).toEqual({ ...given, bytes: memlock });
          });
        } catch (error) {
          // Not every definition is accepted by the kernel; the number of accepted ones is checked below.
          if (!(error instanceof SyscallError)) throw error;
          refusals.set(error.errno, (refusals.get(error.errno) ?? 0) + 1);
        }
      }),
      { numRuns: 150 },
    );
    expect(created, `refused: ${JSON.stringify([...refusals])}`).toBeGreaterThan(
      name === 'insn_array' ? 20 : 100,
    );
  });
});

describe('the computed memory of a filled map matches the kernel', () => {
  const fill = (name: string, spec: Sizes, count: number, keyOf: (index: number) => Buffer) =>
    withMap(name, spec, (fd) => {
      const cpus = name.includes('percpu') ? host.possibleCpus : 1;
      const value = Buffer.alloc(Math.ceil(spec.value_size / 8) * 8 * cpus);
      if (name.startsWith('devmap')) value.writeUInt32LE(1);
      for (let index = 0; index < count; index++) {
        const key = keyOf(index);
        bpf.call('BPF_MAP_UPDATE_ELEM', encodeMapElement(fd, bpf.address(key), bpf.address(value)), [
          key,
          value,
        ]);
      }
      const { memlock, ...found } = readMapSpec(fd);
      expect(expected(found, count)).toBe(memlock);
    });
  const numbered = (bytes: number) => (index: number) => {
    const key = Buffer.alloc(bytes);
    key.writeUInt32LE(index);
    return key;
  };

  it.for<[string, Sizes]>([
    ['hash', { key_size: 12, value_size: 20, max_entries: 500, map_flags: NO_PREALLOC }],
    ['hash', { key_size: 12, value_size: 20, max_entries: 500 }],
    ['percpu_hash', { key_size: 4, value_size: 12, max_entries: 500, map_flags: NO_PREALLOC }],
    ['lru_hash', { key_size: 4, value_size: 12, max_entries: 500 }],
    ['devmap_hash', { key_size: 4, value_size: 4, max_entries: 500 }],
    ['devmap', { key_size: 4, value_size: 4, max_entries: 500 }],
    ['rhash', { key_size: 12, value_size: 20, max_entries: 500, map_flags: NO_PREALLOC }],
  ])('%s %o', ([name, spec], { skip }) => {
    if (!isKnownHere(name)) skip(`this kernel has no ${name}`);
    if (host.memlockMeans === 'pages') skip(chargedInPages);
    for (const count of [1, 77, 321]) fill(name, spec, count, numbered(spec.key_size));
  });

  it('lpm_trie', ({ skip }) => {
    if (host.memlockMeans === 'pages') skip(chargedInPages);
    const spec = { key_size: 8, value_size: 10, max_entries: 500, map_flags: NO_PREALLOC };
    const prefix = (index: number) => {
      const key = Buffer.alloc(8);
      key.writeUInt32LE(32);
      key.writeUInt32BE(index, 4);
      return key;
    };
    fill('lpm_trie', spec, 1, prefix);
  });
});

it('has a formula for every map type of this kernel', () => {
  const unknown = Array.from({ length: 64 }, (_, type) => type)
    .filter((type) => type > 0 && isKnownHere(type === RHASH ? 'rhash' : (mapTypeName(type) ?? `${type}`)))
    .filter(
      (type) =>
        computeMapMemory({ map_type: type, key_size: 4, value_size: 4, max_entries: 4 }, host) === undefined,
    )
    .map((type) => mapTypeName(type));
  expect(unknown).toEqual(['struct_ops']);
});
