import { describe, expect, it } from 'vitest';
import { type AdvisedMap, adviseOnMaps, type ComputeMapCost } from '#src/model/bpf-advice.ts';

const KiB = 1024;
const percpuTypes = new Set(['percpu_hash', 'percpu_array', 'lru_percpu_hash']);

/** A kernel with simple sizes: an entry takes its key and value, on every CPU for percpu types. */
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
  const observed = { readings: 12, spanMs: 5980 };
  const cost = 'BPF_F_NO_PREALLOC allocates each element when it is added: updates are slower and can fail';

  it('are never sized by observed maxima', () => {
    expect(adviseOn(map({ type: 'hash', id: 7, name: 'idle', liveElements: 0, observed }))).toEqual([
      {
        kind: 'nearly-empty',
        maps: [{ id: 7, name: 'idle' }],
        savesBytes: 640_000,
        text: `hash 'idle' is allocated for 10000 entries; it held nothing in 12 readings over 6.0s; ${cost} (docs/maps.md, Advice)`,
        options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 640_000 }],
      },
    ]);
    // A table of requests in progress, such as that of execsnoop.
    expect(adviseOn(map({ type: 'hash', liveElements: 3 }))).toMatchObject([
      {
        text: expect.stringContaining('it held 3 at most in one reading;'),
        options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 640_000 - 3 * 64 }],
      },
    ]);
  });

  it('are reported as a question if they require preallocation', () => {
    expect(adviseOn(map({ type: 'lru_hash', liveElements: 100, observed }))).toMatchObject([
      {
        text: "lru_hash 'm' is allocated for 10000 entries; it held 100 at most in 12 readings over 6.0s; does it need all of them? (docs/maps.md, Advice)",
        options: [{ change: 'half the entries, if it never holds more', savesBytes: 320_000 }],
      },
    ]);
  });

  it('equal maps are evaluated by the fullest and reported once', () => {
    const maps = [3, 900, 0].map((liveElements) => map({ type: 'hash', liveElements }));
    expect(adviseOn(...maps)[0]).toMatchObject({
      maps: maps.map(({ id, name }) => ({ id, name })),
      savesBytes: 3 * 640_000 - 903 * 64,
      text: expect.stringContaining('it held 900 at most in one reading; 3 such maps, this is the fullest;'),
    });
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
  ])('does not report a map that is %s', (_, part) => {
    expect(adviseOn(map(part))).toEqual([]);
  });

  it('an array that was never written is reported', () => {
    expect(adviseOn(map({ type: 'array', key_size: 4, liveElements: 0 }))).toMatchObject([
      {
        text: expect.stringContaining('it held nothing in one reading; is it used?'),
        options: [{ change: 'without it, if it is not used' }],
      },
    ]);
  });
});

describe('maps that could be shared', () => {
  const policies = (count: number, part: Partial<AdvisedMap> = {}) =>
    Array.from({ length: count }, () => map({ type: 'hash', name: 'policy', liveElements: 1100, ...part }));

  it('could be one map if their elements fit into one', () => {
    expect(adviseOn(...policies(8))).toMatchObject([
      {
        kind: 'shareable',
        maps: { length: 8 },
        savesBytes: 7 * 640_000,
        text: "8 equal maps: hash 'policy'; together they held 8800 at most in one reading; could one map with an additional key hold all entries? (docs/maps.md, Advice)",
        options: [{ change: 'one map of the same size, if that is enough' }],
      },
    ]);
    expect(kinds(...policies(8, { liveElements: 5000 }))).toEqual([]);
  });

  it('are not reported if their elements are not counted', () => {
    expect(adviseOn(...policies(8, { liveElements: undefined }))).toEqual([]);
  });

  it('are neither three maps, nor global variables, nor ring buffers', () => {
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

  it('are reported as a question: bursts between readings are not seen', () => {
    expect(adviseOn(ring(5000))).toMatchObject([
      {
        kind: 'idle-ring-buffer',
        savesBytes: 512 * KiB,
        text: "ringbuf 'events' has room for 1048576 bytes; 5000 at most were unread in one reading; does it need all of it for bursts between them? (docs/maps.md, Advice)",
        options: [{ change: 'half the size, if no burst needs more' }],
      },
    ]);
  });

  it('are not reported if they are used or were not observed', () => {
    expect(adviseOn(ring(200 * KiB), ring())).toEqual([]);
  });
});

describe('percpu maps on larger machines', () => {
  it('are summed', () => {
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
        text: "2 percpu maps grow with the number of possible CPUs, the largest is percpu_hash 'large' (docs/maps.md, Advice)",
        projection: [at(16), at(64), at(128)],
      },
    ]);
  });

  it('come last, after advice with savings', () => {
    const maps = [map({ type: 'percpu_hash', liveElements: 1 }), map({ type: 'hash', liveElements: 0 })];
    expect(kinds(...maps)).toEqual(['nearly-empty', 'nearly-empty', 'percpu-growth']);
  });

  it('are not reported if there are none', () => {
    expect(adviseOn()).toEqual([]);
  });
});
