import type { KernelLayout, LayoutQuery } from '../btf/kernel-layout.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { ITERATOR_MEMBERS, RecordProgram } from './iterator-program.ts';
import { RecordReader } from './record-reader.ts';

/** A program as the kernel itself keeps it. Since: Linux 5.9. */
export interface KernelProgram {
  id: number;
  /** `BPF_PROG_TYPE_*`. */
  type: number;
  /** At most 15 characters; empty where the program has none. */
  name: string;
  /** 16 hex digits. */
  tag: string;
  /** The pages of its main function: what `memlock` in fdinfo counts. */
  pages: number;
  /** The pages of its functions, which the kernel keeps as programs of their own once they are jited; in no `memlock`. */
  functionPages: number;
  /** Length of the instructions after the verifier rewrote them. Unit: bytes. */
  xlated_prog_len: number;
  /** Length of the machine code. Unit: bytes. 0 where the program is interpreted. */
  jited_prog_len: number;
  /** When it was loaded. Unit: ns since boot. */
  load_time: bigint;
  created_by_uid: number;
  gpl_compatible: boolean | undefined;
  /** The BTF object that describes its functions; 0 where it has none. */
  btf_id: number;
  /** The maps that it uses, in the order of its instructions. */
  map_ids: number[];
  /** What keeps it alive: descriptors, pins, links, prog_arrays. The iterator's own reference is not in it. */
  refcnt: number;
}

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
  /** How many ids of maps follow the record, 4 bytes each. */
  used_map_cnt: 40,
  /** Room for one such id. */
  mapId: 44,
} as const;
const TAG = 48;
const NAME = 56;
const LOAD_TIME = 72;
const REFCNT = 80;

/** The size of the record of one program, without the ids of its maps. */
export const PROGRAM_RECORD_SIZE = 88;

const INSTRUCTION_SIZE = 8;
const POINTER = { offset: 0, size: 8 } as const;

/** `BPF_MAX_SUBPROGS` and `MAX_USED_MAPS`: the verifier wants to see that a loop ends. */
const MAX_FUNCTIONS = 256;
const MAX_LISTED_MAPS = 64;

const COPIED_FROM_PROGRAM: readonly [member: string, offset: number][] = [
  ['bpf_prog.type', FIELDS.type],
  ['bpf_prog.pages', FIELDS.pages],
  ['bpf_prog.len', FIELDS.instructions],
  ['bpf_prog.jited_len', FIELDS.jitedLength],
];
const COPIED_FROM_AUX: readonly [member: string, offset: number][] = [
  ['bpf_prog_aux.id', FIELDS.id],
  ['bpf_prog_aux.func_cnt', FIELDS.func_cnt],
  ['bpf_prog_aux.used_map_cnt', FIELDS.used_map_cnt],
];

/** What the program iterator asks of the kernel's layout. */
export const PROGRAM_ITERATOR_LAYOUT: LayoutQuery = {
  members: [
    ...ITERATOR_MEMBERS,
    'bpf_iter__bpf_prog.meta',
    'bpf_iter__bpf_prog.prog',
    ...COPIED_FROM_PROGRAM.map(([member]) => member),
    ...COPIED_FROM_AUX.map(([member]) => member),
    'bpf_prog.tag',
    'bpf_prog.aux',
    'bpf_prog_aux.name',
    'bpf_prog_aux.load_time',
    'bpf_prog_aux.refcnt',
    'bpf_prog_aux.user',
    'bpf_prog_aux.btf',
    'bpf_prog_aux.func',
    'bpf_prog_aux.used_maps',
    'user_struct.uid',
    'btf.id',
    'bpf_map.id',
  ],
  bits: ['bpf_prog.gpl_compatible'],
  functions: ['bpf_iter_bpf_prog'],
  percpuVariables: [],
};

/**
 * An iterator over the programs of this host.
 *
 * Source: the iterator `bpf_prog`. Since: Linux 5.9. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openProgramIterator(bpf: Bpf, layout: KernelLayout): ObjectIterator<KernelProgram> {
  const iterator = openIterator(bpf, {
    name: 'cmemstat_progs',
    attachBtfId: layout.function('bpf_iter_bpf_prog', '5.9'),
    instructions: assembleProgramIterator(layout),
  });
  return readObjects(iterator, (bytes) => decodeProgramRecords(bytes));
}

/**
 * The program of the program iterator; pure.
 * @throws UnsupportedError when the kernel lacks a member that is needed.
 */
