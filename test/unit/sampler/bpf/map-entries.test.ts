import { describe, expect, it } from 'vitest';
import { PermissionError } from '#src/errors.ts';
import type { MapHost } from '#src/kernel/bpf/memory/map-struct-sizes.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import type { MapFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { indexHolders } from '#src/sampler/bpf/holders.ts';
import { MapEntries, type MapEntrySources } from '#src/sampler/bpf/map-entries.ts';
import type { SourceMap } from '#src/sampler/bpf/source.ts';
import { required } from '../../../required.ts';

const host: MapHost = {
  sizes: { bpf_array: 280, bpf_htab: 400, bucket: 16, htab_elem: 48, lpm_trie_node: 40 },
  pageSize: 4096,
  memlockMeans: 'usage',
  spareElementsInHashOfMaps: true,
  lockCountersInHash: true,
  addressesInInsnArray: false,
  possibleCpus: 4,
};

const map = (part: Partial<SourceMap> = {}): SourceMap => ({
  id: 1,
  type: mapTypeNumber('array'),
  key_size: 4,
  value_size: 8,
  max_entries: 10,
  map_flags: 0,
  map_extra: 0n,
  name: 'counters',
  btf_id: 0,
  btf_key_type_id: 0,
  btf_value_type_id: 0,
  btf_vmlinux_value_type_id: 0,
  frozen: false,
  refcnt: 2,
  usercnt: 1,
  elements: undefined,
  backlogBytes: undefined,
  cgroupId: 7n,
  isOrphaned: false,
  chargeIdentity: 99n,
  ...part,
});

const fdinfo = (memlock: number): MapFdinfo => ({
  map_id: 1,
  map_type: 2,
  key_size: 4,
  value_size: 8,
  max_entries: 10,
  map_flags: 0,
  memlock,
  frozen: false,
  owner_prog_type: undefined,
  owner_jited: undefined,
});

function entriesWith(part: Partial<MapEntrySources> = {}): { entries: MapEntries; opened: number[] } {
  const opened: number[] = [];
  const readFdinfo = part.readFdinfo ?? (() => fdinfo(5000));
  const entries = new MapEntries({
    host,
    memlockIsExact: true,
    memlock: 'when-needed',
    completeName: (name) => `${name}_in_full`,
    ...part,
    readFdinfo: (id) => {
      opened.push(id);
      return readFdinfo(id);
    },
  });
  return { entries, opened };
}

describe('an entry', () => {
  it('has the type by name, the full name and the owner', () => {
    const { entries } = entriesWith();
    expect(entries.update([map()], undefined)).toMatchObject([
      {
        id: 1,
        type: 'array',
        name: 'counters_in_full',
        kernelName: 'counters',
        anonymous: false,
        cgroupId: 7n,
        holders: [],
      },
    ]);
    expect(entries.update([map({ id: 2, type: 99 })], undefined)).toMatchObject([{ type: '99' }]);
  });

  it('is the same object until something changes', () => {
    const { entries } = entriesWith();
    const [first] = entries.update([map()], undefined);
    expect(entries.update([map()], undefined)[0]).toBe(first);
    const holders = indexHolders([{ pid: 5, comm: 'agent', fd: 3, kind: 'map', id: 1 }]);
    const [held] = entries.update([map()], holders);
    expect(held?.holders).toEqual([{ pid: 5, comm: 'agent' }]);
    const [let_go] = entries.update([map({ usercnt: 0 })], holders);
    expect(let_go?.anonymous).toBe(true);
    const [moved] = entries.update([map({ usercnt: 0, cgroupId: 8n })], holders);
    expect(moved?.cgroupId).toBe(8n);
  });

  it('is in the same list while its source returns the same one', () => {
    const { entries } = entriesWith();
    const maps = [map()];
    const first = entries.update(maps, undefined);
    expect(entries.update(maps, undefined)).toBe(first);
    expect(entries.update([...maps], undefined)).toEqual(first);
  });

  it('has unknown holders if its source does not count references', () => {
    const { entries } = entriesWith();
    const [entry] = entries.update([map({ refcnt: undefined, usercnt: undefined })], undefined);
    expect(required(entry).anonymous).toBeUndefined();
  });
});

