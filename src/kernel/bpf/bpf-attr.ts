/**
 * `union bpf_attr` and the info structures of bpf(2), to bytes and back; pure.
 *
 * Source: `include/uapi/linux/bpf.h`. The layout has no implicit padding that differs between architectures (pointers are
 * 64 bits wide everywhere), so only the byte order varies. The kernel takes a shorter structure as one that ends in zeros,
 * and fills no more of an info structure than it knows itself: fields past that length are absent, not 0.
 */
import { endianness } from 'node:os';

/** The byte order of a structure: `LE` or `BE`, as `os.endianness()` says it. */
export type ByteOrder = 'LE' | 'BE';

/** The byte order of this host. */
export const HOST_BYTE_ORDER: ByteOrder = endianness();

/** The commands of bpf(2) that we use. Source: `enum bpf_cmd`. */
export const BPF_COMMANDS = {
  BPF_MAP_CREATE: 0,
  BPF_MAP_LOOKUP_ELEM: 1,
  BPF_MAP_UPDATE_ELEM: 2,
  BPF_MAP_DELETE_ELEM: 3,
  BPF_PROG_LOAD: 5,
  BPF_OBJ_PIN: 6,
  BPF_OBJ_GET: 7,
  BPF_PROG_TEST_RUN: 10,
  BPF_PROG_GET_NEXT_ID: 11,
  BPF_MAP_GET_NEXT_ID: 12,
  BPF_PROG_GET_FD_BY_ID: 13,
  BPF_MAP_GET_FD_BY_ID: 14,
  BPF_OBJ_GET_INFO_BY_FD: 15,
  BPF_BTF_LOAD: 18,
  BPF_BTF_GET_FD_BY_ID: 19,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: 21,
  BPF_BTF_GET_NEXT_ID: 23,
  BPF_MAP_LOOKUP_BATCH: 24,
  BPF_LINK_CREATE: 28,
  BPF_LINK_GET_FD_BY_ID: 30,
  BPF_LINK_GET_NEXT_ID: 31,
  BPF_ITER_CREATE: 33,
} as const;

/** The name of a command of bpf(2). */
export type BpfCommand = keyof typeof BPF_COMMANDS;

/** `BPF_PROG_TYPE_TRACING`. Since: Linux 5.5. */
export const BPF_PROG_TYPE_TRACING = 26;
/** `BPF_TRACE_ITER`, the attach type of an iterator. Since: Linux 5.8. */
export const BPF_TRACE_ITER = 28;
/** `BPF_F_NO_PREALLOC`: the elements of the map are allocated as they are added. Since: Linux 4.6. */
export const BPF_F_NO_PREALLOC = 1;

/** The kernel cuts the name of a map or a program at 15 characters (`BPF_OBJ_NAME_LEN` less the final NUL). */
export const BPF_OBJ_NAME_MAX = 15;

const MAP_TYPES = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
  'arena',
  'insn_array',
  'rhash',
] as const;

const PROGRAM_TYPES = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
] as const;

const LINK_TYPES = [
  'unspec',
  'raw_tracepoint',
  'tracing',
  'cgroup',
  'iter',
  'netns',
  'xdp',
  'perf_event',
  'kprobe_multi',
  'struct_ops',
  'netfilter',
  'tcx',
  'uprobe_multi',
  'netkit',
  'sockmap',
] as const;

/** A type of map that we know by name. Source: `enum bpf_map_type`, in lower case as bpftool prints it. */
export type MapTypeName = (typeof MAP_TYPES)[number];

/** The name of a type of map as bpftool prints it; absent for a type that is newer than this list. */
export function mapTypeName(type: number): MapTypeName | undefined {
  return MAP_TYPES[type];
}

/** The number of a type of map, `BPF_MAP_TYPE_*`. */
export function mapTypeNumber(name: MapTypeName): number {
  return MAP_TYPES.indexOf(name);
}

/** The name of a type of program as bpftool prints it; absent for a type that is newer than this list. */
export function programTypeName(type: number): (typeof PROGRAM_TYPES)[number] | undefined {
  return PROGRAM_TYPES[type];
}

/** The number of a type of program, `BPF_PROG_TYPE_*`. */
export function programTypeNumber(name: (typeof PROGRAM_TYPES)[number]): number {
  return PROGRAM_TYPES.indexOf(name);
}

/** The name of a type of link as bpftool prints it; absent for a type that is newer than this list. */
export function linkTypeName(type: number): (typeof LINK_TYPES)[number] | undefined {
  return LINK_TYPES[type];
}

