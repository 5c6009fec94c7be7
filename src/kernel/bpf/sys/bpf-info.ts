/**
 * Encodes and decodes the info structures of bpf(2), which describe objects.
 *
 * Source: `include/uapi/linux/bpf.h`. The kernel fills no more of an info structure than it knows itself:
 * fields past that length are absent, not 0.
 */
import { type ByteOrder, HOST_BYTE_ORDER, readName, readU32, readU64, StructWriter } from './bpf-struct.ts';

/** `struct bpf_map_info`. Unit: sizes in bytes. */
export interface MapInfo {
  type: number;
  id: number;
  key_size: number;
  value_size: number;
  max_entries: number;
  map_flags: number;
  /** At most 15 characters; empty if the map has no name. Since: Linux 4.15. */
  name: string;
  /** Id of the BTF object that describes key and value; 0 if none. Since: Linux 4.18. */
  btf_id: number | undefined;
  btf_key_type_id: number | undefined;
  btf_value_type_id: number | undefined;
  /** For a struct_ops map: id of its value type in the kernel's BTF. Since: Linux 5.6. */
  btf_vmlinux_value_type_id: number | undefined;
  /** The number of hash functions of a bloom filter, the address of an arena. Since: Linux 5.16. */
  map_extra: bigint | undefined;
}

/** Buffer size for `struct bpf_map_info`, which has 88 bytes on 6.12. Unit: bytes. */
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

/** `struct bpf_prog_info`. */
export interface ProgramInfo {
  type: number;
  id: number;
  /** SHA-1 of the instructions, its first 8 bytes as 16 hex digits. */
  tag: string;
  /** Length of the machine code; 0 if interpreted. Unit: bytes. */
  jited_prog_len: number;
  /** Length of the instructions after rewriting by the verifier. Unit: bytes. */
  xlated_prog_len: number;
  /** Load time. Unit: ns since boot. Since: Linux 4.15. */
  load_time: bigint;
  created_by_uid: number;
  /** Number of maps that it uses; the ids are stored where `map_ids` of the structure points. */
  nr_map_ids: number;
  /** At most 15 characters; empty if the program has no name. Since: Linux 4.15. */
  name: string;
  /** Since: Linux 4.18. */
  gpl_compatible: boolean | undefined;
  /** Id of the BTF object that describes its functions; 0 if none. Since: Linux 5.0. */
  btf_id: number | undefined;
  /** Only counts while `kernel.bpf_stats_enabled` is 1. Unit: ns. Since: Linux 5.1. */
  run_time_ns: bigint | undefined;
  run_cnt: bigint | undefined;
  /** Runs skipped because the program was already running. Since: Linux 5.12. */
  recursion_misses: bigint | undefined;
}

/** Buffer size for `struct bpf_prog_info`, which has 232 bytes on 6.12. Unit: bytes. */
export const PROGRAM_INFO_SIZE = 232;

/** `struct bpf_prog_info` that requests up to `count` map ids at the address `mapIds`. */
export function encodeProgramInfo(mapIds: bigint, count: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(PROGRAM_INFO_SIZE, order).u32(52, count).u64(56, mapIds).bytes;
}

/** `struct bpf_prog_info`, of which the kernel filled `length` bytes. Since: Linux 4.13. */
export function decodeProgramInfo(
  bytes: Buffer,
  length: number,
  order: ByteOrder = HOST_BYTE_ORDER,
): ProgramInfo {
  const u64 = (offset: number) => (offset + 8 <= length ? readU64(bytes, offset, order) : undefined);
  // gpl_compatible is the first bit field of its word: compilers allocate bit fields from the end that is
  // first in memory.
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
    gpl_compatible: length >= 88 ? (bytes.readUInt8(84) & firstBit) !== 0 : undefined,
    btf_id: length >= 132 ? readU32(bytes, 128, order) : undefined,
    run_time_ns: u64(192),
    run_cnt: u64(200),
    recursion_misses: u64(208),
  };
}

/** `struct bpf_link_info`, the part that is common to all link types. */
export interface LinkInfo {
  type: number;
  id: number;
  /** The attached program; 0 if none (struct_ops). */
  prog_id: number;
}

/**
 * Buffer size for `struct bpf_link_info`; fields after the first 16 bytes depend on the type and are not
 * decoded.
 */
export const LINK_INFO_SIZE = 16;

/** `struct bpf_link_info`. Since: Linux 5.8. */
export function decodeLinkInfo(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): LinkInfo {
  return {
    type: readU32(bytes, 0, order),
    id: readU32(bytes, 4, order),
    prog_id: readU32(bytes, 8, order),
  };
}

/** `struct bpf_btf_info` that requests up to `size` bytes of types at the address `btf`. */
export function encodeBtfInfo(btf: bigint, size: number, order: ByteOrder = HOST_BYTE_ORDER): Buffer {
  return new StructWriter(16, order).u64(0, btf).u32(8, size).bytes;
}

/**
 * Total size of the types, from the `struct bpf_btf_info` that the kernel filled. Unit: bytes. Since: Linux
 * 4.18.
 */
export function decodeBtfSize(info: Buffer, order: ByteOrder = HOST_BYTE_ORDER): number {
  return readU32(info, 8, order);
}