describe('the bytes', () => {
  const array = 280 + 10 * 8;

  it('are computed if the formula is exact, without opening the map', () => {
    const { entries, opened } = entriesWith();
    expect(entries.update([map()], undefined)).toMatchObject([
      { bytes: array, source: 'formula', memlock: undefined, computedBytes: array },
    ]);
    expect(opened).toEqual([]);
  });

  it('are memlock if always requested, read once', () => {
    const { entries, opened } = entriesWith({ memlock: 'always' });
    for (let round = 0; round < 3; round++) {
      expect(entries.update([map({ refcnt: round })], undefined)).toMatchObject([
        { bytes: 5000, source: 'memlock', memlock: 5000, computedBytes: array },
      ]);
    }
    expect(opened).toEqual([1]);
  });

  it('are memlock if elements cannot be counted, read each time', () => {
    let memlock = 1000;
    const { entries, opened } = entriesWith({ readFdinfo: () => fdinfo(memlock) });
    const trie = map({ type: mapTypeNumber('lpm_trie'), map_flags: 1 });
    expect(entries.update([trie], undefined)).toMatchObject([{ bytes: 1000, source: 'memlock' }]);
    memlock = 2000;
    expect(entries.update([trie], undefined)).toMatchObject([{ bytes: 2000, source: 'memlock' }]);
    expect(opened).toEqual([1, 1]);
  });

  it('follow the elements by the formula if they are counted', () => {
    const { entries, opened } = entriesWith();
    const trie = (elements: number) => map({ type: mapTypeNumber('lpm_trie'), map_flags: 1, elements });
    const [empty, full] = [0, 10].map((elements) => entries.update([trie(elements)], undefined)[0]);
    expect([empty?.bytes, full?.bytes]).toEqual([0, 480]);
    expect(opened).toEqual([]);
  });

  it('are not shared by maps of one definition with other elements', () => {
    const { entries } = entriesWith({ readFdinfo: () => fdinfo(0) });
    const tries = [0, 10, 10].map((elements, at) =>
      map({ id: at + 1, type: mapTypeNumber('lpm_trie'), map_flags: 1, elements }),
    );
    const [empty, full, twin] = entries.update(tries, undefined).map(({ computedBytes }) => computedBytes);
    expect(full).toBeGreaterThan(required(empty));
    expect(twin).toBe(full);
  });

  it.each([
    ['when-needed', undefined, []],
    ['when-different', 5000, [1]],
  ] as const)('are computed if memlock is a guess (%s)', (memlock, seen, ids) => {
    const { entries, opened } = entriesWith({ host: { ...host, memlockMeans: 'guess' }, memlock });
    expect(entries.update([map()], undefined)).toMatchObject([
      { bytes: array, source: 'formula', memlock: seen },
    ]);
    expect(opened).toEqual(ids);
  });

  it('are an estimate for a type without a formula', () => {
    const { entries } = entriesWith({ host: { ...host, memlockMeans: 'guess' } });
    expect(entries.update([map({ type: 99 })], undefined)).toMatchObject([
      { bytes: 4096, source: 'memlock-guess', computedBytes: undefined },
    ]);
  });

  it('are only memlock on a kernel without BTF; a map removed meanwhile is omitted', () => {
    const { entries } = entriesWith({
      host: undefined,
      memlockIsExact: false,
      readFdinfo: (id) => (id === 2 ? undefined : fdinfo(5000)),
    });
    expect(entries.update([map(), map({ id: 2 })], undefined)).toMatchObject([
      { id: 1, bytes: 5000, source: 'memlock-guess' },
    ]);
  });

  it('are estimated once opening maps was refused, which is tried once', () => {
    const { entries, opened } = entriesWith({
      memlock: 'always',
      readFdinfo: () => {
        throw new PermissionError('CAP_SYS_ADMIN', 'no');
      },
    });
    expect(entries.update([map(), map({ id: 2 })], undefined)).toMatchObject([
      { bytes: array, source: 'formula' },
      { bytes: array, source: 'formula' },
    ]);
    expect(opened).toEqual([1]);
  });
});

describe('the memlock of equal maps', () => {
  const hash = mapTypeNumber('hash');
  const readFdinfo = (id: number) => fdinfo(1000 * id);
  const memlocksOf = (maps: SourceMap[], means: MapHost['memlockMeans'] = 'usage') => {
    const host_ = { ...host, memlockMeans: means };
    const { entries, opened } = entriesWith({ host: host_, memlock: 'always', readFdinfo });
    return { memlocks: entries.update(maps, undefined).map(({ memlock }) => memlock), opened };
  };

  it.each(['usage', 'guess'] as const)('is read from one of them, if it means %s', (means) => {
    const maps = [1, 2, 3].map((id) => map({ id, name: `map_${id}` }));
    expect(memlocksOf(maps, means)).toEqual({ memlocks: [1000, 1000, 1000], opened: [1] });
  });

  it.each([
    ['another type', { type: hash }],
    ['longer keys', { key_size: 8 }],
    ['longer values', { value_size: 16 }],
    ['more entries', { max_entries: 11 }],
    ['other flags', { map_flags: 4 }],
    ['another map_extra', { map_extra: 1n }],
  ])('is read from both if one has %s', (_, part) => {
    expect(memlocksOf([map({ id: 1 }), map({ id: 2, ...part })]).memlocks).toEqual([1000, 2000]);
  });

  it.each([
    ['what was charged before Linux 5.11', {}, 'pages'],
    ['a hash that allocates as it fills', { type: hash, map_flags: 1 }, 'usage'],
    ['a prog_array, whose owner is read with it', { type: mapTypeNumber('prog_array') }, 'usage'],
    ['a type without a formula', { type: 99 }, 'usage'],
  ] as const)('is read from each for %s', (_, part, means) => {
    const maps = [map({ id: 1, ...part }), map({ id: 2, ...part })];
    expect(memlocksOf(maps, means).memlocks).toEqual([1000, 2000]);
  });

  it('is read again the next time', () => {
    const { entries, opened } = entriesWith({ memlock: 'always', readFdinfo });
    entries.update([map({ id: 1 })], undefined);
    entries.update([map({ id: 2 })], undefined);
    expect(opened).toEqual([1, 2]);
  });
});
