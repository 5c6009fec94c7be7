/** Our iterators on this kernel, compared with the id walk, bpftool and the fdinfo of our own descriptors. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { openIterator } from '#src/kernel/bpf/iter/iterator.ts';
import { type IteratorObjects, prepareIteratorObjects } from '#src/kernel/bpf/iter/iterator-objects.ts';
import { openLinkIterator } from '#src/kernel/bpf/iter/link-iterator.ts';
import { openMapIterator } from '#src/kernel/bpf/iter/map-iterator.ts';
import type { KernelMap } from '#src/kernel/bpf/iter/map-records.ts';
import { openProgramIterator } from '#src/kernel/bpf/iter/program-iterator.ts';
import { openTaskFileIterator } from '#src/kernel/bpf/iter/task-file-iterator.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { collectLinks, collectMaps, collectPrograms, type MapObject } from '#src/kernel/bpf/sys/objects.ts';
import { collectHeldBpf } from '#src/kernel/procfs/held-bpf.ts';
import { openIteratorSource, walkPrograms } from '#src/sampler/bpf/source.ts';
import { builtTarget } from '../harness.ts';
import { type BpfObjects, Churn, openBpfScene, openDescriptors, withIds } from './bpf-fixtures.ts';
import { requires } from './bpf-requirements.ts';

const caches = mkdtempSync(join(tmpdir(), 'bpf-iterators-'));
afterAll(() => rmSync(caches, { recursive: true }));

/** The guests of test/vm allow 4096 descriptors, and are slow. */
const descriptors = Number(
  /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
);
const MANY = descriptors > 11_000 ? 10_000 : 2000;

let bpf: Bpf;
let prepared: IteratorObjects;
let objects: BpfObjects;
const closers: (() => void)[] = [];

beforeEach(async (context) => {
  ({ bpf, objects } = await openBpfScene(context));
  prepared = await prepareIteratorObjects(undefined, { directory: caches });
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  objects?.closeAll();
});

function opened<T extends { close(): void }>(iterator: T): T {
  closers.push(() => iterator.close());
  return iterator;
}

/** Reads until the kernel has freed the maps, which it defers. */
async function eventually<T>(read: () => T, done: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = read();
    if (done(value) || attempt === 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the map iterator', () => {
  const comparable = (map: Pick<MapObject, keyof KernelMap & keyof MapObject>) => ({
    id: map.id,
    type: map.type,
    key_size: map.key_size,
    value_size: map.value_size,
    max_entries: map.max_entries,
    map_flags: map.map_flags,
    name: map.name,
    frozen: map.frozen,
    btf_id: map.btf_id,
    btf_key_type_id: map.btf_key_type_id,
    btf_value_type_id: map.btf_value_type_id,
  });

  it.for([0, 10, 1000, MANY])('returns the same maps as the id walk, with %i more maps', (count) => {
    for (let index = 0; index < count; index++) {
      objects.map({
        map_type: mapTypeNumber(index % 2 === 0 ? 'hash' : 'array'),
        map_name: `map_${index}`,
      });
    }
    const iterator = opened(openMapIterator(bpf, prepared));
    const walkedBefore = collectMaps(bpf);
    const all = iterator.read();
    const walked = withIds(walkedBefore, collectMaps(bpf));
    expect(walked.length).toBeGreaterThanOrEqual(count);
    const read = withIds(all, walked);
    expect(read.map(comparable)).toEqual(walked.map(comparable));
  });

  it('counts the holders of a map, and recognizes maps that only programs hold', () => {
    const iterator = opened(openMapIterator(bpf, prepared));
    const map = objects.map();
    const find = () => iterator.read().find(({ id }) => id === map.id);
    expect(find()).toMatchObject({ refcnt: 1, usercnt: 1 });
    objects.program([map.fd]);
    expect(find()).toMatchObject({ refcnt: 2, usercnt: 1 });
    objects.close(map.fd);
    expect(find()).toMatchObject({ refcnt: 1, usercnt: 0 });
  });

  it('closes everything that it opens, and omits maps that no longer exist', async () => {
    const before = openDescriptors();
    const iterator = openMapIterator(bpf, prepared);
    const map = objects.map();
    for (let round = 0; round < 20; round++) iterator.read();
    objects.close(map.fd);
    const gone = await eventually(
      () => iterator.read(),
      (maps) => !maps.some(({ id }) => id === map.id),
    );
    expect(gone.some(({ id }) => id === map.id)).toBe(false);
    iterator.close();
    iterator.close();
    expect(openDescriptors()).toBe(before);
  });
});

