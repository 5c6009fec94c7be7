/** Creates a map from its definition, for an object that is loaded or to measure the map on its own. */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { readPossibleCpus } from '../../possible-cpus.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { DefinedMap } from '../elf/elf-btf-maps.ts';
import { encodeBtfLoad, encodeMapCreate, type MapSpec } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { STORAGE_MAP_TYPES } from '../sys/bpf-enums.ts';

/** The part of a map definition that is passed to bpf(2). */
export interface MapDefinition extends Omit<DefinedMap, 'pinned' | 'inner'> {
  readonly inner?: MapDefinition;
}

/** Key and value types of a map. */
export interface MapTypes {
  /** Descriptor of the BTF that contains them. */
  readonly btfFd: number;
  readonly key: number;
  readonly value: number;
}

/**
 * Creates a map and returns its descriptor. The inner map is created first and closed again; a map of maps
 * does not hold a reference to its template inner map. Local storage requires BTF: without `types`, minimal
 * types of the right size are loaded for it.
 *
 * Source: bpf(2), BPF_MAP_CREATE. Needs CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN for some types.
 * @param name the name of the map; without it, the map has no name.
 * @throws SyscallError with the errno; KernelFileError if the number of CPUs cannot be read.
 */
export function createDefinedMap(bpf: Bpf, map: MapDefinition, name?: string, types?: MapTypes): number {
  const { map_type, key_size, value_size, map_flags, map_extra, numa_node, inner } = map;
  const isPerCpu = map.entriesPerCpu === true && map.max_entries === 0;
  const max_entries = isPerCpu ? readPossibleCpus() : map.max_entries;
  const spec: MapSpec = { map_type, key_size, value_size, max_entries, map_flags };
  if (map_extra !== undefined) spec.map_extra = map_extra;
  if (numa_node !== undefined) spec.numa_node = numa_node;
  if (name !== undefined) spec.map_name = name;
  if (inner !== undefined) {
    const innerFd = createDefinedMap(bpf, inner, name === undefined ? undefined : `${name}.inner`);
    return withClosed(innerFd, (inner_map_fd) => create(bpf, { ...spec, inner_map_fd }));
  }
  if (types !== undefined) return create(bpf, withTypes(spec, types));
  if (!STORAGE_MAP_TYPES.has(map_type)) return create(bpf, spec);
  return withClosed(loadTypes(bpf, value_size), (btfFd) =>
    create(bpf, withTypes(spec, { btfFd, key: 1, value: 3 })),
  );
}

function withTypes(spec: MapSpec, { btfFd, key, value }: MapTypes): MapSpec {
  return { ...spec, btf_fd: btfFd, btf_key_type_id: key, btf_value_type_id: value };
}

function create(bpf: Bpf, spec: MapSpec): number {
  return bpf.call('BPF_MAP_CREATE', encodeMapCreate(spec));
}

function withClosed(fd: number, use: (fd: number) => number): number {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function loadTypes(bpf: Bpf, valueSize: number): number {
  const types = encodeTypes(valueSize);
  return bpf.call('BPF_BTF_LOAD', encodeBtfLoad(bpf.address(types), types.length), [types]);
}

/** BTF of three types: 1 is `int`, the key; 2 is `char`; 3 is an array of `valueSize` of them. */
function encodeTypes(valueSize: number): Buffer {
  const strings = Buffer.from('\0int\0char\0', 'latin1');
  const kind = (number: number) => number * 0x100_0000;
  const types = [
    ...[1, kind(BTF_KIND.INT), 4, 32],
    ...[5, kind(BTF_KIND.INT), 1, 8],
    ...[0, kind(BTF_KIND.ARRAY), 0, 2, 1, valueSize],
  ];
  const header = [0, 24, 0, 4 * types.length, 4 * types.length, strings.length];
  const words = Buffer.from(Uint32Array.from([...header, ...types]).buffer);
  // The first word is magic, version and flags; only the magic is wider than a byte.
  if (endianness() === 'LE') words.writeUInt16LE(0xeb9f, 0);
  else words.writeUInt16BE(0xeb9f, 0);
  words.writeUInt8(1, 2);
  return Buffer.concat([words, strings]);
}
