/** The iterators' own objects, relocated against fictional kernels. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SyscallError } from '#src/errors.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { type IteratorObjects, prepareIteratorObjects } from '#src/kernel/bpf/iter/iterator-objects.ts';
import { openLinkIterator } from '#src/kernel/bpf/iter/link-iterator.ts';
import { openMapIterator } from '#src/kernel/bpf/iter/map-iterator.ts';
import { ITERATOR_NAMES } from '#src/kernel/bpf/programs/object-files.ts';
import { fixture } from '../../../../paths.ts';
import { BtfBuilder } from '../btf/btf-builder.ts';
import { descriptor, fakeBpf, refuse } from '../sys/fake-bpf.ts';

interface MadeUpKernel {
  /** Members of `struct bpf_map` besides `id`, `name` and `map_type`: all are pointers. */
  members?: string[];
  functions?: string[];
  /** Types that are not needed. */
  more?: number;
}

/** The types of a kernel with little more than maps. */
function typesOf({ members = [], functions = ['bpf_iter_bpf_map'], more = 0 }: MadeUpKernel): Buffer {
  const builder = new BtfBuilder();
  const u32 = builder.int('unsigned int', 4);
  const char = builder.int('char', 1);
  const name = builder.array(char, 16);
  const pointed = Object.fromEntries(
    ['obj_cgroup', 'mem_cgroup', 'seq_file'].map((each) => [each, builder.struct(each, 8, [])]),
  );
  const pointerTo = (type = 0) => builder.raw(BTF_KIND.PTR, '', 0, type);
  const map = builder.struct('bpf_map', 256, [
    { name: 'id', type: u32, bit: 64 },
    { name: 'name', type: name, bit: 128 },
    ...members.map((member, index) => ({
      name: member,
      type: pointerTo(pointed[member === 'objcg' ? 'obj_cgroup' : 'mem_cgroup']),
      bit: 512 + 64 * index,
    })),
  ]);
  const meta = builder.struct('bpf_iter_meta', 8, [
    { name: 'seq', type: pointerTo(pointed.seq_file), bit: 0 },
  ]);
  builder.struct('bpf_iter__bpf_map', 16, [
    { name: 'meta', type: pointerTo(meta), bit: 0 },
    { name: 'map', type: pointerTo(map), bit: 64 },
  ]);
  const proto = builder.raw(BTF_KIND.FUNC_PROTO, '', 0, 0);
  for (const each of functions) builder.raw(BTF_KIND.FUNC, each, 1, proto);
  for (let index = 0; index < more; index++) builder.raw(BTF_KIND.PTR, '', 0, map);
  return builder.bytes(endianness() === 'LE' ? 'little' : 'big');
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'iterator-objects-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(kernel: MadeUpKernel, cache = '/proc/none'): Promise<IteratorObjects> {
  const btfPath = join(directory, 'vmlinux');
  writeFileSync(btfPath, typesOf(kernel));
  return prepareIteratorObjects(undefined, { btfPath, directory: cache });
}

