import { closeSync } from 'node:fs';
import { UnsupportedError } from '../../../errors.ts';
import type { KernelLayout, LayoutQuery } from '../btf/kernel-layout.ts';
import { encodeMapCreate } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import type { ObjectKind } from '../sys/objects.ts';
import { type BpfIterator, type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { ITERATOR_MEMBERS, RecordProgram } from './iterator-program.ts';
import { RecordReader } from './record-reader.ts';

/** One descriptor of one process that holds a BPF object. Since: Linux 5.8. */
export interface ObjectHolder {
  /** The process, as our own pid namespace counts. Those outside of it are not shown. */
  pid: number;
  /** The name of its main thread, at most 15 characters. */
  comm: string;
  fd: number;
  kind: ObjectKind;
  /** The id of the object. */
  id: number;
}

const FIELDS = { pid: 0, fd: 4, kind: 8, id: 12 } as const;
const COMM = 16;

/** The size of the record of one descriptor. */
export const HOLDER_RECORD_SIZE = 32;

const KINDS: readonly ObjectKind[] = ['map', 'program', 'link'];

/** Behind it the program keeps a `struct upid`: a process's number in one pid namespace, and that namespace. */
const UPID = HOLDER_RECORD_SIZE;
const UPID_SIZE = 16;

/** The record of the program that learns: a descriptor and what closes it, our pid namespace and how deep it is. */
const LEARN = { fd: 0, level: 4, release: 8, upid: 16 } as const;
const LEARN_RECORD_SIZE = 32;

/** What the iterator over the descriptors asks of the kernel's layout. */
export const TASK_FILE_ITERATOR_LAYOUT: LayoutQuery = {
  members: [
    ...ITERATOR_MEMBERS,
    'bpf_iter__task_file.meta',
    'bpf_iter__task_file.task',
    'bpf_iter__task_file.fd',
    'bpf_iter__task_file.file',
    'task_struct.tgid',
    'task_struct.comm',
    'task_struct.group_leader',
    'task_struct.thread_pid',
    'pid.level',
    'pid.numbers',
    'upid.nr',
    'upid.ns',
    'file.f_op',
    'file.private_data',
    'file_operations.release',
    'bpf_map.id',
    'bpf_prog.aux',
    'bpf_prog_aux.id',
    'bpf_link.id',
  ],
  bits: [],
  functions: ['bpf_iter_task_file'],
  percpuVariables: [],
};

/**
 * An iterator over the descriptors of BPF objects of all processes.
 *
 * What a descriptor is shows in the function that closes it. Its address is learnt from descriptors of our own, since
 * the kernel's symbols are hidden from most; links have two tables of functions since 6.9, which share that one.
 * Source: the iterator `task_file`. Since: Linux 5.8. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openTaskFileIterator(bpf: Bpf, layout: KernelLayout): ObjectIterator<ObjectHolder> {
  const iterator = openIterator(bpf, {
    name: 'cmemstat_files',
    attachBtfId: layout.function('bpf_iter_task_file', '5.8'),
    instructions: assembleTaskFileIterator(layout, learnFileFacts(bpf, layout)),
  });
  return readObjects(iterator, (bytes) => decodeHolderRecords(bytes));
}

/** What differs from boot to boot, and between containers. The addresses are never to be printed. */
export interface FileFacts {
  /** The address of the function that closes a descriptor, by the kind of object behind it. */
  releases: Readonly<Record<ObjectKind, bigint>>;
  /** Our pid namespace: its address, and how many are above it. */
  pidNamespace: bigint;
  pidLevel: number;
}

/** Learns in two steps: only who knows the level of our namespace can ask for the namespace. */
function learnFileFacts(bpf: Bpf, layout: KernelLayout): FileFacts {
  const { level } = learn(bpf, layout, 0);
  return learn(bpf, layout, level).facts;
}

function learn(bpf: Bpf, layout: KernelLayout, assumedLevel: number): { level: number; facts: FileFacts } {
  const iterator = openIterator(bpf, {
    name: 'cmemstat_learn',
    attachBtfId: layout.function('bpf_iter_task_file', '5.8'),
    instructions: assembleLearner(layout, assumedLevel),
  });
  try {
    const attr = encodeMapCreate({
      map_type: mapTypeNumber('array'),
      key_size: 4,
      value_size: 4,
      max_entries: 1,
    });
    const mapFd = bpf.call('BPF_MAP_CREATE', attr);
    try {
      return decodeFacts(iterator, mapFd, layout);
    } finally {
      closeSync(mapFd);
    }
  } finally {
    iterator.close();
  }
}

function decodeFacts(
  iterator: BpfIterator,
  mapFd: number,
  layout: KernelLayout,
): { level: number; facts: FileFacts } {
  const bytes = iterator.read();
  const records = new RecordReader(bytes, HOST_BYTE_ORDER);
  const bases = new Map<number, number>();
  for (let base = 0; base + LEARN_RECORD_SIZE <= bytes.length; base += LEARN_RECORD_SIZE) {
    bases.set(records.u32(base + LEARN.fd), base);
  }
  const baseOf = (fd: number): number => {
    const base = bases.get(fd);
    if (base === undefined) {
      throw new UnsupportedError(
        'task_file',
        'the BPF iterator over files does not show our own descriptors',
      );
    }
    return base;
  };
  const releaseOf = (fd: number) => records.identity(baseOf(fd) + LEARN.release);
  const level = records.u32(baseOf(mapFd) + LEARN.level);
  const pidNamespace = records.identity(baseOf(mapFd) + LEARN.upid + layout.member('upid.ns').offset);
  return {
    level,
    facts: {
      releases: {
        map: releaseOf(mapFd),
        program: releaseOf(iterator.programFd),
        link: releaseOf(iterator.linkFd),
      },
      pidNamespace,
      pidLevel: level,
    },
  };
}

/** The program that writes what closes each descriptor of the process that reads, and where that process is. */
function assembleLearner(layout: KernelLayout, level: number): Buffer {
  const program = beginFiles(layout, LEARN_RECORD_SIZE);
  program.currentTgid('r1').follow('r2', 'r6', 'task_struct.tgid').skipIf('r1', '!=', 'r2');
  program.put(LEARN.fd, 4, 'r9');
  program.follow('r8', 'r8', 'file.f_op').follow('r8', 'r8', 'file_operations.release');
  program.put(LEARN.release, 8, 'r8');
  emitUpid(program, layout, LEARN.upid, level);
  return program.follow('r1', 'r9', 'pid.level').put(LEARN.level, 4, 'r1').write().end();
}

/** `r6` is the task; puts the `struct upid` of its process at that level into the record, and its `struct pid` into r9. */
function emitUpid(program: RecordProgram, layout: KernelLayout, recordOffset: number, level: number): void {
  const { offset } = layout.member('pid.numbers');
  program.follow('r9', 'r6', 'task_struct.group_leader').follow('r9', 'r9', 'task_struct.thread_pid');
  program.probe(recordOffset, UPID_SIZE, 'r9', offset + level * UPID_SIZE);
}

/**
 * The program of the iterator over descriptors; pure.
 * @throws UnsupportedError when the kernel lacks a member that is needed.
 */
export function assembleTaskFileIterator(layout: KernelLayout, facts: FileFacts): Buffer {
  const program = beginFiles(layout, UPID + UPID_SIZE);
  const { asm } = program;
  program.put(FIELDS.fd, 4, 'r9');
  program.follow('r1', 'r8', 'file.f_op').follow('r1', 'r1', 'file_operations.release');
  KINDS.forEach((kind) => {
    asm.load64('r2', facts.releases[kind]).jumpIf('r1', '==', 'r2', kind);
  });
  asm.jump('skip');
  KINDS.forEach((kind, index) => {
    asm.label(kind);
    program.put(FIELDS.kind, 4, index).follow('r8', 'r8', 'file.private_data');
    if (kind === 'program') program.probeMember('r8', 'r8', layout.member('bpf_prog.aux'));
    const id = { map: 'bpf_map.id', program: 'bpf_prog_aux.id', link: 'bpf_link.id' }[kind];
    program.probeMember('r1', 'r8', layout.member(id)).put(FIELDS.id, 4, 'r1');
    asm.jump('holder');
  });
  asm.label('holder');
  emitUpid(program, layout, UPID, facts.pidLevel);
  // A process above or beside our namespace has no number there: what is read instead is another namespace or rubbish.
  program.follow('r1', 'r9', 'pid.level').skipIf('r1', '<', facts.pidLevel);
  program.take('r1', UPID + layout.member('upid.ns').offset, 8);
  asm.load64('r2', facts.pidNamespace);
  program.skipIf('r1', '!=', 'r2');
  program.take('r1', UPID + layout.member('upid.nr').offset, 4).put(FIELDS.pid, 4, 'r1');
  program.follow('r6', 'r6', 'task_struct.group_leader');
  program.probe(COMM, 16, 'r6', layout.member('task_struct.comm').offset);
  return program.write(0, HOLDER_RECORD_SIZE).end();
}

/** `r6` is the task, `r8` the file, `r9` the descriptor. */
function beginFiles(layout: KernelLayout, recordSize: number): RecordProgram {
  const fd = layout.member('bpf_iter__task_file.fd');
  const program = new RecordProgram(layout, recordSize);
  program.asm.load(4, 'r9', 'r1', fd.offset);
  return program.begin('task_file', { r6: 'task', r8: 'file' });
}

/** The descriptors in what the iterator's program wrote; pure. */
export function decodeHolderRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): ObjectHolder[] {
  const records = new RecordReader(bytes, order);
  const holders: ObjectHolder[] = [];
  let last: ObjectHolder | undefined;
  for (let base = 0; base + HOLDER_RECORD_SIZE <= bytes.length; base += HOLDER_RECORD_SIZE) {
    const pid = records.u32(base + FIELDS.pid);
    last = {
      pid,
      // The descriptors of a process come one after the other.
      comm: last?.pid === pid ? last.comm : records.text(base + COMM, 16),
      fd: records.u32(base + FIELDS.fd),
      kind: KINDS[records.u32(base + FIELDS.kind)] ?? 'map',
      id: records.u32(base + FIELDS.id),
    };
    holders.push(last);
  }
  return holders;
}
