import { describe, expect, it } from 'vitest';
import {
  evaluateListing,
  GROUP_KEYS,
  type MapFilter,
  matchesFilter,
  SORT_KEYS,
  type SortKey,
} from '#src/app/maps/listing.ts';
import { compileGlob } from '#src/format/glob.ts';
import { listedMap, SCENE } from '../../model/listed-maps.ts';

describe('a filter', () => {
  it.each<[string, MapFilter, number[]]>([
    ['nothing', {}, [7, 8, 9, 10, 11, 12]],
    ['a process', { pid: 4300 }, [8]],
    ['a name of a process', { comm: compileGlob('agent*') }, [7, 8, 12]],
    ['a name of a process, all of it', { comm: compileGlob('agent-child') }, [8]],
    ['a full name', { name: compileGlob('counters_of_*_policy') }, [8]],
    ['a name that the kernel cut', { name: compileGlob('counters_of_eve') }, [8]],
    ['types', { types: new Set(['ringbuf', '99']) }, [10, 11]],
    ['a directory of pins', { pinnedBelow: '/sys/fs/bpf/agent' }, [10]],
    ['a directory with a slash', { pinnedBelow: '/sys/fs/bpf/' }, [10]],
    ['a part of a directory is none', { pinnedBelow: '/sys/fs/bpf/age' }, []],
    ['only programs', { anonymous: true }, [9]],
    ['nothing in it', { unused: true }, [9, 12]],
    ['a removed cgroup', { orphaned: true }, [12]],
    ['several conditions', { unused: true, types: new Set(['hash']) }, [12]],
  ])('%s', (_, filter, ids) => {
    expect(SCENE.filter((map) => matchesFilter(map, filter)).map(({ id }) => id)).toEqual(ids);
  });
});

describe('a listing', () => {
  it.each<[SortKey, number[]]>([
    ['bytes', [7, 10, 8, 9, 12, 11]],
    ['name', [11, 12, 9, 8, 10, 7]],
    ['elements', [7, 9, 12, 8, 10, 11]],
    ['type', [11, 9, 7, 12, 8, 10]],
    ['id', [7, 8, 9, 10, 11, 12]],
    ['uncharged', [8, 7, 9, 10, 11, 12]],
    ['max_entries', [10, 7, 8, 11, 12, 9]],
  ])('by %s', (sort, ids) => {
    expect(evaluateListing(SCENE, { sort }).maps?.map(({ id }) => id)).toEqual(ids);
  });

  it('counts every map once in the sums', () => {
    const { totals } = evaluateListing(SCENE, { sort: 'bytes', top: 1 });
    expect(totals).toEqual({
      maps: 6,
      bytes: 6_840_696,
      memlock: undefined,
      unchargedBytes: 524_288,
      elements: 17,
    });
    expect(evaluateListing([], { sort: 'bytes' }).totals).toEqual({
      maps: 0,
      bytes: 0,
      memlock: 0,
      unchargedBytes: 0,
      elements: undefined,
    });
  });

  it('merges small groups, and counts those beyond the top', () => {
    const { maps, others, hidden } = evaluateListing(SCENE, { sort: 'bytes', top: 2, threshold: 0.05 });
    expect(maps?.map(({ id }) => id)).toEqual([7, 10]);
    expect(hidden).toMatchObject({ rows: 1, maps: 1, bytes: 525_112 });
    expect(others).toMatchObject({ rows: 3, maps: 3, bytes: 4_376 + 64 + 1_936 });
    const all = evaluateListing(SCENE, { sort: 'bytes' });
    expect([all.others, all.hidden]).toEqual([undefined, undefined]);
  });
});

describe('groups', () => {
  it.each([
    ['name', ['flows 1', 'events 1', 'counters_of_every_policy 1', '.bss 1', '\u001b[31mred 1', '- 1']],
    ['type', ['hash 2', 'ringbuf 1', 'percpu_array 1', 'array 1', '99 1']],
    ['cgroup', ['/system.slice/agent.service 5', '- 1']],
    // Held by two processes: counted in both.
    ['comm', ['agent 3', '- 3', 'agent-child 1']],
    ['pin-dir', ['- 5', '/sys/fs/bpf/agent 1', '/sys/fs/bpf/shared 1']],
    ['prog', ['- 4', 'count_packets 2', 'program 4 1']],
  ] as const)('by %s', (groupBy, expected) => {
    const { groups, maps } = evaluateListing(SCENE, { sort: 'bytes', groupBy });
    expect(groups?.map(({ key, maps: count }) => `${key ?? '-'} ${count}`)).toEqual(expected);
    expect(maps).toBeUndefined();
  });

  it('can be sorted by every key', () => {
    for (const groupBy of GROUP_KEYS) {
      for (const sort of SORT_KEYS) {
        const { groups } = evaluateListing(SCENE, { sort, groupBy });
        expect(groups?.length).toBeGreaterThan(0);
      }
    }
    const byCount = evaluateListing(SCENE, { sort: 'count', groupBy: 'type' }).groups;
    expect(byCount?.[0]?.key).toBe('hash');
  });

  it('sum the memory of their maps', () => {
    const maps = [listedMap({ id: 1, memlock: 10 }), listedMap({ id: 2, memlock: 20 })];
    expect(evaluateListing(maps, { sort: 'bytes', groupBy: 'name' }).groups).toEqual([
      { key: 'flows', maps: 2, bytes: 164_000, memlock: 30, unchargedBytes: 0, elements: 34 },
    ]);
  });
});