/** The number of a type of link, `BPF_LINK_TYPE_*`. */
export function linkTypeNumber(name: (typeof LINK_TYPES)[number]): number {
  return LINK_TYPES.indexOf(name);
}

/** What BPF_MAP_CREATE is asked for; a number that is left out is 0. */
export interface MapSpec {
  map_type: number;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags?: number;
  inner_map_fd?: number;
  map_name?: string;
  btf_fd?: number;
  btf_key_type_id?: number;
  btf_value_type_id?: number;
  btf_vmlinux_value_type_id?: number;
  map_extra?: bigint;
}

/** What BPF_PROG_LOAD is asked for; the addresses are those of buffers that the caller keeps alive. */
export interface ProgramSpec {
  prog_type: number;
  insns: bigint;
  insn_cnt: number;
  license: bigint;
  log_level?: number;
  log_buf?: bigint;
  log_size?: number;
  prog_name?: string;
  expected_attach_type?: number;
  attach_btf_id?: number;
}

/** Writes fields of `union bpf_attr` in one byte order. */
class Attr {
  readonly bytes: Buffer;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(size: number, order: ByteOrder) {
    this.bytes = Buffer.alloc(size);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.#little = order === 'LE';
  }

  u32(offset: number, value = 0): this {
    this.#view.setUint32(offset, value, this.#little);
    return this;
  }

  u64(offset: number, value = 0n): this {
    this.#view.setBigUint64(offset, value, this.#little);
    return this;
  }

  name(offset: number, text = ''): this {
    this.bytes.write(text, offset, BPF_OBJ_NAME_MAX, 'latin1');
    return this;
  }
}

/** `union bpf_attr` of BPF_MAP_CREATE. */
export function encodeMapCreate(spec: MapSpec, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(72, order)
    .u32(0, spec.map_type)
    .u32(4, spec.key_size)
    .u32(8, spec.value_size)
    .u32(12, spec.max_entries)
    .u32(16, spec.map_flags)
    .u32(20, spec.inner_map_fd)
    .name(28, spec.map_name)
    .u32(48, spec.btf_fd)
    .u32(52, spec.btf_key_type_id)
    .u32(56, spec.btf_value_type_id)
    .u32(60, spec.btf_vmlinux_value_type_id)
    .u64(64, spec.map_extra).bytes;
}

/** `union bpf_attr` of the commands on one element: lookup, update and delete; `value` is 0n where there is none. */
export function encodeMapElement(
  mapFd: number,
  key: bigint,
  value: bigint,
  flags = 0n,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new Attr(32, order).u32(0, mapFd).u64(8, key).u64(16, value).u64(24, flags).bytes;
}

/** What BPF_MAP_LOOKUP_BATCH is asked for; the addresses are those of buffers that the caller keeps alive. */
export interface MapBatch {
  map_fd: number;
  /** Where the batch before ended; 0n for the first. */
  in_batch: bigint;
  /** Where the kernel puts the end of this one. */
  out_batch: bigint;
  keys: bigint;
  values: bigint;
  /** How many there is room for. */
  count: number;
}

/** `union bpf_attr` of BPF_MAP_LOOKUP_BATCH. Since: Linux 5.6. */
export function encodeMapBatch(batch: MapBatch, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(56, order)
    .u64(0, batch.in_batch)
    .u64(8, batch.out_batch)
    .u64(16, batch.keys)
    .u64(24, batch.values)
    .u32(32, batch.count)
    .u32(36, batch.map_fd).bytes;
}

/** How many elements the kernel handed out, from the attribute of BPF_MAP_LOOKUP_BATCH; also where it answers ENOENT. */
export function decodeBatchCount(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 32, order);
}

/** `union bpf_attr` of BPF_PROG_LOAD. It ends after `attach_btf_id`, so that kernels since 5.5 take it as it is. */
export function encodeProgramLoad(spec: ProgramSpec, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(112, order)
    .u32(0, spec.prog_type)
    .u32(4, spec.insn_cnt)
    .u64(8, spec.insns)
    .u64(16, spec.license)
    .u32(24, spec.log_level)
    .u32(28, spec.log_size)
    .u64(32, spec.log_buf)
    .name(48, spec.prog_name)
    .u32(68, spec.expected_attach_type)
    .u32(108, spec.attach_btf_id).bytes;
}