describe('prepareIteratorObjects', () => {
  const sources = () => ({
    btfPath: join(directory, 'vmlinux'),
    notesPath: fixture('kernel/6.12/sys/kernel/notes'),
    directory: join(directory, 'cache'),
  });

  it("relocates against the kernel's types once, and uses the cache afterwards", async () => {
    writeFileSync(sources().btfPath, typesOf({ members: ['objcg'] }));
    const first = await prepareIteratorObjects(undefined, sources());
    rmSync(sources().btfPath);
    const second = await prepareIteratorObjects(undefined, sources());
    expect(second).toMatchObject({ recordsCharge: true, sumsElements: false });
    for (const name of ITERATOR_NAMES) {
      expect(second.prepared(name)).toEqual(first.prepared(name));
      expect(second.prepared(name).programs.length).toBeGreaterThan(0);
    }
    const [file = ''] = readdirSync(sources().directory);
    expect(file).toMatch(/^iterators-\d+\.[0-9a-f]{16}-[0-9a-f]{40}\.json$/);
  });

  it.each([
    [[], false],
    [['memcg'], true],
    [['objcg'], true],
  ])('detects whether a kernel with the members %o records charges', async (members, expected) => {
    expect(await open({ members })).toMatchObject({ recordsCharge: expected });
  });

  it('reports what the kernel lacks for each program', async () => {
    const { prepared } = await open({});
    const [program] = prepared('map-iterator').programs;
    expect(program?.unavailable).toBeUndefined();
    expect(program?.unmet.map(({ reason }) => reason).join('\n')).toContain('refcnt');
    expect(prepared('link-iterator').programs[0]?.unavailable).toBe('this kernel has no bpf_iter_bpf_link');
  });

  it('yields while it relocates, with the same result', async () => {
    writeFileSync(sources().btfPath, typesOf({ members: ['objcg'], more: 10_000 }));
    let pauses = 0;
    const prepared = await prepareIteratorObjects(async () => {
      pauses += 1;
      expect(existsSync(sources().directory)).toBe(false);
    }, sources());
    const programs = ITERATOR_NAMES.flatMap((name) => prepared.prepared(name).programs);
    // One after reading, four within the index; two for each object, and two for each of its programs.
    expect(pauses).toBe(5 + 2 * ITERATOR_NAMES.length + 2 * programs.length);
    const { directory: _, ...uncached } = sources();
    const atOnce = await prepareIteratorObjects(undefined, { ...uncached, directory: '/proc/none' });
    expect(prepared).toMatchObject({ recordsCharge: true, sumsElements: false });
    for (const name of ITERATOR_NAMES) expect(prepared.prepared(name)).toEqual(atOnce.prepared(name));
  });

  it('does not yield if the cache has the objects', async () => {
    writeFileSync(sources().btfPath, typesOf({}));
    const first = await prepareIteratorObjects(undefined, sources());
    rmSync(sources().btfPath);
    const pause = vi.fn(async () => {});
    const second = await prepareIteratorObjects(pause, sources());
    expect(pause).not.toHaveBeenCalled();
    expect(second.prepared('map-iterator')).toEqual(first.prepared('map-iterator'));
  });

  it('reports the build option if the kernel has no types', async () => {
    const none = prepareIteratorObjects(undefined, { btfPath: join(directory, 'none'), notesPath: '' });
    await expect(none).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      since: '5.4',
      hint: expect.stringContaining('CONFIG_DEBUG_INFO_BTF'),
    });
  });
});

describe('openMapIterator', () => {
  const working = {
    BPF_PROG_LOAD: descriptor(),
    BPF_LINK_CREATE: descriptor(),
    BPF_OBJ_GET_INFO_BY_FD: () => 0,
  };

  it.each([
    [['bpf_iter_bpf_map'], ['cmemstat_maps_p', 'cmemstat_maps_n']],
    [
      ['bpf_iter_bpf_map', 'bpf_map_sum_elem_count'],
      ['cmemstat_maps', 'cmemstat_maps_p', 'cmemstat_maps_n'],
    ],
  ])(
    'on a kernel with %o falls back to other ways to count elements after a refusal',
    async (functions, expected) => {
      const tried: string[] = [];
      const load = descriptor();
      const bpf = fakeBpf({
        ...working,
        BPF_PROG_LOAD: (attr, pointees) => {
          const name = attr.toString('latin1', 48, 63).replace(/\0.*$/, '');
          if (tried.at(-1) !== name) tried.push(name);
          return name === expected.at(-1)
            ? load(attr, pointees)
            : refuse('BPF_PROG_LOAD', 'EINVAL')(attr, pointees);
        },
      });
      openMapIterator(bpf, await open({ functions })).close();
      expect(tried).toEqual(expected);
    },
  );

  it('throws if the last one is rejected, and does not retry without a capability', async () => {
    const objects = await open({});
    const refused = fakeBpf({ ...working, BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EINVAL') });
    expect(() => openMapIterator(refused, objects)).toThrow(SyscallError);
    expect(() => openMapIterator(refused, objects)).toThrow('cmemstat_maps_n');
    const forbidden = fakeBpf({ ...working, BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM') });
    expect(() => openMapIterator(forbidden, objects)).toThrow(
      expect.objectContaining({ needs: 'CAP_BPF and CAP_PERFMON' }),
    );
    expect(forbidden.calls.filter((call) => call === 'BPF_PROG_LOAD')).toHaveLength(1);
  });
});

describe('openLinkIterator', () => {
  it('reports since when the kernel has iterators over links', async () => {
    const objects = await open({});
    expect(() => openLinkIterator(fakeBpf({}), objects)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', since: '5.19' }),
    );
  });
});
