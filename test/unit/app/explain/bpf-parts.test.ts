import { expect, it } from 'vitest';
import { adviseOnce, bpfParts, placesOfMap } from '#src/app/explain/bpf-parts.ts';
import type { InventoryMap } from '#src/model/bpf-inventory.ts';

const KIB = 1024;

const map = (changes: Partial<InventoryMap>): InventoryMap =>
  ({
    id: 5,
    type: 'hash',
    name: 'flows',
    map_flags: 0,
    bytes: 4096 * KIB,
    unchargedBytes: 0,
    ...changes,
  }) as InventoryMap;

const cost = (bytes: number) => () => ({ bytes, unchargedPercpuBytes: 0 });

it('maps that are allocated at once are pages, without what no cgroup pays for', () => {
  expect(placesOfMap(map({ unchargedBytes: 96 * KIB }), cost(0))).toEqual({ pages: 4000 * KIB, slab: 0 });
});

it('small maps, and elements that are allocated one by one, are slab objects', () => {
  expect(placesOfMap(map({ bytes: 600 }), cost(0))).toEqual({ pages: 0, slab: 600 });
  expect(placesOfMap(map({ map_flags: 1 }), cost(64 * KIB))).toEqual({ pages: 64 * KIB, slab: 4032 * KIB });
  expect(placesOfMap(map({ type: 'lpm_trie' }), cost(200))).toEqual({ pages: 0, slab: 4096 * KIB });
});

it('of a type without a formula, nothing is guessed', () => {
  expect(placesOfMap(map({ map_flags: 1 }), () => undefined)).toEqual({ pages: 4096 * KIB, slab: 0 });
});

it('names maps, and those that a pin keeps', () => {
  const maps = [map({}), map({ id: 6, name: '', bytes: 64 * KIB })];
  const { pages } = bpfParts(maps, [], cost(0), (id) => (id === 5 ? ['/sys/fs/bpf/flows'] : []));
  expect(pages).toMatchObject([
    { name: 'flows', isPersistent: true, note: 'hash, id 5; pinned at /sys/fs/bpf/flows' },
    { name: 'map 6', bytes: 64 * KIB, note: 'hash, id 6' },
  ]);
});

it('gives advice on what one reading shows, which is not how full a ring buffer becomes', () => {
  const hash = map({ max_entries: 100_000, elements: 5 });
  const buffer = map({ id: 6, type: 'ringbuf', name: 'events', max_entries: 4096 * KIB, backlogBytes: 0 });
  const advice = adviseOnce(
    [hash, buffer, map({ id: 7, name: 'other', max_entries: 100_000, elements: undefined })],
    cost(KIB),
  );
  expect(advice).toMatchObject([
    { kind: 'nearly-empty', maps: [{ id: 5 }], text: expect.stringContaining('5 at most in one reading') },
  ]);
});
