/** The id walk and the fields of each object, on this host's bpf(2), compared with bpftool. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { completeMapName } from '#src/kernel/bpf/btf/full-names.ts';
import { encodeBtfLoad } from '#src/kernel/bpf/sys/bpf-attr.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeName, mapTypeNumber, programTypeName } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';
import {
  collectLinks,
  collectMaps,
  collectPrograms,
  getProgramInfo,
  listObjectIds,
  readBtfObject,
  readMapFdinfo,
} from '#src/kernel/bpf/sys/objects.ts';
import { collectHeldBpf } from '#src/kernel/procfs/held-bpf.ts';
import { openBpfCollector } from '#src/sampler/bpf/totals.ts';
import { BtfBuilder } from '../../unit/kernel/bpf/btf/btf-builder.ts';
import { BpfObjects, Churn, openDescriptors, withIds } from './bpf-fixtures.ts';
import { requires } from './bpf-requirements.ts';
import { bpftool, bpftoolMaps, mapFigures } from './bpftool.ts';

let bpf: Bpf;
let objects: BpfObjects;

beforeEach(async (context) => {
  requires(context, {
    capabilities: ['CAP_SYS_ADMIN'],
    since: ['4.15', 'BPF objects with ids and names'],
  });
  bpf = await openBpf();
  objects = new BpfObjects(bpf);
});
afterEach(() => objects?.closeAll());

describe('all maps of the host', () => {
  it.for([0, 10, 1000])('are the same as in bpftool, with %i more', (count, context) => {
    requires(context, { tool: 'bpftool' });
    for (let index = 0; index < count; index++) {
      objects.map({
        map_type: mapTypeNumber(index % 3 === 0 ? 'array' : 'hash'),
        map_name: `map_${index}`,
        value_size: 8 * (1 + (index % 5)),
        map_flags: index % 3 === 1 ? 1 : 0,
      });
    }
    const before = collectMaps(bpf);
    const theirs = bpftoolMaps();
    const ours = withIds(before, collectMaps(bpf));
    expect(ours.length).toBeGreaterThanOrEqual(count);
    expect(ours.map((map) => mapFigures(map, mapTypeName(map.type), map.name))).toEqual(
      withIds(theirs, ours),
    );
  });
});

describe('all programs of the host', () => {
  it('are the same as in bpftool', (context) => {
    requires(context, { tool: 'bpftool' });
    const maps = Array.from({ length: 20 }, () => objects.map());
    objects.program([], 'without_maps');
    objects.program([maps[0]?.fd ?? 0], 'with_one');
    const many = objects.program(
      maps.map(({ fd }) => fd),
      'with_many',
    );
    const before = collectPrograms(bpf);
    type Program = {
      id: number;
      type: string;
      name?: string;
      tag: string;
      gpl_compatible: boolean;
      uid: number;
      bytes_xlated: number;
      bytes_jited?: number;
      bytes_memlock: number;
      map_ids?: number[];
    };
    const theirs = bpftool<Program>('prog', 'show');
    const ours = withIds(before, collectPrograms(bpf));
    expect(ours.length).toBeGreaterThanOrEqual(3);
    // More maps than fit into the first buffer.
    expect(ours.find(({ id }) => id === many.id)?.map_ids).toEqual(maps.map(({ id }) => id));
    expect(
      ours.map((program) => ({
        id: program.id,
        type: programTypeName(program.type),
        name: program.name,
        tag: program.tag,
        gpl_compatible: program.gpl_compatible,
        uid: program.created_by_uid,
        bytes_xlated: program.xlated_prog_len,
        bytes_jited: program.jited_prog_len,
        bytes_memlock: program.memlock,
        map_ids: program.map_ids,
      })),
    ).toEqual(
      withIds(theirs, ours).map((program) => ({
        id: program.id,
        type: program.type,
        name: program.name ?? '',
        tag: program.tag,
        gpl_compatible: program.gpl_compatible,
        uid: program.uid,
        bytes_xlated: program.bytes_xlated,
        bytes_jited: program.bytes_jited ?? 0,
        bytes_memlock: program.bytes_memlock,
        map_ids: program.map_ids ?? [],
      })),
    );
  });
});

describe('the walk', () => {
  it('skips maps that no longer exist', () => {
    const gone = objects.map();
    expect(readMapFdinfo(bpf, gone.id)).toMatchObject({ map_id: gone.id });
    objects.close(gone.fd);
    // A map is freed a grace period after its last descriptor is closed; its id is removed at once.
    expect(readMapFdinfo(bpf, gone.id)).toBeUndefined();
    expect(listObjectIds(bpf, 'map')).not.toContain(gone.id);
  });

  it('leaves no descriptor open', () => {
    for (let index = 0; index < 20; index++) objects.map();
    objects.program();
    const before = openDescriptors();
    collectMaps(bpf);
    collectPrograms(bpf);
    collectLinks(bpf);
    expect(() => getProgramInfo(bpf, objects.map().fd)).not.toThrow();
    expect(openDescriptors()).toBe(before + 1);
  });

  it('tolerates maps that come and go while it reads', async () => {
    const churn = await Churn.start();
    try {
      const collector = await openBpfCollector();
      const before = openDescriptors();
      const until = Date.now() + 1500;
      let seen = 0;
      while (Date.now() < until) {
        seen = Math.max(seen, collectMaps(bpf).length);
        collector.collect([churn.child.pid ?? 0]);
      }
      expect(openDescriptors()).toBe(before);
      expect([churn.child.exitCode, churn.child.signalCode]).toEqual([null, null]);
      expect(seen).toBeGreaterThan(0);
      collector.close();
    } finally {
      await churn.stop();
    }
  });
});

describe('the types of a map', () => {
  it('complete its truncated name', () => {
    const builder = new BtfBuilder();
    const u32 = builder.int('unsigned int', 4);
    const variable = builder.variable('a_map_with_a_long_name', u32);
    builder.section('.maps', 4, [{ type: variable, offset: 0, size: 4 }]);
    const types = builder.bytes(HOST_BYTE_ORDER === 'LE' ? 'little' : 'big');
    const btf = objects.keep(
      bpf.call('BPF_BTF_LOAD', encodeBtfLoad(bpf.address(types), types.length), [types]),
    );
    const map_name = 'a_map_with_a_long_name';
    const ids = { btf_fd: btf, btf_key_type_id: u32, btf_value_type_id: u32 };
    const { id } = objects.map({ map_name, value_size: 4, ...ids });
    const map = collectMaps(bpf).find((one) => one.id === id);
    expect(map).toMatchObject({ name: 'a_map_with_a_lo', btf_key_type_id: u32, btf_value_type_id: u32 });
    const read = readBtfObject(bpf, map?.btf_id ?? 0);
    expect(read?.equals(types)).toBe(true);
    expect(completeMapName(map?.name ?? '', new Btf(read ?? Buffer.alloc(0), 'map'))).toBe(map_name);
    expect(readBtfObject(bpf, 2 ** 31 - 1)).toBeUndefined();
  });
});

describe('objects held by processes', () => {
  it('are found by their descriptors', () => {
    const map = objects.map();
    const program = objects.program([map.fd]);
    const held = collectHeldBpf([process.pid]);
    expect([...held.maps.keys()]).toEqual([map.id]);
    expect([...held.programs.keys()]).toEqual([program.id]);
    expect(held.maps.get(map.id)?.memlock).toBe(readMapFdinfo(bpf, map.id)?.memlock);
  });
});

describe('the totals of a sample', () => {
  it('count each object once, including maps that only a program holds', async () => {
    const collector = await openBpfCollector();
    const shared = objects.map({ max_entries: 1000 });
    const anonymous = objects.map({ max_entries: 2000 });
    objects.program([shared.fd, anonymous.fd]);
    const memlock =
      (readMapFdinfo(bpf, shared.id)?.memlock ?? 0) + (readMapFdinfo(bpf, anonymous.id)?.memlock ?? 0);
    objects.close(anonymous.fd);
    const { host, held } = collector.collect([process.pid, process.pid]);
    expect(held.maps).toEqual({ count: 2, memlock });
    expect(held.programs).toEqual({ count: 1, memlock: 4096 });
    expect(host.maps.count).toBeGreaterThanOrEqual(2);
    expect(host.maps.memlock).toBeGreaterThanOrEqual(memlock);
    expect(collector.collect([]).held).toEqual({
      maps: { count: 0, memlock: 0 },
      programs: { count: 0, memlock: 0 },
    });
    collector.close();
  });

  it('follow the growth of a map', async (context) => {
    requires(context, { since: ['6.4', 'memlock that follows the elements'] });
    const collector = await openBpfCollector();
    const { fd } = objects.map({ map_flags: 1, max_entries: 1000 });
    const empty = collector.collect([process.pid]).held.maps.memlock;
    objects.fill(fd, 500);
    expect(collector.collect([process.pid]).held.maps.memlock).toBeGreaterThanOrEqual(empty + 500 * 12);
    collector.close();
  });
});