export function assembleProgramIterator(layout: KernelLayout): Buffer {
  const program = new RecordProgram(layout, PROGRAM_RECORD_SIZE).begin('bpf_prog', { r6: 'prog' });
  const { asm } = program;
  const tag = layout.member('bpf_prog.tag');
  const name = layout.member('bpf_prog_aux.name');

  for (const [path, offset] of COPIED_FROM_PROGRAM) program.copy(offset, 4, 'r6', layout.member(path));
  const gpl = layout.findBit('bpf_prog.gpl_compatible');
  if (gpl === undefined) program.put(FIELDS.gpl, 4, GPL_UNKNOWN);
  else {
    program.probeMember('r1', 'r6', { offset: gpl.offset, size: 1 });
    asm.alu('r1', '&=', gpl.mask);
    program.put(FIELDS.gpl, 4, 'r1');
  }
  program.probe(TAG, 8, 'r6', tag.offset);

  program.follow('r6', 'r6', 'bpf_prog.aux');
  for (const [path, offset] of COPIED_FROM_AUX) program.copy(offset, 4, 'r6', layout.member(path));
  program.copy(LOAD_TIME, 8, 'r6', layout.member('bpf_prog_aux.load_time'));
  program.copy(REFCNT, 8, 'r6', layout.member('bpf_prog_aux.refcnt'));
  program.probe(NAME, Math.min(name.size, 16), 'r6', name.offset);
  program.follow('r8', 'r6', 'bpf_prog_aux.user');
  asm.jumpIf('r8', '==', 0, 'no_user');
  program.copy(FIELDS.uid, 4, 'r8', layout.member('user_struct.uid'));
  asm.label('no_user');
  program.follow('r8', 'r6', 'bpf_prog_aux.btf');
  asm.jumpIf('r8', '==', 0, 'no_btf');
  program.copy(FIELDS.btf_id, 4, 'r8', layout.member('btf.id'));
  asm.label('no_btf');

  emitFunctionPages(program, layout);
  program.write();
  emitMapIds(program, layout);
  return program.end();
}

const GPL_UNKNOWN = 0x1_0000;

/** `r6` is the program's `aux`; adds up the pages of the programs in its array of pointers `func`. */
function emitFunctionPages(program: RecordProgram, layout: KernelLayout): void {
  const { asm } = program;
  program.follow('r9', 'r6', 'bpf_prog_aux.func').asm.alu('r8', '=', 0);
  asm.label('next_function').jumpIf('r8', '>=', MAX_FUNCTIONS, 'functions_done');
  program.take('r1', FIELDS.func_cnt, 4);
  asm.jumpIf('r8', '>=', 'r1', 'functions_done');
  program.probeMember('r1', 'r9', POINTER);
  program.probeMember('r1', 'r1', layout.member('bpf_prog.pages'));
  program.take('r2', FIELDS.functionPages, 4);
  asm.alu('r2', '+=', 'r1');
  program.put(FIELDS.functionPages, 4, 'r2');
  asm.alu('r8', '+=', 1).alu('r9', '+=', POINTER.size).jump('next_function').label('functions_done');
}

/** `r6` is the program's `aux`; writes the ids of the maps in its array of pointers `used_maps`, one after the other. */
function emitMapIds(program: RecordProgram, layout: KernelLayout): void {
  const { asm } = program;
  program.follow('r9', 'r6', 'bpf_prog_aux.used_maps').asm.alu('r8', '=', 0);
  asm.label('next_map').jumpIf('r8', '>=', MAX_LISTED_MAPS, 'skip');
  program.take('r1', FIELDS.used_map_cnt, 4).skipIf('r8', '>=', 'r1');
  program.probeMember('r1', 'r9', POINTER);
  program.probeMember('r1', 'r1', layout.member('bpf_map.id'));
  program.put(FIELDS.mapId, 4, 'r1').write(FIELDS.mapId, 4);
  asm.alu('r8', '+=', 1).alu('r9', '+=', POINTER.size).jump('next_map');
}

/** The programs in what the iterator's program wrote; pure. */
export function decodeProgramRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): KernelProgram[] {
  const records = new RecordReader(bytes, order);
  const programs: KernelProgram[] = [];
  let base = 0;
  while (base + PROGRAM_RECORD_SIZE <= bytes.length) {
    const mapCount = Math.min(records.u32(base + FIELDS.used_map_cnt), MAX_LISTED_MAPS);
    const gpl = records.u32(base + FIELDS.gpl);
    const firstMap = base + PROGRAM_RECORD_SIZE;
    const end = firstMap + 4 * mapCount;
    if (end > bytes.length) break;
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
      // A map may be bound while we read, which swaps the array: a pointer into the old one reads as 0.
      map_ids: Array.from({ length: mapCount }, (_, index) => records.u32(firstMap + 4 * index)).filter(
        (id) => id !== 0,
      ),
      // The iterator itself holds the program that it is at.
      refcnt: records.s64(base + REFCNT) - 1,
    });
    base = end;
  }
  return programs;
}
