import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { InventoryMap, InventorySnapshot } from '#src/model/bpf-inventory.ts';
import { LiveMaps } from '#src/sampler/bpf/live-maps.ts';

const map = (id: number, more: Partial<InventoryMap> = {}): InventoryMap => ({
  id,
  type: 'hash',
  map_type: 1,
  name: `map_${id}`,
  kernelName: `map_${id}`,
  key_size: 4,
  value_size: 8,
  max_entries: 16,
  map_flags: 1,
  map_extra: 0n,
  frozen: false,
  btf_id: 0,
  owner_prog_type: undefined,
  owner_jited: undefined,
  refcnt: 1,
  usercnt: 1,
  anonymous: false,
  elements: 3,
  backlogBytes: undefined,
  memlock: undefined,
  computedBytes: 100,
  bytes: 100,
  atLeast: undefined,
  source: 'formula',
  unchargedBytes: 0,
  cgroupId: 7n,
  orphaned: undefined,
  chargeIdentity: 1n,
  holders: [],
  ...more,
});

const snapshot = (maps: InventoryMap[], more: Partial<InventorySnapshot> = {}): InventorySnapshot => ({
  maps,
  programs: [],
  links: [],
  heldElsewhere: [],
  ...more,
});

const program = (id: number, map_ids: number[]) => ({
  id,
  type: 'kprobe',
  name: `prog_${id}`,
  tag: '',
  memlock: 0,
  bytes: 0,
  jited_prog_len: 0,
  map_ids,
  holders: [],
  belongs: undefined,
});

describe('LiveMaps', () => {
  it('emits a map with all known fields, and omits unknown ones', () => {
    const live = new LiveMaps(7n, () => undefined);
    const comm = readFileSync('/proc/self/comm', 'utf8').trimEnd();
    const difference = live.update(
      snapshot([map(1), map(2, { elements: undefined, anonymous: undefined, backlogBytes: 5 })], {
        programs: [program(9, [1]), program(8, [1, 2])],
        cgroupHolders: new Map([[1, [{ pid: process.pid }]]]),
      }),
    );
    const row = {
      type: 'hash',
      key_size: 4,
      value_size: 8,
      max_entries: 16,
      map_flags: 1,
      bytes: 100,
      source: 'formula',
      unchargedBytes: 0,
    };
    expect(difference).toEqual({
      changed: [
        {
          ...row,
          id: 1,
          name: 'map_1',
          elements: 3,
          anonymous: false,
          programs: [
            { id: 9, name: 'prog_9' },
            { id: 8, name: 'prog_8' },
          ],
          holders: [{ pid: process.pid, comm }],
        },
        {
          ...row,
          id: 2,
          name: 'map_2',
          backlogBytes: 5,
          programs: [{ id: 8, name: 'prog_8' }],
          holders: [],
        },
      ],
      gone: [],
    });
  });

  it('emits only later changes: figures, users, cgroup, and removed maps', () => {
    const live = new LiveMaps(7n, (id) => (id === 8n ? 'nested/one' : undefined));
    const [first, second, third] = [map(1), map(2), map(3)];
    live.update(snapshot([first, second, third]));
    expect(live.update(snapshot([first, second, third]))).toBeUndefined();
    const update = live.update(snapshot([first, map(2, { elements: 4 })], { programs: [program(9, [1])] }));
    expect(update?.gone).toEqual([3]);
    expect(update?.changed).toMatchObject([
      { id: 1, programs: [{ id: 9 }] },
      { id: 2, elements: 4 },
    ]);
    const moved = live.update(snapshot([map(1, { cgroupId: 8n })], { heldElsewhere: [map(2)] }));
    expect(moved?.changed).toMatchObject([
      { id: 1, cgroup: 'nested/one' },
      { id: 2, elsewhere: true },
    ]);
  });

  it('emits the eight holders with the lowest pids', () => {
    const live = new LiveMaps(7n, () => undefined);
    const holders = Array.from({ length: 20 }, (_, index) => ({ pid: 2 ** 30 + 20 - index }));
    const update = live.update(snapshot([map(1)], { cgroupHolders: new Map([[1, holders]]) }));
    const pids = update?.changed[0]?.holders?.map(({ pid }) => pid - 2 ** 30);
    expect(pids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('does not resolve the name of the leaf itself', () => {
    const nameNested = vi.fn(() => undefined);
    new LiveMaps(7n, nameNested).update(snapshot([map(1), map(2, { cgroupId: undefined })]));
    expect(nameNested).not.toHaveBeenCalled();
  });
});
