/** Creates the maps that an object file defines, as libbpf would, without loading any program. */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { BTF_KIND } from '../btf/btf-format.ts';
import { encodeMapCreate, type MapSpec } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import type { DefinedMap } from './elf-btf-maps.ts';

const describedByBtf: ReadonlySet<number> = new Set(
  (['sk_storage', 'inode_storage', 'task_storage', 'cgrp_storage'] as const).map(mapTypeNumber),
);

/**
 * Creates a map and returns its descriptor. The inner map and the types that some maps need are created first
 * and closed again; a map of maps does not hold a reference to its template inner map.
 * Source: bpf(2), BPF_MAP_CREATE. Needs CAP_BPF, and CAP_PERFMON or CAP_NET_ADMIN for some types.
 * @throws SyscallError with the errno.
 */
export function createDefinedMap(bpf: Bpf, map: DefinedMap): number {
  const { map_type, key_size, value_size, max_entries, map_flags, map_extra } = map;
  const spec: MapSpec = { map_type, key_size, value_size, max_entries, map_flags };
  if (map_extra !== undefined) spec.map_extra = map_extra;
  const { inner } = map;
  if (inner !== undefined) {
    return withClosed(createDefinedMap(bpf, inner), (inner_map_fd) => create(bpf, { ...spec, inner_map_fd }));
  }
  if (!describedByBtf.has(map_type)) return create(bpf, spec);
  return withClosed(loadTypes(bpf, value_size), (btf_fd) =>
    create(bpf, { ...spec, btf_fd, btf_key_type_id: 1, btf_value_type_id: 3 }),
  );
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
  // union bpf_attr of BPF_BTF_LOAD: 0 btf, 16 btf_size, 28 bytes in total; native byte order.
  const attr = Buffer.alloc(28);
  new BigUint64Array(attr.buffer, attr.byteOffset, 1)[0] = bpf.address(types);
  new Uint32Array(attr.buffer, attr.byteOffset, 7)[4] = types.length;
  return bpf.call('BPF_BTF_LOAD', attr, [types]);
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
