import { describe, expect, it } from 'vitest';
import { type AdvisedMap, adviseOnMaps, type ComputeMapCost } from '#src/model/bpf-advice.ts';

const KiB = 1024;
const percpuTypes = new Set(['percpu_hash', 'percpu_array', 'lru_percpu_hash']);

/** A kernel that is easy to reckon with: an entry takes its key and value, on every CPU for percpu types. */
const compute: ComputeMapCost = (shape, { liveElements, possibleCpus = 2 }) => {
  if (shape.type === 'novel') return undefined;
  const { key_size, value_size, map_flags, max_entries, type } = shape;
  if (type.endsWith('ringbuf')) return { bytes: max_entries, unchargedPercpuBytes: 0 };
  const entries = map_flags === 1 ? liveElements : max_entries;
  const values = value_size * (percpuTypes.has(type) ? possibleCpus : 1) * entries;
  return { bytes: key_size * entries + values, unchargedPercpuBytes: percpuTypes.has(type) ? values : 0 };
};

let nextId = 1;
function map(part: Partial<AdvisedMap> & Pick<AdvisedMap, 'type'>): AdvisedMap {
  const shape = {
    key_size: 8,
    value_size: 56,
    max_entries: 10_000,
    map_flags: 0,
    name: 'm',
    id: nextId++,
    ...part,
  };
  const bytes = compute(shape, { liveElements: part.liveElements ?? 0 })?.bytes ?? 1_000_000;
  return { bytes, ...shape };
}

const adviseOn = (...maps: AdvisedMap[]) => adviseOnMaps(maps, compute);
const kinds = (...maps: AdvisedMap[]) => adviseOn(...maps).map(({ kind }) => kind);

describe('maps that stay nearly empty', () => {
  it('never used', () => {
    expect(adviseOn(map({ type: 'hash', id: 7, name: 'idle', liveElements: 0 }))).toEqual([
      {
        kind: 'nearly-empty',
        maps: [{ id: 7, name: 'idle' }],
        savesBytes: 640_000,
        text: "hash 'idle' is allocated for 10000 entries and holds nothing",
        options: [
          { change: 'BPF_F_NO_PREALLOC', savesBytes: 640_000 },
          { change: 'max_entries = 1 until it is needed', savesBytes: 639_936 },
        ],
      },
    ]);
  });

  it('hardly used: a smaller size leaves room for four times what was seen', () => {
    expect(adviseOn(map({ type: 'hash', liveElements: 100 }))).toMatchObject([
      {
        text: "hash 'm' is allocated for 10000 entries and holds 100",
        options: [
          { change: 'BPF_F_NO_PREALLOC', savesBytes: 640_000 - 6400 },
          { change: 'max_entries = 512', savesBytes: 640_000 - 512 * 64 },
        ],
      },
    ]);
  });

  it('an LRU map cannot do without preallocation', () => {
    expect(adviseOn(map({ type: 'lru_hash', liveElements: 100 }))[0]?.options).toEqual([
      { change: 'max_entries = 512', savesBytes: 640_000 - 512 * 64 },
    ]);
  });

  it('equal maps are judged by the fullest and told once', () => {
    const maps = [3, 900, 0].map((liveElements) => map({ type: 'hash', liveElements }));
    expect(adviseOn(...maps)).toMatchObject([
      {
        maps: maps.map(({ id, name }) => ({ id, name })),
        savesBytes: 3 * 640_000 - 903 * 64,
        text: "hash 'm' is allocated for 10000 entries and holds 900; 3 such maps, this is the fullest",
      },
    ]);
    expect(kinds(...maps, map({ type: 'hash', liveElements: 9000 }))).not.toContain('nearly-empty');
  });

  it.each<[string, Partial<AdvisedMap> & Pick<AdvisedMap, 'type'>]>([
    ['full enough', { type: 'hash', liveElements: 1001 }],
    ['of unknown fill', { type: 'hash' }],
    ['allocated as it fills', { type: 'hash', map_flags: 1, liveElements: 3, bytes: 640_000 }],
    ['too small to matter', { type: 'hash', max_entries: 100, liveElements: 0 }],
    ['an array in use', { type: 'array', key_size: 4, liveElements: 1 }],
    ['of a type without a formula', { type: 'novel', liveElements: 0 }],
    ['a trie', { type: 'lpm_trie', liveElements: 0 }],
  ])('says nothing of a map that is %s', (_, part) => {
    expect(adviseOn(map(part))).toEqual([]);
  });

  it('an array that was never written', () => {
    expect(adviseOn(map({ type: 'array', key_size: 4, liveElements: 0 }))).toMatchObject([
      { options: [{ change: 'max_entries = 1 until it is needed' }] },
    ]);
  });
});

