import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guessMapFootprint, type MapShape } from '#src/kernel/bpf/memory/map-formulas.ts';
import { chooseMapBytes, computeMapMemory, isUnderstated } from '#src/kernel/bpf/memory/map-memory.ts';
import type { MapHost } from '#src/kernel/bpf/memory/map-struct-sizes.ts';
import { type MapTypeName, mapTypeName, mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';

interface Captured {
  release: string;
  host: MapHost;
  maps: (Omit<MapShape, 'map_extra'> & { map_extra?: number; elements: number; memlock: number })[];
}

const folder = new URL('../../../../fixtures/bpf-maps/', import.meta.url);
const captured = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.replace('.json', ''),
      JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Captured,
    ]),
);
const hostOf = (kernel: string, possibleCpus = 2): MapHost => {
  const found = captured.get(kernel);
  if (found === undefined) throw new Error(`no fixture of ${kernel}`);
  return { ...found.host, possibleCpus };
};
const shape = (
  type: MapTypeName,
  key_size: number,
  value_size: number,
  max_entries: number,
  map_flags = 0,
): MapShape => ({ map_type: mapTypeNumber(type), key_size, value_size, max_entries, map_flags });

describe.each([...captured])('Linux %s', (_, { host, maps }) => {
  const cases = maps.map((map): [string, (typeof maps)[number]] => [
    `${mapTypeName(map.map_type) ?? map.map_type} ${map.key_size}/${map.value_size}/${map.max_entries}/${map.map_flags} with ${map.elements}`,
    map,
  ]);
  it.each(cases)('%s', (__, { memlock, elements, map_extra, ...given }) => {
    const map = { ...given, map_extra: BigInt(map_extra ?? 0) };
    const memory = computeMapMemory(map, host, elements);
    expect(memory).toMatchObject({ exact: true });
    expect(host.memlockMeans === 'usage' ? memory?.bytes : guessMapFootprint(map, host)).toBe(memlock);
  });
});

it('has figures of kernels before and after every change', () => {
  const facts = [...captured.values()].map(({ host }) => host);
  expect(new Set(facts.map((host) => host.memlockMeans))).toEqual(new Set(['usage', 'guess']));
  expect(new Set(facts.map((host) => host.spareElementsInHashOfMaps))).toEqual(new Set([true, false]));
  expect(new Set(facts.map((host) => host.lockCountersInHash))).toEqual(new Set([true, false]));
});

// Linux 6.1 charged for these on 2 CPUs: 14,102,528, 1,069,875, 264,704 and 135,680.
it.each([
  [shape('hash', 4, 64, 100_000), 14_098_304],
  [shape('ringbuf', 0, 0, 1 << 20), 1_065_304],
  [shape('hash', 4, 64, 10_000, 1), 263_040],
  [shape('bloom_filter', 0, 8, 100_000), 131_392],
])('on 6.1 the formula matches the charge: %o', (map, bytes) => {
  const computed = computeMapMemory(map, hostOf('6.1'), 0);
  expect(computed?.bytes).toBe(bytes);
  expect(chooseMapBytes(computed, hostOf('6.1'), 4096)).toEqual({ bytes, source: 'formula' });
});

describe('memory that no cgroup is charged for', () => {
  it.each<[MapShape, number]>([
    [shape('percpu_array', 4, 100, 10), 10 * 104 * 16],
    [shape('percpu_hash', 4, 100, 10), 10 * 104 * 16],
    [shape('lru_percpu_hash', 4, 100, 10), 10 * 104 * 16],
    [shape('percpu_hash', 4, 100, 10, 1), 0],
    [shape('hash', 4, 100, 10), 8 * 16],
    [shape('lru_hash', 4, 100, 10), 0],
    [shape('array', 4, 100, 10), 0],
  ])('%o', (map, bytes) => {
    expect(computeMapMemory(map, hostOf('6.12', 16), 0)?.unchargedPercpuBytes).toBe(bytes);
  });
});

describe('the accuracy of a figure', () => {
  const host = hostOf('6.12');

  it.each<[MapTypeName, number]>([
    ['hash', 1],
    ['percpu_hash', 1],
    ['lpm_trie', 1],
    ['sockhash', 0],
    ['devmap_hash', 0],
  ])('the figure of a %s with flags %i depends on its elements', (type, flags) => {
    const map = shape(type, 8, 4, 100, flags);
    expect(computeMapMemory(map, host)).toMatchObject({ exact: false });
    expect(computeMapMemory(map, host, 0)).toMatchObject({ exact: true });
    const [none, ten] = [0, 10].map((elements) => computeMapMemory(map, host, elements)?.bytes ?? 0);
    expect(ten).toBeGreaterThan(none ?? 0);
  });

  it('the figure of a hash of an unknown variant is not exact', () => {
    const unknown = { ...host, lockCountersInHash: undefined };
    expect(computeMapMemory(shape('hash', 4, 4, 4), unknown)).toMatchObject({ exact: false });
    expect(computeMapMemory(shape('array', 4, 4, 4), unknown)).toMatchObject({ exact: true });
  });

  it.each<[MapTypeName, string]>([
    ['task_storage', 'elements'],
    ['cgroup_storage', 'elements'],
    ['cpumap', 'elements'],
    ['hash_of_maps', 'inner maps'],
    ['array_of_maps', 'inner maps'],
    ['arena', 'pages'],
  ])('the figure of a %s excludes the %s', (type, omits) => {
    expect(computeMapMemory(shape(type, 8, 4, 10), host)).toMatchObject({ omits });
  });
});

describe('maps without a formula', () => {
  it.each([
    ['a type of the future', { ...shape('hash', 4, 4, 4), map_type: 99 }, '6.12'],
    ['struct_ops', shape('struct_ops', 4, 256, 1), '6.12'],
    ['a type that this kernel lacks', shape('insn_array', 4, 16, 1), '6.12'],
  ])('%s', (_, map, kernel) => {
    expect(computeMapMemory(map, hostOf(kernel))).toBeUndefined();
    expect(chooseMapBytes(undefined, hostOf(kernel), 5000)).toEqual({ bytes: 5000, source: 'memlock' });
    expect(chooseMapBytes(undefined, hostOf('6.1'), 5000)).toMatchObject({ source: 'memlock-guess' });
  });

  it('a map larger than any machine is an error', () => {
    const most = 0xffff_ffff;
    expect(() => computeMapMemory(shape('array', 4, most, most), hostOf('6.12'))).toThrow(
      'a map of type array with 4294967295 entries, 4-byte keys and 4294967295-byte values is larger than any machine',
    );
  });
});

it('uses memlock if the kernel computes it', () => {
  const computed = computeMapMemory(shape('percpu_array', 4, 8, 10), hostOf('6.12'));
  expect(computed?.unchargedPercpuBytes).toBe(160);
  expect(chooseMapBytes(computed, hostOf('6.12'), 700)).toEqual({ bytes: 700, source: 'memlock' });
});

describe('memory that the kernel understates', () => {
  const NO_PREALLOC = 1;
  it.each<[MapTypeName, number, boolean]>([
    ['lpm_trie', NO_PREALLOC, true],
    ['arena', 0, true],
    ['percpu_hash', NO_PREALLOC, true],
    ['percpu_hash', 0, false],
    ['task_storage', NO_PREALLOC, true],
    ['cpumap', 0, true],
    ['hash', NO_PREALLOC, false],
    ['array', 0, false],
    ['ringbuf', 0, false],
  ])('%s with flags %i: %s', (type, flags, expected) => {
    expect(isUnderstated({ map_type: mapTypeNumber(type), map_flags: flags })).toBe(expected);
  });
});
