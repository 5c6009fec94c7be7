import { describe, expect, it } from 'vitest';
import { belongingOf, heldBy, isLinkOf } from '#src/sampler/bpf/cgroup-objects.ts';
import { holdersOf, indexHolders } from '#src/sampler/bpf/holders.ts';

const descriptor = (pid: number, kind: 'map' | 'program' | 'link', id: number, fd = id) => ({
  pid,
  comm: `process ${pid}`,
  kind,
  id,
  fd,
});

describe('holders', () => {
  it('are counted once for each process, by kind and id', () => {
    const holders = indexHolders([
      descriptor(1, 'map', 7, 3),
      descriptor(1, 'map', 7, 4),
      descriptor(1, 'program', 7, 5),
      descriptor(2, 'map', 7, 3),
    ]);
    expect(holdersOf(holders, 'map', 7)).toEqual([
      { pid: 1, comm: 'process 1' },
      { pid: 2, comm: 'process 2' },
    ]);
    expect(holdersOf(holders, 'program', 7)).toHaveLength(1);
    expect(holdersOf(holders, 'link', 7)).toEqual([]);
    expect(holdersOf(undefined, 'map', 7)).toEqual([]);
  });
});

describe('the objects of a cgroup', () => {
  const program = (id: number, map_ids: number[]) => ({
    id,
    map_ids,
    type: 6,
    name: '',
    tag: '',
    jited_prog_len: 0,
    btf_id: 0,
  });
  const link = (id: number, prog_id?: number, map_id?: number) => ({ id, type: 2, prog_id, map_id });
  const programs = [program(10, [1]), program(11, [2]), program(12, [3]), program(13, [])];
  const links = [link(20, 11), link(21, undefined, 4), link(22, 12), link(23, 13)];
  const held = heldBy(
    [100],
    indexHolders([
      descriptor(100, 'map', 5),
      descriptor(100, 'program', 10),
      descriptor(100, 'link', 20),
      descriptor(100, 'link', 21),
      descriptor(200, 'link', 22),
    ]),
    programs,
    links,
  );

  it('are those held by its processes, also through a link and a program', () => {
    expect([...held.maps].sort()).toEqual([1, 2, 4, 5]);
    expect([...held.programs].sort()).toEqual([10, 11]);
    expect([...held.links].sort()).toEqual([20, 21]);
  });

  it('include the programs that use its maps, and their links', () => {
    const maps = new Set([3]);
    const belongs = programs.map((each) => belongingOf(each, held, maps));
    expect(belongs).toEqual(['held', 'held', 'uses-maps', undefined]);
    const ids = new Set([10, 11, 12]);
    expect(links.filter((each) => isLinkOf(each, held, ids, maps)).map(({ id }) => id)).toEqual([20, 21, 22]);
    expect(isLinkOf(link(24, undefined, 3), held, ids, maps)).toBe(true);
  });
});