describe('elements', () => {
  const read = (id: number, from = prepared): KernelMap => {
    const iterator = openMapIterator(bpf, from);
    try {
      const map = iterator.read().find((one) => one.id === id);
      if (map === undefined) throw new Error(`no map ${id}`);
      return map;
    } finally {
      iterator.close();
    }
  };

  it.for([
    ['hash', 0],
    ['hash', 1],
    ['percpu_hash', 0],
    ['lru_hash', 0],
    ['lru_percpu_hash', 0],
  ] as const)('of a %s with flags %i are counted', ([type, map_flags], context) => {
    if (map_flags === 0) requires(context, { since: ['6.6', 'the count of preallocated hashes'] });
    const { fd, id } = objects.map({ map_type: mapTypeNumber(type), map_flags, max_entries: 20 });
    expect(read(id).elements).toBe(0);
    objects.fill(fd, 7, 1024);
    expect(read(id).elements).toBe(7);
  });

  it.for([7, 10_000])('of a large hash without preallocation are counted: %i', (count) => {
    // Before 6.6 each CPU counts such a map separately, and the shared count is off by up to 32 per CPU.
    const { fd, id } = objects.map({ map_flags: 1, max_entries: 100_000 });
    objects.fill(fd, count);
    expect(read(id).elements).toBe(count);
    // The way without the kernel's own function must work on every kernel.
    const older = { ...prepared, sumsElements: false };
    const knowsVariables = / runqueues$/m.test(readFileSync('/proc/kallsyms', 'latin1'));
    expect(read(id, older).elements).toBe(knowsVariables ? count : undefined);
  });

  it('of an lpm_trie are counted', () => {
    const { fd, id } = objects.map({
      map_type: mapTypeNumber('lpm_trie'),
      key_size: 8,
      map_flags: 1,
      max_entries: 100,
    });
    // 32 bits of prefix and the key, in 8 bytes.
    for (let index = 0; index < 5; index++) objects.put(fd, [32, index], 8);
    expect(read(id).elements).toBe(5);
  });

  it.for(['queue', 'stack'] as const)('of a %s are those that have not been popped', (type) => {
    const { fd, id } = objects.map({ map_type: mapTypeNumber(type), key_size: 0, max_entries: 4 });
    expect(read(id).elements).toBe(0);
    for (let index = 0; index < 4; index++) objects.push(fd, 8);
    expect(read(id).elements).toBe(4);
    objects.pop(fd, 8);
    objects.pop(fd, 8);
    // The head wraps around here.
    objects.push(fd, 8);
    expect(read(id).elements).toBe(3);
  });

  it.for(['array', 'percpu_array', 'prog_array'] as const)(
    'of a %s are absent: every element exists',
    (type) => {
      const { id } = objects.map({ map_type: mapTypeNumber(type), value_size: 4 });
      expect(read(id).elements).toBeUndefined();
    },
  );

  it('of a ring buffer are its unread bytes', () => {
    const size = 64 * 1024;
    const { fd, id } = objects.map({
      map_type: mapTypeNumber('ringbuf'),
      key_size: 0,
      value_size: 0,
      max_entries: size,
    });
    expect(read(id)).toMatchObject({ elements: undefined, backlogBytes: 0 });
    // Each record has a header of 8 bytes.
    objects.produce(fd, 5);
    expect(read(id).backlogBytes).toBe(5 * 16);
  });
});

