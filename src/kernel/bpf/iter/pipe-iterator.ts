/** Pipes with the data that waits in them. */
import type { PreparedObject } from '../load/prepared-object.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { RecordReader } from './record-reader.ts';

/** A descriptor of a pipe. Source: `struct pipe_inode_info` in include/linux/pipe_fs_i.h. */
export interface PipeRecord {
  /** Recognises the pipe while it exists. An address of the kernel: never print or record it. */
  identity: bigint;
  /** As in `pipe:[INODE]`. */
  inode: bigint;
  /** The device of its file system, in the kernel's own encoding. */
  device: number;
  /** The process, in our pid namespace; 0 outside it. */
  pid: number;
  fd: number;
  readers: number;
  writers: number;
  slots: number;
  /** Slots with data. */
  usedSlots: number;
  /** Pages that the pipe has allocated for data; others are lent to it, as by splice(2). */
  ownPages: number;
  /** Unit: bytes. */
  dataBytes: number;
  /** Pages that are kept for the next write. */
  sparePages: number;
}

/** `struct pipe_record` of pipe-iterator.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = {
  identity: 0,
  inode: 8,
  device: 16,
  pid: 20,
  fd: 24,
  readers: 28,
  writers: 32,
  slots: 36,
  usedSlots: 40,
  countedSlots: 44,
  ownPages: 48,
  dataBytes: 52,
  sparePages: 56,
} as const;

/** Size of the record of one descriptor. Unit: bytes. */
export const PIPE_RECORD_SIZE = 64;

/**
 * An iterator over the descriptors of pipes and named pipes, of all processes.
 *
 * Source: the iterator `task_file`. Since: Linux 5.8. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openPipeIterator(bpf: Bpf, object: PreparedObject): ObjectIterator<PipeRecord> {
  const iterator = openIterator(bpf, { object, name: 'cmemstat_pipes', since: '5.8' });
  return readObjects(iterator, (bytes) => decodePipeRecords(bytes));
}

/** Decodes the output of the iterator program; what was counted in a part of the slots is extrapolated. */
export function decodePipeRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): PipeRecord[] {
  const records = new RecordReader(bytes, order);
  const pipes: PipeRecord[] = [];
  for (let base = 0; base + PIPE_RECORD_SIZE <= bytes.length; base += PIPE_RECORD_SIZE) {
    const u32 = (field: keyof typeof FIELDS) => records.u32(base + FIELDS[field]);
    const usedSlots = u32('usedSlots');
    const scale = usedSlots / Math.max(1, u32('countedSlots'));
    pipes.push({
      identity: records.identity(base + FIELDS.identity),
      inode: records.identity(base + FIELDS.inode),
      device: u32('device'),
      pid: u32('pid'),
      fd: u32('fd'),
      readers: u32('readers'),
      writers: u32('writers'),
      slots: u32('slots'),
      usedSlots,
      ownPages: Math.round(u32('ownPages') * scale),
      dataBytes: Math.round(u32('dataBytes') * scale),
      sparePages: u32('sparePages'),
    });
  }
  return pipes;
}