/** `union bpf_attr` of BPF_PROG_TEST_RUN: runs a program `repeat` times on the packet `data`. Since: Linux 4.12. */
export function encodeTestRun(
  programFd: number,
  data: bigint,
  length: number,
  repeat: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new Attr(48, order).u32(0, programFd).u32(8, length).u64(16, data).u32(32, repeat).bytes;
}

/** `union bpf_attr` of BPF_LINK_CREATE, without the part that depends on the attach type. */
export function encodeLinkCreate(
  programFd: number,
  attachType: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new Attr(32, order).u32(0, programFd).u32(8, attachType).bytes;
}

/** `union bpf_attr` of BPF_ITER_CREATE. */
export function encodeIterCreate(linkFd: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(8, order).u32(0, linkFd).bytes;
}

/** `union bpf_attr` of BPF_OBJ_PIN (`fd` is the object) and of BPF_OBJ_GET (`fd` is 0). */
export function encodeObjectPath(path: bigint, fd: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(16, order).u64(0, path).u32(8, fd).bytes;
}

/** `union bpf_attr` of BPF_{MAP,PROG,LINK}_GET_NEXT_ID: the kernel puts the next id behind `startId`. */
export function encodeGetNextId(startId: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(12, order).u32(0, startId).bytes;
}

/** The id that the kernel put into the attribute of BPF_{MAP,PROG,LINK}_GET_NEXT_ID. */
export function decodeNextId(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 4, order);
}

/** Makes the id that the kernel put into the attribute the start of the next call. */
export function repeatFromNextId(attr: Buffer): void {
  attr.copyWithin(0, 4, 8);
}

/** `union bpf_attr` of BPF_{MAP,PROG,LINK,BTF}_GET_FD_BY_ID. */
export function encodeGetFdById(id: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(12, order).u32(0, id).bytes;
}

/** `union bpf_attr` of BPF_OBJ_GET_INFO_BY_FD: the kernel writes at most `length` bytes to `info`. */
export function encodeGetInfoByFd(
  fd: number,
  info: bigint,
  length: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new Attr(16, order).u32(0, fd).u32(4, length).u64(8, info).bytes;
}

/** How many bytes of the info structure the kernel filled, from the attribute of BPF_OBJ_GET_INFO_BY_FD. */
export function decodeInfoLength(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 4, order);
}

/** What the kernel says about a map. Unit: sizes in bytes. */
export interface MapInfo {
  type: number;
  id: number;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags: number;
  /** At most 15 characters; empty where the map has none. Since: Linux 4.15. */
  name: string;
  /** The BTF object that describes key and value; 0 where the map has none. Since: Linux 4.18. */
  btf_id: number | undefined;
  btf_key_type_id: number | undefined;
  btf_value_type_id: number | undefined;
  /** Of a struct_ops map: the kernel's type that it fills in. Since: Linux 5.6. */
  btf_vmlinux_value_type_id: number | undefined;
  /** The number of hash functions of a bloom filter, the address of an arena. Since: Linux 5.16. */
  map_extra: bigint | undefined;
}

/** Room for `struct bpf_map_info`: 88 bytes on 6.12. */
export const MAP_INFO_SIZE = 88;

/** `struct bpf_map_info`, of which the kernel filled `length` bytes. Since: Linux 4.13. */
export function decodeMapInfo(bytes: Buffer, length: number, order: ByteOrder = HOST_BYTE_ORDER): MapInfo {
  const u32 = (offset: number) => (offset + 4 <= length ? readU32(bytes, offset, order) : undefined);
  return {
    type: readU32(bytes, 0, order),
    id: readU32(bytes, 4, order),
    key_size: readU32(bytes, 8, order),
    value_size: readU32(bytes, 12, order),
    max_entries: readU32(bytes, 16, order),
    map_flags: readU32(bytes, 20, order),
    name: length >= 40 ? readName(bytes, 24) : '',
    btf_vmlinux_value_type_id: u32(44),
    btf_id: u32(64),
    btf_key_type_id: u32(68),
    btf_value_type_id: u32(72),
    map_extra: length >= 88 ? readU64(bytes, 80, order) : undefined,
  };
}

