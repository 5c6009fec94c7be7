import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import type { IteratorObjects } from './iterator-objects.ts';
import { RecordReader } from './record-reader.ts';

/**
 * A program as the kernel represents it internally. Since: Linux 5.9.
 * Source: `struct bpf_prog`, and `struct bpf_prog_aux` in include/linux/bpf.h.
 */
export interface KernelProgram {
  id: number;
  /** `BPF_PROG_TYPE_*`. */
  type: number;
  /** At most 15 characters; empty if the program has no name. */
  name: string;
  /** 16 hex digits. */
  tag: string;
  /** Pages of its main function: `memlock` in fdinfo. */
  pages: number;
  /**
   * Pages of its subprograms, which the kernel stores as separate programs when jited; not included in
   * `memlock`.
   */
  functionPages: number;
  /** Length of the instructions after rewriting by the verifier. Unit: bytes. */
  xlated_prog_len: number;
  /** Length of the machine code; 0 if interpreted. Unit: bytes. */
  jited_prog_len: number;
  /** Load time. Unit: ns since boot. */
  load_time: bigint;
  created_by_uid: number;
  gpl_compatible: boolean | undefined;
  /** Id of the BTF object that describes its functions; 0 if none. */
  btf_id: number;
  /** The maps that it uses, in the order of its instructions. */
  map_ids: number[];
  /** Reference count: descriptors, pins, links, prog_arrays. Excludes the iterator's own reference. */
  refcnt: number;
}

/** `struct program_record` of program-iterator.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = {
  id: 0,
  type: 4,
  pages: 8,
  functionPages: 12,
  instructions: 16,
  jitedLength: 20,
  uid: 24,
  gpl: 28,
  btf_id: 32,
  func_cnt: 36,
  used_map_cnt: 40,
  /** Number of map ids after the record, 4 bytes each. */
  listedMaps: 44,
} as const;
const TAG = 48;
const NAME = 56;
const LOAD_TIME = 72;
const REFCNT = 80;

/** Size of the record of one program, without the map ids. Unit: bytes. */
export const PROGRAM_RECORD_SIZE = 88;

const INSTRUCTION_SIZE = 8;
const GPL_UNKNOWN = 0x1_0000;

/**
 * What an iterator reads of each program. The higher it is, the longer the kernel takes to load the iterator.
 */
export interface ProgramLimits {
  readonly functions: number;
  readonly usedMaps: number;
}

/** Enough for nearly all programs: loading takes 1.5 ms. */
export const COMMON_PROGRAM_LIMITS: ProgramLimits = { functions: 8, usedMaps: 16 };

/**
 * Enough for all programs that the kernel loads: loading takes 22 ms.
 *
 * Source: `BPF_MAX_SUBPROGS` and `MAX_USED_MAPS` in `include/linux/bpf_verifier.h`.
 */
export const ALL_PROGRAM_LIMITS: ProgramLimits = { functions: 256, usedMaps: 64 };

/** The programs of one reading. */
interface ProgramRecords {
  readonly programs: readonly KernelProgram[];
  /** Whether a program has more functions or maps than the iterator reads. */
  readonly exceedsLimits: boolean;
}

/** A repeatable listing of the host's programs. */
export interface ProgramIterator extends ObjectIterator<KernelProgram> {
  /** Whether in the last reading a program had more functions or maps than the limits. */
  exceedsLimits(): boolean;
}

/**
 * An iterator over the programs of this host.
 *
 * Source: the iterator `bpf_prog`. Since: Linux 5.9. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openProgramIterator(
  bpf: Bpf,
  objects: IteratorObjects,
  limits = ALL_PROGRAM_LIMITS,
): ProgramIterator {
  const iterator = openIterator(bpf, {
    object: objects.prepared('program-iterator'),
    name: 'cmemstat_progs',
    since: '5.9',
    constants: { max_functions: BigInt(limits.functions), max_used_maps: BigInt(limits.usedMaps) },
  });
  let exceedsLimits = false;
  const decode = (bytes: Buffer) => {
    const records = decodeProgramRecords(bytes, limits);
    exceedsLimits = records.exceedsLimits;
    return records.programs;
  };
  return { ...readObjects(iterator, decode), exceedsLimits: () => exceedsLimits };
}

/** Decodes the output of the iterator program. */
export function decodeProgramRecords(
  bytes: Buffer,
  limits: ProgramLimits,
  order: ByteOrder = HOST_BYTE_ORDER,
): ProgramRecords {
  const records = new RecordReader(bytes, order);
  const programs: KernelProgram[] = [];
  let exceedsLimits = false;
  let base = 0;
  while (base + PROGRAM_RECORD_SIZE <= bytes.length) {
    const mapCount = records.u32(base + FIELDS.listedMaps);
    const gpl = records.u32(base + FIELDS.gpl);
    const firstMap = base + PROGRAM_RECORD_SIZE;
    const end = firstMap + 4 * mapCount;
    if (end > bytes.length) break;
    exceedsLimits ||=
      records.u32(base + FIELDS.func_cnt) > limits.functions ||
      records.u32(base + FIELDS.used_map_cnt) > mapCount;
    programs.push({
      id: records.u32(base + FIELDS.id),
      type: records.u32(base + FIELDS.type),
      name: records.text(base + NAME, 16),
      tag: records.hex(base + TAG, 8),
      pages: records.u32(base + FIELDS.pages),
      functionPages: records.u32(base + FIELDS.functionPages),
      xlated_prog_len: records.u32(base + FIELDS.instructions) * INSTRUCTION_SIZE,
      jited_prog_len: records.u32(base + FIELDS.jitedLength),
      load_time: records.identity(base + LOAD_TIME),
      created_by_uid: records.u32(base + FIELDS.uid),
      gpl_compatible: gpl === GPL_UNKNOWN ? undefined : gpl !== 0,
      btf_id: records.u32(base + FIELDS.btf_id),
      // A concurrent BPF_PROG_BIND_MAP replaces the array: a pointer into the old one reads as 0.
      map_ids: Array.from({ length: mapCount }, (_, index) => records.u32(firstMap + 4 * index)).filter(
        (id) => id !== 0,
      ),
      // Exclude the reference that the iterator itself holds.
      refcnt: records.s64(base + REFCNT) - 1,
    });
    base = end;
  }
  return { programs, exceedsLimits };
}
