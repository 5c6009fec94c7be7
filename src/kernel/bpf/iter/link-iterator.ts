import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import type { IteratorObjects } from './iterator-objects.ts';
import { RecordReader } from './record-reader.ts';

/**
 * A link as the kernel represents it internally. Since: Linux 5.19.
 * Source: `struct bpf_link` in include/linux/bpf.h.
 */
export interface KernelLink {
  id: number;
  /** `BPF_LINK_TYPE_*`. */
  type: number;
  /** The attached program; absent for a link without one (struct_ops). */
  prog_id: number | undefined;
  /** The map that it references: for struct_ops, a map element iterator or a sockmap; absent for others. */
  map_id: number | undefined;
  /** Reference count: descriptors and pins. Excludes the iterator's own reference. */
  refcnt: number;
}

/** `struct link_record` of link-iterator.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = { id: 0, type: 4, prog_id: 8, map_id: 12 } as const;
const REFCNT = 16;

/** Size of the record of one link. Unit: bytes. */
export const LINK_RECORD_SIZE = 24;

/**
 * An iterator over the links of this host.
 *
 * Source: the iterator `bpf_link`. Since: Linux 5.19. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openLinkIterator(bpf: Bpf, objects: IteratorObjects): ObjectIterator<KernelLink> {
  const iterator = openIterator(bpf, {
    object: objects.prepared('link-iterator'),
    name: 'cmemstat_links',
    since: '5.19',
  });
  return readObjects(iterator, (bytes) => decodeLinkRecords(bytes));
}

/** Decodes the output of the iterator program. */
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
      // Exclude the reference that the iterator itself holds.
      refcnt: records.s64(base + REFCNT) - 1,
    };
  });
}