describe('maps that could be shared', () => {
  const policies = (count: number, part: Partial<AdvisedMap> = {}) =>
    Array.from({ length: count }, () => map({ type: 'hash', name: 'policy', liveElements: 5000, ...part }));

  it('one map for all, large enough for what they hold together', () => {
    expect(adviseOn(...policies(8))).toMatchObject([
      {
        kind: 'shareable',
        maps: { length: 8 },
        savesBytes: 8 * 640_000 - 65_536 * 64,
        text: "8 equal maps: hash 'policy'; one map could hold all entries with an additional key",
        options: [{ change: 'one map with max_entries = 65536' }],
      },
    ]);
  });

  it('saves nothing that is known where the elements are not counted', () => {
    expect(adviseOn(...policies(8, { liveElements: undefined }))).toEqual([]);
  });

  it('not three maps, not global variables, not ring buffers', () => {
    expect(kinds(...policies(3))).toEqual([]);
    expect(kinds(...policies(8, { name: 'agent.bss', type: 'array', liveElements: 1 }))).toEqual([]);
    expect(kinds(...policies(8, { type: 'ringbuf', max_entries: 1 << 20 }))).toEqual([]);
  });
});

describe('ring buffers that never fill', () => {
  const ring = (peakBacklogBytes?: number) =>
    map({
      type: 'ringbuf',
      name: 'events',
      key_size: 0,
      value_size: 0,
      max_entries: 1024 * KiB,
      peakBacklogBytes,
    });

  it('four times the largest backlog, in pages of a power of two', () => {
    expect(adviseOn(ring(5000))).toMatchObject([
      {
        kind: 'idle-ring-buffer',
        savesBytes: 992 * KiB,
        text: "ringbuf 'events' has room for 1048576 bytes and never held more than 5000",
        options: [{ change: `max_entries = ${32 * KiB}` }],
      },
    ]);
    expect(adviseOn(ring(0))[0]?.options).toMatchObject([{ change: 'max_entries = 4096' }]);
  });

  it('says nothing of one that is used, or that nobody looked at', () => {
    expect(adviseOn(ring(200 * KiB), ring())).toEqual([]);
  });
});

describe('percpu maps on larger machines', () => {
  it('are added up', () => {
    const maps = [
      map({ type: 'percpu_array', name: 'small', key_size: 4, value_size: 8, max_entries: 1000 }),
      map({ type: 'percpu_hash', name: 'large', liveElements: 9000 }),
      map({ type: 'hash', liveElements: 9000 }),
    ];
    const at = (cpus: number) => ({
      possibleCpus: cpus,
      bytes: 4000 + 80_000 + cpus * (8000 + 560_000),
      unchargedPercpuBytes: cpus * (8000 + 560_000),
    });
    expect(adviseOn(...maps)).toEqual([
      {
        kind: 'percpu-growth',
        maps: [maps[1], maps[0]].map((each) => ({ id: each?.id, name: each?.name })),
        text: "2 percpu maps grow with the number of possible CPUs, the largest is percpu_hash 'large'",
        projection: [at(16), at(64), at(128)],
      },
    ]);
  });

  it('come last, behind what saves something', () => {
    const maps = [map({ type: 'percpu_hash', liveElements: 1 }), map({ type: 'hash', liveElements: 0 })];
    expect(kinds(...maps)).toEqual(['nearly-empty', 'nearly-empty', 'percpu-growth']);
  });

  it('say nothing where there are none', () => {
    expect(adviseOn()).toEqual([]);
  });
});
