import { fstatSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PermissionError, SyscallError } from '#src/errors.ts';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { createDefinedMap, type MapDefinition } from '#src/kernel/bpf/load/create-defined-map.ts';
import { createMap, setConstants } from '#src/kernel/bpf/load/create-maps.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import type { PreparedMap, PreparedObject } from '#src/kernel/bpf/load/prepared-object.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { HOST_BYTE_ORDER, readName, readU32, readU64 } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { readPossibleCpus } from '#src/kernel/possible-cpus.ts';
import { capturedTypes, specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';
import { fakeBpf, leakedDescriptors, refuse } from '../sys/fake-bpf.ts';

/** The attributes of BPF_MAP_CREATE. */
function decodeCreate(attr: Buffer) {
  const [type, key, value, entries, flags, innerFd, numaNode] = [0, 4, 8, 12, 16, 20, 24].map((at) =>
    readU32(attr, at, HOST_BYTE_ORDER),
  );
  const [btfFd, keyType, valueType] = [48, 52, 56].map((at) => readU32(attr, at, HOST_BYTE_ORDER));
  const extra = readU64(attr, 64, HOST_BYTE_ORDER);
  const name = readName(attr, 28);
  return { type, key, value, entries, flags, innerFd, numaNode, name, btfFd, keyType, valueType, extra };
}

/** A kernel that creates maps, and the requests to it. */
function recordingBpf(changes: Parameters<typeof fakeBpf>[0] = {}) {
  const created: ReturnType<typeof decodeCreate>[] = [];
  const fds: number[] = [];
  const open = () => {
    const fd = openSync('/dev/null', 'r');
    fds.push(fd);
    return fd;
  };
  const loadedTypes: Btf[] = [];
  const written: Buffer[] = [];
  const bpf = fakeBpf({
    BPF_MAP_CREATE(attr) {
      created.push(decodeCreate(attr));
      return open();
    },
    BPF_MAP_UPDATE_ELEM(_, [, value]) {
      written.push(Buffer.from(value ?? []));
      return 0;
    },
    BPF_MAP_FREEZE: () => 0,
    BPF_BTF_LOAD(_, [bytes]) {
      loadedTypes.push(new Btf(Buffer.from(bytes ?? []), 'types'));
      return open();
    },
    ...changes,
  });
  return { bpf, created, fds, loadedTypes, written };
}

const isOpen = (fd: number | undefined) => {
  try {
    return fstatSync(fd ?? -1) !== undefined;
  } catch {
    return false;
  }
};

const hash: MapDefinition = {
  map_type: mapTypeNumber('hash'),
  key_size: 4,
  value_size: 8,
  max_entries: 100,
  map_flags: 1,
};

describe('createDefinedMap', () => {
  it('passes the attributes of the definition', () => {
    const { bpf, created, fds } = recordingBpf();
    const fd = createDefinedMap(bpf, { ...hash, map_extra: 5n, numa_node: 1 }, 'flows');
    expect(fds).toEqual([fd]);
    expect(isOpen(fd)).toBe(true);
    expect(created).toEqual([
      {
        ...{ type: 1, key: 4, value: 8, entries: 100, flags: 1, innerFd: 0, numaNode: 1 },
        ...{ name: 'flows', btfFd: 0, keyType: 0, valueType: 0, extra: 5n },
      },
    ]);
  });

  it('has one entry per possible CPU if no number is set', () => {
    const perf: MapDefinition = {
      ...hash,
      map_type: mapTypeNumber('perf_event_array'),
      max_entries: 0,
      entriesPerCpu: true,
    };
    const { bpf, created } = recordingBpf();
    createDefinedMap(bpf, perf);
    createDefinedMap(bpf, { ...perf, max_entries: 7 });
    expect(created.map(({ entries }) => entries)).toEqual([readPossibleCpus(), 7]);
  });

  it('creates an inner map first and closes it afterwards', () => {
    const outer: MapDefinition = { ...hash, map_type: mapTypeNumber('hash_of_maps'), value_size: 4 };
    const { bpf, created, fds } = recordingBpf();
    const fd = createDefinedMap(bpf, { ...outer, inner: hash }, 'outer');
    expect(created.map(({ name, innerFd }) => [name, innerFd])).toEqual([
      ['outer.inner', 0],
      ['outer', fds[0]],
    ]);
    expect([isOpen(fds[0]), isOpen(fd)]).toEqual([false, true]);
  });

  it('creates types for local storage, and accepts given ones', () => {
    const storage: MapDefinition = {
      ...hash,
      map_type: mapTypeNumber('task_storage'),
      value_size: 12,
      max_entries: 0,
    };
    const { bpf, created, fds, loadedTypes } = recordingBpf();
    createDefinedMap(bpf, storage);
    const [types] = loadedTypes;
    const { keyType = 0, valueType = 0, btfFd } = created[0] ?? {};
    expect(types && [types.sizeOf(keyType), types.sizeOf(valueType)]).toEqual([4, 12]);
    expect(btfFd).toBe(fds[0]);
    expect(isOpen(fds[0])).toBe(false);
    createDefinedMap(bpf, storage, 'mine', { btfFd: 99, key: 7, value: 8 });
    expect(loadedTypes.length).toBe(1);
    expect(created[1]).toMatchObject({ btfFd: 99, keyType: 7, valueType: 8, name: 'mine' });
  });

  it('leaves nothing open if the kernel refuses', () => {
    const refusing = () => recordingBpf({ BPF_MAP_CREATE: refuse('BPF_MAP_CREATE', 'EINVAL') }).bpf;
    const storage = { ...hash, map_type: mapTypeNumber('sk_storage') };
    expect(
      leakedDescriptors(() => expect(() => createDefinedMap(refusing(), storage)).toThrow('EINVAL')),
    ).toBe(0);
    const { bpf, fds } = recordingBpf();
    let calls = 0;
    const onlyInner: Bpf = {
      ...bpf,
      call(command, attr, pointees) {
        if (++calls === 2) throw new SyscallError('bpf', command, 'E2BIG');
        return bpf.call(command, attr, pointees);
      },
    };
    expect(() => createDefinedMap(onlyInner, { ...hash, inner: hash })).toThrow('E2BIG');
    expect(fds.map(isOpen)).toEqual([false]);
  });
});

describe('createMap', () => {
  const rodata: PreparedMap = {
    ...{ name: '.rodata', map_type: 2, key_size: 4, value_size: 4, max_entries: 1, map_flags: 128 },
    variables: [],
    frozen: true,
    data: Buffer.from('abcd'),
  };

  it('writes the value and then freezes the map', () => {
    const { bpf, created, written } = recordingBpf();
    const { fd, name } = createMap(bpf, 'a-long-object', rodata, undefined);
    expect(isOpen(fd)).toBe(true);
    expect(name).toBe('.rodata');
    expect(created[0]?.name).toBe('a_long_o.rodata');
    expect(written).toEqual([Buffer.from('abcd')]);
    expect(bpf.calls).toEqual(['BPF_MAP_CREATE', 'BPF_MAP_UPDATE_ELEM', 'BPF_MAP_FREEZE']);
  });

  it('writes and freezes no other map', () => {
    const { bpf, created } = recordingBpf();
    createMap(bpf, 'object', { ...hash, name: 'flows', variables: [], frozen: false }, undefined);
    expect(bpf.calls).toEqual(['BPF_MAP_CREATE']);
    expect(created[0]?.name).toBe('flows');
  });

  it('passes the types of the object if the map needs them', () => {
    const { bpf, created } = recordingBpf();
    createMap(bpf, 'object', { ...rodata, types: { key: 3, value: 4 } }, 55);
    expect(created[0]).toMatchObject({ btfFd: 55, keyType: 3, valueType: 4 });
  });

  it('closes a map that cannot be written or frozen', () => {
    for (const command of ['BPF_MAP_UPDATE_ELEM', 'BPF_MAP_FREEZE'] as const) {
      const { bpf, fds } = recordingBpf({ [command]: refuse(command, 'E2BIG') });
      expect(() => createMap(bpf, 'object', rodata, undefined)).toThrow('E2BIG');
      expect(fds.map(isOpen)).toEqual([false]);
    }
  });

  it('reports the map that the kernel rejects', () => {
    const { bpf } = recordingBpf({ BPF_MAP_CREATE: refuse('BPF_MAP_CREATE', 'EPERM') });
    const create = () => createMap(bpf, 'object', rodata, undefined);
    expect(create).toThrow(PermissionError);
    expect(create).toThrow('create the BPF map ".rodata"');
  });
});

describe.each([
  ['el', '6.12'],
  ['eb', 's390x'],
] as const)('setConstants for bpf%s', (order, kernel) => {
  const prepared: PreparedObject = prepareObject(
    specify(fixture(`bpf/callbacks.bpf${order}.o`)),
    capturedTypes(kernel),
  );
  const dataOf = (maps: readonly PreparedMap[], name: string) =>
    maps.find((map) => map.name === name)?.data?.toString('hex');
  /** Hexadecimal digits in the byte order of the object. */
  const ordered = (big: string) => (order === 'eb' ? big : Buffer.from(big, 'hex').reverse().toString('hex'));

  it('writes numbers at the variable, and changes nothing else', () => {
    const before = dataOf(prepared.maps, '.rodata');
    const maps = setConstants(prepared, { factor: 0x0102_0304 });
    expect(dataOf(maps, '.rodata')).toBe(`${ordered('01020304')}01`);
    expect(dataOf(maps, '.data')).toBe(ordered('00000000000003e8'));
    // The object can be loaded again unchanged.
    expect(dataOf(prepared.maps, '.rodata')).toBe(before);
    expect(before).toBe(`${ordered('00000003')}01`);
  });

  it('accepts booleans, bigints, bytes and variables of all sections', () => {
    const maps = setConstants(prepared, {
      enabled: false,
      factor: Buffer.from('wxyz'),
      hidden: 0xffff_ffff_ffff_fffen,
      start_value: -2,
    });
    expect(dataOf(maps, '.rodata')).toBe(`${Buffer.from('wxyz').toString('hex')}00`);
    expect(dataOf(maps, '.bss')).toBe(`0000000000000000${ordered('fffffffffffffffe')}`);
    expect(dataOf(maps, '.data')).toBe(ordered('fffffffffffffffe'));
  });

  it.each([
    ['the largest without a sign', 255, 'ff'],
    ['the smallest with one', -128, '80'],
  ])('accepts %s', (_, value, hex) => {
    expect(dataOf(setConstants(prepared, { enabled: value }), '.rodata')?.slice(8)).toBe(hex);
  });

  it.each<[string, Record<string, number | bigint | Buffer>, string]>([
    ['a name that is none', { no_such: 1 }, "has no global variable 'no_such'"],
    ['the name of a map', { squares: 1 }, "has no global variable 'squares'"],
    ['too large a number', { enabled: 256 }, "'enabled' takes 1 bytes, which do not hold 256"],
    ['too small a number', { enabled: -129 }, "'enabled' takes 1 bytes, which do not hold -129"],
    ['a number of 65 bits', { start_value: 1n << 64n }, "'start_value' takes 8 bytes, which do not hold"],
    ['too many bytes', { factor: Buffer.alloc(5) }, "'factor' takes 4 bytes, not 5"],
  ])('rejects %s', (_, constants, message) => {
    expect(() => setConstants(prepared, constants)).toThrow(RangeError);
    expect(() => setConstants(prepared, constants)).toThrow(message);
  });
});
