import type { KernelLayout, LayoutQuery } from '../btf/kernel-layout.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { linkTypeNumber } from '../sys/bpf-enums.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { ITERATOR_MEMBERS, RecordProgram } from './iterator-program.ts';
import { RecordReader } from './record-reader.ts';

/** A link as the kernel itself keeps it. Since: Linux 5.19. */
export interface KernelLink {
  id: number;
  /** `BPF_LINK_TYPE_*`. */
  type: number;
  /** The program that it attaches; absent for a link without one (struct_ops). */
  prog_id: number | undefined;
  /** The map that it holds: of struct_ops, of an iterator over a map's elements, of a sockmap; absent for others. */
  map_id: number | undefined;
  /** What keeps it alive: descriptors and pins. The iterator's own reference is not in it. */
  refcnt: number;
}

const FIELDS = { id: 0, type: 4, prog_id: 8, map_id: 12 } as const;
const REFCNT = 16;

/** The size of the record of one link. */
export const LINK_RECORD_SIZE = 24;

/** Types whose link holds a map, and the pointer to it in the struct around `struct bpf_link`. */
const MAP_POINTERS = [
  ['struct_ops', 'bpf_struct_ops_link.map'],
  ['iter', 'bpf_iter_link.aux.map'],
  ['sockmap', 'sockmap_link.map'],
] as const;

/** What the link iterator asks of the kernel's layout. */
export const LINK_ITERATOR_LAYOUT: LayoutQuery = {
  members: [
    ...ITERATOR_MEMBERS,
    'bpf_iter__bpf_link.meta',
    'bpf_iter__bpf_link.link',
    'bpf_link.id',
    'bpf_link.type',
    'bpf_link.refcnt',
    'bpf_link.prog',
    'bpf_prog.aux',
    'bpf_prog_aux.id',
    'bpf_map.id',
    ...MAP_POINTERS.map(([, member]) => member),
  ],
  bits: [],
  functions: ['bpf_iter_bpf_link'],
  percpuVariables: [],
};

/**
 * An iterator over the links of this host.
 *
 * Source: the iterator `bpf_link`. Since: Linux 5.19. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openLinkIterator(bpf: Bpf, layout: KernelLayout): ObjectIterator<KernelLink> {
  const iterator = openIterator(bpf, {
    name: 'cmemstat_links',
    attachBtfId: layout.function('bpf_iter_bpf_link', '5.19'),
    instructions: assembleLinkIterator(layout),
  });
  return readObjects(iterator, (bytes) => decodeLinkRecords(bytes));
}

/**
 * The program of the link iterator; pure.
 * @throws UnsupportedError when the kernel lacks a member that is needed.
 */
export function assembleLinkIterator(layout: KernelLayout): Buffer {
  const program = new RecordProgram(layout, LINK_RECORD_SIZE).begin('bpf_link', { r6: 'link' });
  const { asm } = program;
  program.copy(FIELDS.id, 4, 'r6', layout.member('bpf_link.id'));
  program.copy(REFCNT, 8, 'r6', layout.member('bpf_link.refcnt'));
  program.loadMember('r8', 'r6', layout.member('bpf_link.type')).put(FIELDS.type, 4, 'r8');
  program.follow('r9', 'r6', 'bpf_link.prog');
  asm.jumpIf('r9', '==', 0, 'no_program');
  program.follow('r9', 'r9', 'bpf_prog.aux');
  program.copy(FIELDS.prog_id, 4, 'r9', layout.member('bpf_prog_aux.id'));
  asm.label('no_program');
  for (const [type, path] of MAP_POINTERS) {
    const pointer = layout.find(path);
    if (pointer === undefined) continue;
    asm.jumpIf('r8', '!=', linkTypeNumber(type), `not_${type}`);
    program.probeMember('r1', 'r6', pointer);
    program.probeMember('r1', 'r1', layout.member('bpf_map.id')).put(FIELDS.map_id, 4, 'r1');
    asm.label(`not_${type}`);
  }
  return program.write().end();
}

/** The links in what the iterator's program wrote; pure. */
export function decodeLinkRecords(bytes: Buffer, order: ByteOrder = HOST_BYTE_ORDER): KernelLink[] {
  const records = new RecordReader(bytes, order);
  return Array.from({ length: Math.floor(bytes.length / LINK_RECORD_SIZE) }, (_, index) => {
    const base = index * LINK_RECORD_SIZE;
    // Ids start at 1.
    return {
      id: records.u32(base + FIELDS.id),
      type: records.u32(base + FIELDS.type),
      prog_id: records.u32(base + FIELDS.prog_id) || undefined,
      map_id: records.u32(base + FIELDS.map_id) || undefined,
      // The iterator itself holds the link that it is at.
      refcnt: records.s64(base + REFCNT) - 1,
    };
  });
}
