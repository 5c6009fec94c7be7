/**
 * The inventory on this kernel: compared with bpftool, under churn, with few capabilities, for one cgroup.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { readPossibleCpus } from '#src/kernel/possible-cpus.ts';
import type { InventoryMap } from '#src/model/bpf-inventory.ts';
import { type BpfInventory, type InventoryOptions, openBpfInventory } from '#src/sampler/bpf/inventory.ts';
import { builtTarget, host } from '../harness.ts';
import { TestCgroup } from '../memory-cgroup.ts';
import { BpfObjects, Churn, openDescriptors, withIds } from './bpf-fixtures.ts';
import { requires } from './bpf-requirements.ts';
import { bpftoolMaps, mapFigures } from './bpftool.ts';

let bpf: Bpf;
let objects: BpfObjects;
const opened: BpfInventory[] = [];
const cgroups: TestCgroup[] = [];
const cache = mkdtempSync(join(tmpdir(), 'cmemstat-inventory-'));
const cacheBefore = process.env.XDG_CACHE_HOME;
afterAll(() => {
  rmSync(cache, { recursive: true });
  // The next file may run in the same process.
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
});

beforeEach(async (context) => {
  requires(context, {
    capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_ADMIN'],
    since: ['5.9', 'BPF iterators over maps and programs'],
  });
  process.env.XDG_CACHE_HOME = cache;
  bpf = await openBpf();
  objects = new BpfObjects(bpf);
});
afterEach(() => {
  for (const inventory of opened.splice(0)) inventory.close();
  objects?.closeAll();
  for (const cgroup of cgroups.splice(0)) cgroup.remove();
});

async function open(options: Partial<InventoryOptions> = {}): Promise<BpfInventory> {
  const inventory = await openBpfInventory({ holders: false, ...options });
  opened.push(inventory);
  return inventory;
}

function find(inventory: BpfInventory, id: number): InventoryMap | undefined {
  return inventory.read().maps.find((map) => map.id === id);
}

describe('compared with bpftool', () => {
  it.for([0, 10, 1000])('lists the same maps with the same figures, with %i more', async (count, context) => {
    requires(context, { tool: 'bpftool' });
    const types = ['hash', 'array', 'percpu_array', 'lru_hash'] as const;
    for (let index = 0; index < count; index++) {
      const map_type = mapTypeNumber(types[index % types.length] ?? 'hash');
      objects.map({ map_type, max_entries: 1 + (index % 50), map_name: `map_${index}` });
    }
    const inventory = await open({ memlock: 'always' });
    const before = bpftoolMaps();
    const read = inventory.read().maps;
    const theirs = withIds(bpftoolMaps(), before);
    const ours = withIds(read, theirs);
    expect(theirs.length).toBeGreaterThanOrEqual(count);
    expect(ours.map((map) => mapFigures(map, map.type, map.kernelName))).toEqual(theirs);
  });

  it('computes the figures that the kernel reports, without opening a map', async (context) => {
    requires(context, { since: ['6.4', 'memlock that is what a map takes'] });
    const ids = (['hash', 'array', 'percpu_array', 'lru_hash', 'percpu_hash'] as const).map(
      (type) => objects.map({ map_type: mapTypeNumber(type), max_entries: 100 }).id,
    );
    const grows = objects.map({ map_flags: 1, max_entries: 100 });
    objects.fill(grows.fd, 30);
    ids.push(grows.id);
    const [computed, asked] = [await open(), await open({ memlock: 'always' })];
    for (const id of ids) {
      expect(find(computed, id)).toMatchObject({ source: 'formula', memlock: undefined });
      expect(find(asked, id)).toMatchObject({ source: 'memlock' });
      expect(find(computed, id)?.bytes).toBe(find(asked, id)?.memlock);
    }
  });
});

describe('a map', () => {
  it('reports its holders, its elements and that it is charged to no cgroup', async () => {
    const inventory = await open({ holders: true });
    const map = objects.map({
      map_type: mapTypeNumber('percpu_array'),
      value_size: 4096,
      max_entries: 8,
      map_name: 'counters',
    });
    const unchargedBytes = 8 * 4096 * readPossibleCpus();
    const comm = readFileSync('/proc/self/comm', 'utf8').trim();
    expect(find(inventory, map.id)).toMatchObject({
      type: 'percpu_array',
      name: 'counters',
      anonymous: false,
      refcnt: 1,
      usercnt: 1,
      elements: undefined,
      unchargedBytes,
      holders: [{ pid: process.pid, comm }],
    });
    const program = objects.program([map.fd]);
    objects.close(map.fd);
    expect(find(inventory, map.id)).toMatchObject({ anonymous: true, usercnt: 0, holders: [] });
    expect(inventory.read().programs.find(({ id }) => id === program.id)).toMatchObject({
      type: 'socket_filter',
      name: 'drop',
      memlock: 4096,
      bytes: 4096,
      map_ids: [map.id],
      holders: [{ pid: process.pid, comm }],
      belongs: undefined,
    });
  });

  it('stays the same object until one of its properties changes', async () => {
    const inventory = await open();
    const map = objects.map({ map_flags: 1 });
    const first = find(inventory, map.id);
    expect(find(inventory, map.id)).toBe(first);
    objects.fill(map.fd, 3);
    const filled = find(inventory, map.id);
    expect(filled).not.toBe(first);
    expect(filled?.elements).toBe(3);
    // Before Linux 5.11 the maximum size of a map is charged in advance, to RLIMIT_MEMLOCK.
    if (host.isAtLeast(5, 11)) expect(filled?.bytes).toBeGreaterThan(first?.bytes ?? Number.NaN);
  });

  it('omits our own programs and links, also with several inventories', async () => {
    const [one, other] = [await open({ holders: true }), await open({ holders: true })];
    for (const inventory of [one, other]) {
      const { programs, links } = inventory.read();
      const ofUs = ({ holders }: { holders: readonly { pid: number }[] }) =>
        holders.some(({ pid }) => pid === process.pid);
      expect(programs.filter((each) => each.name.startsWith('cmemstat_') && ofUs(each))).toEqual([]);
      expect(links.filter(ofUs)).toEqual([]);
    }
  });
});

describe('a cgroup', () => {
  it('lists the maps charged to it, its programs, and the other maps that it holds', async (context) => {
    requires(context, { since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
    const cgroup = TestCgroup.make(context, 'inventory');
    cgroups.push(cgroup);
    const elsewhere = objects.map({ map_name: 'elsewhere' });
    const charged = cgroup.charge(() => objects.map({ map_name: 'charged' }));
    const user = objects.program([charged.fd], 'user');
    const both = objects.program([charged.fd, elsewhere.fd], 'both');
    const inventory = await open({ cgroupId: cgroup.id });
    expect(inventory).toMatchObject({ attribution: 'memcg', reason: undefined });
    expect(inventory.read()).toMatchObject({
      maps: [{ id: charged.id, cgroupId: cgroup.id }],
      programs: [
        { id: user.id, belongs: 'uses-maps' },
        { id: both.id, belongs: 'uses-maps' },
      ],
      heldElsewhere: [],
    });
    for (const holders of [false, true]) {
      const held = (await open({ cgroupId: cgroup.id, holders, pids: () => [process.pid] })).read();
      expect(held.maps.map(({ id }) => id)).toEqual([charged.id]);
      expect(held.heldElsewhere.map(({ id }) => id)).toContain(elsewhere.id);
      expect(held.programs).toMatchObject([
        { id: user.id, belongs: 'held' },
        { id: both.id, belongs: 'held' },
      ]);
    }
    objects.closeAll();
  });
});

describe('descriptors', () => {
  it('are all closed, and their number does not grow while maps come and go', async () => {
    const before = openDescriptors();
    const churn = await Churn.start();
    try {
      const withChurn = openDescriptors();
      const inventories = [
        await open({ holders: true }),
        await open({ memlock: 'always' }),
        await open({ cgroupId: 1n, pids: () => [process.pid, churn.child.pid ?? 0] }),
      ];
      const whileOpen = openDescriptors();
      const until = Date.now() + 2000;
      let seen = 0;
      while (Date.now() < until) {
        for (const inventory of inventories) {
          const { maps } = inventory.read();
          seen = Math.max(seen, maps.length);
          expect(maps.every(({ bytes }) => bytes > 0)).toBe(true);
        }
      }
      expect(seen).toBeGreaterThan(10);
      // The inventory of a cgroup opens one more iterator, program and link on first use.
      expect(openDescriptors()).toBeLessThanOrEqual(whileOpen + 2);
      for (const inventory of inventories) {
        inventory.close();
        inventory.close();
      }
      expect(openDescriptors()).toBe(withChurn);
    } finally {
      await churn.stop();
    }
    expect(openDescriptors()).toBe(before);
  });
});

describe('permissions', () => {
  interface Answer {
    attribution: string;
    reason?: string;
    hint?: string;
    maps: number;
    sources: string[];
  }

  const plain = 'setpriv --reuid=1000 --regid=1000 --clear-groups';
  const withCapabilities = (set: string) => `${plain} --inh-caps=${set} --ambient-caps=${set}`;

  it('CAP_BPF and CAP_PERFMON are sufficient', async (context) => {
    requires(context, { tool: 'setpriv', since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
    objects.map();
    const answer = await readAs(withCapabilities('+bpf,+perfmon'));
    expect(answer).toMatchObject({ attribution: 'memcg', sources: ['formula'] });
    expect(answer.maps).toBeGreaterThan(0);
  });

  it.for([
    ['none', plain],
    ['CAP_BPF alone', withCapabilities('+bpf')],
  ] as const)('prints nothing but the required capabilities: %s', async ([, command], context) => {
    requires(context, { tool: 'setpriv' });
    const answer = await readAs(command);
    expect(answer).toMatchObject({ attribution: 'none', maps: 0 });
    expect(answer.reason).toMatch(/CAP_BPF and CAP_PERFMON/);
    expect(answer.hint).toMatch(/setpriv .*\+bpf,\+perfmon/);
  });

  async function readAs(command: string): Promise<Answer> {
    const node = [process.execPath, await builtTarget('read-inventory')];
    const env = { ...process.env, XDG_CACHE_HOME: '/proc/none' };
    return JSON.parse(
      execFileSync('sh', ['-c', `exec ${command} "$@"`, 'sh', ...node], { encoding: 'utf8', env }),
    ) as Answer;
  }
});