describe('the cgroup of a map', () => {
  /** The root of the memory hierarchy, v2 or v1. */
  function memoryRoot(context: TestContext): string {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const mount = mounts
      .map((line) => line.split(' '))
      .find(
        ([, path = '', type, options = '']) =>
          (type === 'cgroup' && options.split(',').includes('memory')) ||
          (type === 'cgroup2' && readFileSync(join(path, 'cgroup.controllers'), 'utf8').includes('memory')),
      );
    if (mount?.[1] === undefined) return context.skip('the memory controller is mounted nowhere');
    if (mount[2] === 'cgroup2') writeFileSync(join(mount[1], 'cgroup.subtree_control'), '+memory');
    return mount[1];
  }

  it('is found, also below the requested one, and is still identified after its removal', async (context) => {
    requires(context, { since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
    const root = memoryRoot(context);
    const home = readFileSync('/proc/self/cgroup', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([, controllers = '']) => controllers === '' || controllers.split(',').includes('memory'));
    const outer = join(root, `bpf-iterators-${process.pid}`);
    const inner = join(outer, 'inner');
    mkdirSync(outer);
    const made: { fd: number; id: number }[] = [];
    try {
      if (statSync(join(outer, 'cgroup.subtree_control'), { throwIfNoEntry: false }) !== undefined) {
        writeFileSync(join(outer, 'cgroup.subtree_control'), '+memory');
      }
      mkdirSync(inner);
      writeFileSync(join(inner, 'cgroup.procs'), String(process.pid));
      for (let index = 0; index < 3; index++) made.push(objects.map({ max_entries: 1000 }));
      writeFileSync(join(root, home?.[2] ?? '', 'cgroup.procs'), String(process.pid));

      const cgroupId = statSync(inner, { bigint: true }).ino;
      const all = opened(openMapIterator(bpf, prepared));
      const ours = () => all.read().filter(({ id }) => made.some((map) => map.id === id));
      expect(all.attributesCharge).toBe(true);
      expect(ours().map((map) => map.cgroupId)).toEqual([cgroupId, cgroupId, cgroupId]);
      expect(ours().map(({ isOrphaned }) => isOrphaned)).toEqual([false, false, false]);
      const outerId = statSync(outer, { bigint: true }).ino;
      for (const id of [outerId, cgroupId]) {
        const filtered = opened(openMapIterator(bpf, prepared, { cgroupId: id }));
        expect(filtered.read().map((map) => map.id)).toEqual(made.map((map) => map.id));
      }
      const elsewhere = opened(openMapIterator(bpf, prepared, { cgroupId: 2n ** 60n }));
      expect(elsewhere.read()).toEqual([]);

      const identity = ours()[0]?.chargeIdentity;
      expect(identity).not.toBe(0n);
      rmdirSync(inner);
      if (readKernelBtf().findMember('bpf_map', 'objcg') === undefined) return;
      // The charge moves to the parent once the kernel has removed the cgroup.
      const moved = await eventually(ours, (maps) => maps.every((map) => map.cgroupId !== cgroupId));
      expect(moved.map((map) => map.cgroupId)).toEqual([outerId, outerId, outerId]);
      expect(moved.map((map) => map.chargeIdentity)).toEqual([identity, identity, identity]);
      expect(moved.map(({ isOrphaned }) => isOrphaned)).toEqual([true, true, true]);
    } finally {
      writeFileSync(join(root, home?.[2] ?? '', 'cgroup.procs'), String(process.pid));
      objects.closeAll();
      if (statSync(inner, { throwIfNoEntry: false }) !== undefined) rmdirSync(inner);
      rmdirSync(outer);
    }
  });
});

describe('the program iterator', () => {
  it('returns the same programs as the id walk', () => {
    const maps = Array.from({ length: 20 }, () => objects.map());
    objects.program([], 'without_maps');
    objects.program(
      maps.map(({ fd }) => fd),
      'with_many',
    );
    const iterator = opened(openProgramIterator(bpf, prepared));
    const walkedBefore = collectPrograms(bpf);
    const all = iterator.read();
    const walked = withIds(walkedBefore, collectPrograms(bpf)).filter(({ id }) => id !== iterator.programId);
    const read = withIds(all, walked);
    expect(walked.length).toBeGreaterThanOrEqual(2);
    expect(read.map(comparable)).toEqual(walked.map(comparable));
    expect(read.map(({ pages }) => pages * 4096)).toEqual(walked.map(({ memlock }) => memlock));
  });

  type Comparable = Pick<
    ReturnType<typeof collectPrograms>[number],
    'id' | 'type' | 'name' | 'tag' | 'xlated_prog_len' | 'jited_prog_len' | 'created_by_uid' | 'map_ids'
  > & { gpl_compatible: boolean | undefined; btf_id: number | undefined };

  function comparable(program: Comparable): Comparable {
    const { id, type, name, tag, xlated_prog_len, jited_prog_len, created_by_uid, map_ids } = program;
    const { gpl_compatible, btf_id } = program;
    return {
      id,
      type,
      name,
      tag,
      xlated_prog_len,
      jited_prog_len,
      created_by_uid,
      map_ids,
      gpl_compatible,
      btf_id,
    };
  }

  it('sums the pages of a program and its functions', () => {
    const iterator = opened(openProgramIterator(bpf, prepared));
    const plain = objects.program();
    const { id } = objects.programWithFunctions(2);
    const find = (wanted: number) => iterator.read().find((program) => program.id === wanted);
    expect(find(plain.id)).toMatchObject({ pages: 1, functionPages: 0 });
    // The main function exists twice: as the loaded program, and as the first of its functions.
    const jited = readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() !== '0';
    expect(find(id)).toMatchObject({ pages: 1, functionPages: jited ? 3 : 0 });
  });

  it.for([
    ['maps', () => objects.program(Array.from({ length: 17 }, () => objects.map().fd)), { map_ids: 17 }],
    ['functions', () => objects.programWithFunctions(8), { functionPages: 9 }],
  ] as const)('is reloaded for a program with more %s than usual', ([, load, expected]) => {
    const source = openIteratorSource(bpf, prepared, { cgroupId: undefined, holders: false, links: false });
    closers.push(() => source.close());
    const small = objects.program([objects.map().fd]);
    const find = (wanted: number) => {
      const { map_ids = [], functionPages } = source.readPrograms().find(({ id }) => id === wanted) ?? {};
      return { map_ids: map_ids.length, functionPages };
    };
    expect(find(small.id)).toEqual({ map_ids: 1, functionPages: 0 });
    const { id } = load();
    const jited = readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() !== '0';
    const all = { map_ids: 0, functionPages: 0, ...expected };
    expect(find(id)).toEqual(jited ? all : { ...all, functionPages: 0 });
    expect(find(small.id)).toEqual({ map_ids: 1, functionPages: 0 });
    const ours = walkPrograms(bpf).filter(({ name }) => name.startsWith('cmemstat_'));
    expect(ours).toEqual([]);
  });
});

describe('the link iterator', () => {
  it('returns the same links as the id walk', (context) => {
    requires(context, { since: ['5.19', 'the BPF iterator over links'] });
    const iterator = opened(openLinkIterator(bpf, prepared));
    const walkedBefore = collectLinks(bpf);
    const all = iterator.read();
    const walked = withIds(walkedBefore, collectLinks(bpf));
    expect(walked.map(({ id }) => id)).toContain(iterator.linkId);
    expect(
      withIds(all, walked).map(({ id, type, prog_id, map_id }) => ({ id, type, prog_id, map_id })),
    ).toEqual(walked.map(({ id, type, prog_id, map_id }) => ({ id, type, prog_id, map_id })));
  });
});

describe('the iterator over descriptors', () => {
  it('finds the same descriptors as the scan of /proc', () => {
    const maps = Array.from({ length: 50 }, () => objects.map());
    const program = objects.program([maps[0]?.fd ?? 0]);
    const files = opened(openTaskFileIterator(bpf, prepared));
    const held = collectHeldBpf([process.pid]);
    const all = files.read().filter(({ pid }) => pid === process.pid);
    expect(idsOf('map', all)).toEqual([...held.maps.keys()].sort(ascending));
    expect(idsOf('program', all)).toEqual([...held.programs.keys()].sort(ascending));
    expect(idsOf('link', all)).toEqual([...held.links.keys()].sort(ascending));
    expect(all).toContainEqual({
      pid: process.pid,
      comm: readFileSync('/proc/self/comm', 'utf8').trim(),
      fd: program.fd,
      kind: 'program',
      id: program.id,
    });
  });

  it('counts processes in our own pid namespace', async (context) => {
    requires(context, { tool: 'unshare' });
    objects.map();
    const [pid, pids] = await openAs<[number, number[]]>('unshare --pid --fork --mount-proc', 'pids');
    // It sees its own descriptors, but not those of this process, which is outside.
    expect(pid).toBeLessThan(100);
    expect(new Set(pids)).toEqual(new Set([pid]));
  });

  const ascending = (left: number, right: number) => left - right;
  const idsOf = (kind: string, holders: { kind: string; id: number }[]) =>
    [...new Set(holders.filter((holder) => holder.kind === kind).map(({ id }) => id))].sort(ascending);
});

describe('permissions', () => {
  const asUser = 'setpriv --reuid=1000 --regid=1000 --clear-groups';
  const iterators = ['openMapIterator', 'openProgramIterator', 'openLinkIterator', 'openTaskFileIterator'];
  const both = 'CAP_BPF and CAP_PERFMON';

  it.for([
    ['none', '', [both, both, both, both, 'CAP_SYS_ADMIN']],
    ['CAP_BPF', '+bpf', [both, both, both, both, 'CAP_SYS_ADMIN']],
    ['CAP_BPF and CAP_PERFMON', '+bpf,+perfmon', [...iterators, 'CAP_SYS_ADMIN']],
    ['CAP_SYS_ADMIN', '+sys_admin', [...iterators, 'walk']],
  ] as const)('are sufficient or reported: %s', async ([, capabilities, expected], context) => {
    requires(context, { tool: 'setpriv', since: ['5.19', 'all four iterators'] });
    const set = capabilities === '' ? '' : ` --inh-caps=${capabilities} --ambient-caps=${capabilities}`;
    expect(await openAs(`${asUser}${set}`, 'rights')).toEqual(expected);
  });
});

/** The output of `targets/open-iterators.ts` under a command that changes its capabilities. */
async function openAs<T>(command: string, what: 'rights' | 'pids'): Promise<T> {
  const node = [process.execPath, await builtTarget('open-iterators'), what];
  const shell = ['-c', `exec ${command} "$@"`, 'sh', ...node];
  return JSON.parse(execFileSync('sh', shell, { encoding: 'utf8' })) as T;
}

describe('all iterators', () => {
  it('tolerate objects that come and go while they read', async () => {
    const maps = opened(openMapIterator(bpf, prepared));
    const programs = opened(openProgramIterator(bpf, prepared));
    const files = opened(openTaskFileIterator(bpf, prepared));
    const churn = await Churn.start();
    try {
      const before = openDescriptors();
      const until = Date.now() + 1500;
      let seen = 0;
      while (Date.now() < until) {
        seen = Math.max(seen, maps.read().length);
        programs.read();
        files.read();
      }
      expect(seen).toBeGreaterThan(0);
      expect(openDescriptors()).toBe(before);
      expect([churn.child.exitCode, churn.child.signalCode]).toEqual([null, null]);
    } finally {
      await churn.stop();
    }
  });

  it('report why the verifier rejects a program', () => {
    const before = openDescriptors();
    const object = prepared.prepared('map-iterator');
    // exit, with r0 uninitialized
    const instructions = Buffer.from('9500000000000000', 'hex');
    const broken = object.programs.map((program) => ({ ...program, instructions, symbols: [] }));
    const program = { object: { ...object, programs: broken }, name: 'cmemstat_maps', since: '5.8' };
    expect(() => openIterator(bpf, program)).toThrow(
      expect.objectContaining({
        code: 'SYSCALL',
        command: 'BPF_PROG_LOAD',
        cause: expect.objectContaining({ message: expect.stringMatching(/\bR0\b/) }),
      }),
    );
    expect(openDescriptors()).toBe(before);
  });
});
