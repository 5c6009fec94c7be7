/**
 * Encodes and decodes `union bpf_attr` of bpf(2).
 *
 * Source: `include/uapi/linux/bpf.h`. The kernel takes a shorter structure as one that ends in zeros.
 */
import { type ByteOrder, HOST_BYTE_ORDER, readU32, StructWriter } from './bpf-struct.ts';

/** Arguments of BPF_MAP_CREATE; omitted numbers are 0. */
export interface MapSpec {
  map_type: number;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags?: number;
  inner_map_fd?: number;
  numa_node?: number;
  map_name?: string;
  btf_fd?: number;
  btf_key_type_id?: number;
  btf_value_type_id?: number;
  btf_vmlinux_value_type_id?: number;
  map_extra?: bigint;
}

/** Arguments of BPF_PROG_LOAD; the caller keeps the buffers behind the addresses alive. */
export interface ProgramSpec {
  prog_type: number;
  insns: bigint;
  insn_cnt: number;
  license: bigint;
  log_level?: number;
  log_buf?: bigint;
  log_size?: number;
  /** `BPF_F_*`, such as BPF_F_SLEEPABLE. */
  prog_flags?: number;
  prog_name?: string;
  expected_attach_type?: number;
  /** The BTF descriptor for the types of its functions, from BPF_BTF_LOAD. */
  prog_btf_fd?: number;
  /** `struct bpf_func_info`: start and type of each function. */
  func_info?: ProgramRecords;
  /** `struct bpf_line_info`: source line of each instruction. */
  line_info?: ProgramRecords;
  attach_btf_id?: number;
}

/** Records about instructions, in memory that the caller keeps alive. */
export interface ProgramRecords {
  address: bigint;
  count: number;
  /** Size of one record. Unit: bytes. */
  size: number;
}

/** `union bpf_attr` of BPF_MAP_CREATE. */
export function encodeMapCreate(spec: MapSpec, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(72, order)
    .u32(0, spec.map_type)
    .u32(4, spec.key_size)
    .u32(8, spec.value_size)
    .u32(12, spec.max_entries)
    .u32(16, spec.map_flags)
    .u32(20, spec.inner_map_fd)
    .u32(24, spec.numa_node)
    .name(28, spec.map_name)
    .u32(48, spec.btf_fd)
    .u32(52, spec.btf_key_type_id)
    .u32(56, spec.btf_value_type_id)
    .u32(60, spec.btf_vmlinux_value_type_id)
    .u64(64, spec.map_extra).bytes;
}

/**
 * `union bpf_attr` of the commands on one element: lookup, update and delete; `value` is 0n if unused.
 */
export function encodeMapElement(
  mapFd: number,
  key: bigint,
  value: bigint,
  flags = 0n,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new StructWriter(32, order).u32(0, mapFd).u64(8, key).u64(16, value).u64(24, flags).bytes;
}

/** Arguments of BPF_MAP_LOOKUP_BATCH; the caller keeps the buffers behind the addresses alive. */
export interface MapBatch {
  map_fd: number;
  /** Position after the previous batch; 0n for the first. */
  in_batch: bigint;
  /** Where the kernel stores the position after this batch. */
  out_batch: bigint;
  keys: bigint;
  values: bigint;
  /** Capacity of the buffers, in elements. */
  count: number;
}

/** `union bpf_attr` of BPF_MAP_LOOKUP_BATCH. Since: Linux 5.6. */
export function encodeMapBatch(batch: MapBatch, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(56, order)
    .u64(0, batch.in_batch)
    .u64(8, batch.out_batch)
    .u64(16, batch.keys)
    .u64(24, batch.values)
    .u32(32, batch.count)
    .u32(36, batch.map_fd).bytes;
}

/**
 * Number of elements that BPF_MAP_LOOKUP_BATCH returned, from its attribute; also valid after ENOENT.
 */
export function decodeBatchCount(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 32, order);
}

/**
 * `union bpf_attr` of BPF_PROG_LOAD. It ends after `attach_btf_id`, so all kernels since 5.5 accept it.
 */
export function encodeProgramLoad(spec: ProgramSpec, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(112, order)
    .u32(0, spec.prog_type)
    .u32(4, spec.insn_cnt)
    .u64(8, spec.insns)
    .u64(16, spec.license)
    .u32(24, spec.log_level)
    .u32(28, spec.log_size)
    .u64(32, spec.log_buf)
    .u32(44, spec.prog_flags)
    .name(48, spec.prog_name)
    .u32(68, spec.expected_attach_type)
    .u32(72, spec.prog_btf_fd)
    .u32(76, spec.func_info?.size)
    .u64(80, spec.func_info?.address)
    .u32(88, spec.func_info?.count)
    .u32(92, spec.line_info?.size)
    .u64(96, spec.line_info?.address)
    .u32(104, spec.line_info?.count)
    .u32(108, spec.attach_btf_id).bytes;
}

