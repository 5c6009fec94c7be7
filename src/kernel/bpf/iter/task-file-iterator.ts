import { closeSync } from 'node:fs';
import { UnsupportedError } from '../../../errors.ts';
import type { PreparedObject } from '../load/prepared-object.ts';
import { encodeMapCreate } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import type { ObjectKind } from '../sys/objects.ts';
import { type BpfIterator, type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import type { IteratorObjects } from './iterator-objects.ts';
import { RecordReader } from './record-reader.ts';

/** A descriptor for a BPF object in a process. Since: Linux 5.8. Source: kernel/bpf/task_iter.c. */
export interface ObjectHolder {
  /** Process id in our pid namespace. Processes outside it are not listed. */
  pid: number;
  /** The name of its main thread, at most 15 characters. */
  comm: string;
  fd: number;
  kind: ObjectKind;
  /** The id of the object. */
  id: number;
}

/** `struct holder_record` of task-file-iterator.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = { pid: 0, fd: 4, kind: 8, id: 12 } as const;
const COMM = 16;

/** Size of the record of one descriptor. Unit: bytes. */
export const HOLDER_RECORD_SIZE = 32;

const KINDS: readonly ObjectKind[] = ['map', 'program', 'link'];

/**
 * `struct learnt_record` of task-file-iterator.bpf.c: a descriptor, its release function, and the pid
 * namespace of its process.
 */
const LEARNT = { fd: 0, pidLevel: 4, release: 8, pidNamespace: 16 } as const;
const LEARNT_RECORD_SIZE = 24;

/**
 * An iterator over the descriptors of BPF objects of all processes.
 *
 * The release function of a file identifies the kind of object. Its address is learned from our own
 * descriptors, since kernel symbols are usually hidden; since Linux 6.9 links have two file_operations tables
 * that share it.
 * Source: the iterator `task_file`. Since: Linux 5.8. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openTaskFileIterator(bpf: Bpf, objects: IteratorObjects): ObjectIterator<ObjectHolder> {
  const object = objects.prepared('task-file-iterator');
  const constants = learnConstants(bpf, object);
  const iterator = openIterator(bpf, { object, name: 'cmemstat_files', since: '5.8', constants });
  return readObjects(iterator, (bytes) => decodeHolderRecords(bytes));
}

/**
 * Values that differ per boot and per container: the address of the release function of each kind of object;
 * the address and level of our pid namespace. Never print them.
 */
function learnConstants(bpf: Bpf, object: PreparedObject): Record<string, bigint> {
  const iterator = openIterator(bpf, { object, name: 'cmemstat_learn', since: '5.8' });
  try {
    const attr = encodeMapCreate({
      map_type: mapTypeNumber('array'),
      key_size: 4,
      value_size: 4,
      max_entries: 1,
    });
    const mapFd = bpf.call('BPF_MAP_CREATE', attr);
    try {
      return decodeConstants(iterator, mapFd);
    } finally {
      closeSync(mapFd);
    }
  } finally {
    iterator.close();
  }
}

function decodeConstants(iterator: BpfIterator, mapFd: number): Record<string, bigint> {
  const bytes = iterator.read();
  const records = new RecordReader(bytes, HOST_BYTE_ORDER);
  const bases = new Map<number, number>();
  for (let base = 0; base + LEARNT_RECORD_SIZE <= bytes.length; base += LEARNT_RECORD_SIZE) {
    bases.set(records.u32(base + LEARNT.fd), base);
  }
  const baseOf = (fd: number): number => {
    const base = bases.get(fd);
    if (base === undefined) {
      throw new UnsupportedError('task_file', 'the BPF task_file iterator does not list our own descriptors');
    }
    return base;
  };
  const releaseOf = (fd: number) => records.identity(baseOf(fd) + LEARNT.release);
  const any = baseOf(mapFd);
  return {
    map_release: releaseOf(mapFd),
    prog_release: releaseOf(iterator.programFd),
    link_release: releaseOf(iterator.linkFd),
    pid_namespace: records.identity(any + LEARNT.pidNamespace),
    pid_level: BigInt(records.u32(any + LEARNT.pidLevel)),
  };
}

/** Decodes the output of the iterator program. */
export function decodeHolderRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): ObjectHolder[] {
  const records = new RecordReader(bytes, order);
  const holders: ObjectHolder[] = [];
  let last: ObjectHolder | undefined;
  for (let base = 0; base + HOLDER_RECORD_SIZE <= bytes.length; base += HOLDER_RECORD_SIZE) {
    const pid = records.u32(base + FIELDS.pid);
    last = {
      pid,
      // Descriptors are grouped by process.
      comm: last?.pid === pid ? last.comm : records.text(base + COMM, 16),
      fd: records.u32(base + FIELDS.fd),
      kind: KINDS[records.u32(base + FIELDS.kind)] ?? 'map',
      id: records.u32(base + FIELDS.id),
    };
    holders.push(last);
  }
  return holders;
}