/** What the kernel says about a program. */
export interface ProgramInfo {
  type: number;
  id: number;
  /** SHA-1 of the instructions, its first 8 bytes as 16 hex digits. */
  tag: string;
  /** Length of the machine code. Unit: bytes. 0 where the program is interpreted. */
  jited_prog_len: number;
  /** Length of the instructions after the verifier rewrote them. Unit: bytes. */
  xlated_prog_len: number;
  /** When it was loaded. Unit: ns since boot. Since: Linux 4.15. */
  load_time: bigint;
  created_by_uid: number;
  /** How many maps it uses; their ids go where `map_ids` of the structure points to. */
  nr_map_ids: number;
  /** At most 15 characters; empty where the program has none. Since: Linux 4.15. */
  name: string;
  /** Since: Linux 4.18. */
  gpl_compatible: boolean | undefined;
  /** The BTF object that describes its functions; 0 where it has none. Since: Linux 5.0. */
  btf_id: number | undefined;
  /** Unit: ns. Counts only while `kernel.bpf_stats_enabled` is 1. Since: Linux 5.1. */
  run_time_ns: bigint | undefined;
  run_cnt: bigint | undefined;
  /** Runs that were left out since the program was already running. Since: Linux 5.12. */
  recursion_misses: bigint | undefined;
}

/** Room for `struct bpf_prog_info`: 232 bytes on 6.12. */
export const PROGRAM_INFO_SIZE = 232;

/** `struct bpf_prog_info` that asks the kernel for up to `count` map ids at the address `mapIds`. */
export function encodeProgramInfo(mapIds: bigint, count: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(PROGRAM_INFO_SIZE, order).u32(52, count).u64(56, mapIds).bytes;
}

/** `struct bpf_prog_info`, of which the kernel filled `length` bytes. Since: Linux 4.13. */
export function decodeProgramInfo(
  bytes: Buffer,
  length: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): ProgramInfo {
  const u64 = (offset: number) => (offset + 8 <= length ? readU64(bytes, offset, order) : undefined);
  // gpl_compatible is the first bit field of its word: compilers count from the end that comes first in memory.
  const firstBit = order === 'LE' ? 0x01 : 0x80;
  return {
    type: readU32(bytes, 0, order),
    id: readU32(bytes, 4, order),
    tag: bytes.toString('hex', 8, 16),
    jited_prog_len: readU32(bytes, 16, order),
    xlated_prog_len: readU32(bytes, 20, order),
    load_time: readU64(bytes, 40, order),
    created_by_uid: readU32(bytes, 48, order),
    nr_map_ids: readU32(bytes, 52, order),
    name: length >= 80 ? readName(bytes, 64) : '',
    gpl_compatible: length >= 88 ? (readByte(bytes, 84) & firstBit) !== 0 : undefined,
    btf_id: length >= 132 ? readU32(bytes, 128, order) : undefined,
    run_time_ns: u64(192),
    run_cnt: u64(200),
    recursion_misses: u64(208),
  };
}

/** What the kernel says about every kind of link. */
export interface LinkInfo {
  type: number;
  id: number;
  /** The program that it attaches; 0 where it has none (struct_ops). */
  prog_id: number;
}

/** Room for `struct bpf_link_info`; what follows the first 16 bytes depends on the type, and we don't read it. */
export const LINK_INFO_SIZE = 16;

/** `struct bpf_link_info`. Since: Linux 5.8. */
export function decodeLinkInfo(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): LinkInfo {
  return {
    type: readU32(bytes, 0, order),
    id: readU32(bytes, 4, order),
    prog_id: readU32(bytes, 8, order),
  };
}

/** `union bpf_attr` of BPF_BTF_LOAD. Since: Linux 4.18. */
export function encodeBtfLoad(btf: bigint, size: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(28, order).u64(0, btf).u32(16, size).bytes;
}

/** `struct bpf_btf_info` that asks the kernel for up to `size` bytes of types at the address `btf`. */
export function encodeBtfInfo(btf: bigint, size: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new Attr(16, order).u64(0, btf).u32(8, size).bytes;
}

/** The size of all types, from the `struct bpf_btf_info` that the kernel filled. Unit: bytes. Since: Linux 4.18. */
export function decodeBtfSize(info: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(info, 8, order);
}

/** The first `count` numbers of an array of `__u32`. */
export function decodeU32Array(bytes: Buffer, count: number, order: ByteOrder = HOST_BYTE_ORDER): number[] {
  return Array.from({ length: count }, (_, index) => readU32(bytes, index * 4, order));
}

function readU32(bytes: Buffer, offset: number, order: ByteOrder): number {
  return order === 'LE' ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

function readU64(bytes: Buffer, offset: number, order: ByteOrder): bigint {
  return order === 'LE' ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
}

function readByte(bytes: Buffer, offset: number): number {
  return bytes.readUInt8(offset);
}

function readName(bytes: Buffer, offset: number): string {
  const text = bytes.toString('latin1', offset, offset + BPF_OBJ_NAME_MAX + 1);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