/**
 * `union bpf_attr` of BPF_PROG_TEST_RUN: runs a program `repeat` times on the packet `data`. Since: Linux
 * 4.12.
 */
export function encodeTestRun(
  programFd: number,
  data: bigint,
  length: number,
  repeat: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new StructWriter(48, order).u32(0, programFd).u32(8, length).u64(16, data).u32(32, repeat).bytes;
}

/**
 * `union bpf_attr` of BPF_PROG_TEST_RUN for a program of type SYSCALL. The program may modify the context at
 * this address; without a context its size is 0. Since: Linux 5.14.
 */
export function encodeContextRun(
  programFd: number,
  context: bigint,
  length: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new StructWriter(80, order).u32(0, programFd).u32(40, length).u64(48, context).bytes;
}

/** The program's return value, from the attribute of BPF_PROG_TEST_RUN. */
export function decodeRunResult(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 4, order);
}

/** `union bpf_attr` of BPF_MAP_FREEZE: user space can no longer modify the map. Since: Linux 5.2. */
export function encodeMapFreeze(mapFd: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(8, order).u32(0, mapFd).bytes;
}

/** Which objects an iterator is about. Source: `union bpf_iter_link_info`. */
export type IteratorTarget =
  /** The elements of a map. */
  | { map_fd: number }
  /** A thread, all threads of a process, or the process behind a pidfd. Since: Linux 6.1. */
  | { tid: number }
  | { pid: number }
  | { pid_fd: number }
  /** Cgroups, starting at one: `order` is one of `BPF_CGROUP_ITER_*`. Since: Linux 6.1. */
  | { cgroup_fd: number; order: number };

/** `union bpf_iter_link_info`. */
export function encodeIteratorTarget(target: IteratorTarget, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  const info = new StructWriter(16, order);
  if ('map_fd' in target) return info.u32(0, target.map_fd).bytes;
  if ('tid' in target) return info.u32(0, target.tid).bytes;
  if ('pid' in target) return info.u32(4, target.pid).bytes;
  if ('pid_fd' in target) return info.u32(8, target.pid_fd).bytes;
  return info.u32(0, target.order).u32(4, target.cgroup_fd).bytes;
}

/**
 * `union bpf_attr` of BPF_LINK_CREATE; for an iterator over a subset of objects, with address and length of a
 * `union bpf_iter_link_info`.
 */
export function encodeLinkCreate(
  programFd: number,
  attachType: number,
  order: ByteOrder = HOST_BYTE_ORDER,
  target: { address: bigint; length: number } = { address: 0n, length: 0 },
): Buffer {
  return new StructWriter(32, order)
    .u32(0, programFd)
    .u32(8, attachType)
    .u64(16, target.address)
    .u32(24, target.length).bytes;
}

/** `union bpf_attr` of BPF_ITER_CREATE. */
export function encodeIterCreate(linkFd: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(8, order).u32(0, linkFd).bytes;
}

/** `union bpf_attr` of BPF_OBJ_PIN (`fd` is the object) and of BPF_OBJ_GET (`fd` is 0). */
export function encodeObjectPath(path: bigint, fd: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(16, order).u64(0, path).u32(8, fd).bytes;
}

/** `union bpf_attr` of BPF_{MAP,PROG,LINK}_GET_NEXT_ID; the kernel stores the next id after `startId`. */
export function encodeGetNextId(startId: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(12, order).u32(0, startId).bytes;
}

/** The next id, from the attribute of BPF_{MAP,PROG,LINK}_GET_NEXT_ID. */
export function decodeNextId(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 4, order);
}

/** Copies the next id to the start id for the next call. */
export function repeatFromNextId(attr: Buffer): void {
  attr.copyWithin(0, 4, 8);
}

/** `union bpf_attr` of BPF_{MAP,PROG,LINK,BTF}_GET_FD_BY_ID. */
export function encodeGetFdById(id: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(12, order).u32(0, id).bytes;
}

/** `union bpf_attr` of BPF_OBJ_GET_INFO_BY_FD: the kernel writes at most `length` bytes to `info`. */
export function encodeGetInfoByFd(
  fd: number,
  info: bigint,
  length: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): Buffer {
  return new StructWriter(16, order).u32(0, fd).u32(4, length).u64(8, info).bytes;
}

/**
 * Number of bytes that the kernel wrote to the info structure, from the attribute of BPF_OBJ_GET_INFO_BY_FD.
 */
export function decodeInfoLength(attr: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(attr, 4, order);
}

/** `union bpf_attr` of BPF_BTF_LOAD. Since: Linux 4.18. */
export function encodeBtfLoad(btf: bigint, size: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(28, order).u64(0, btf).u32(16, size).bytes;
}
