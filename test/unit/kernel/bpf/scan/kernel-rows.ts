/** Rows of a page scan as the kernel hands them over. */
import { SCAN_KINDS } from '#src/kernel/bpf/scan/row-store.ts';
import type { ByteOrder } from '#src/kernel/bpf/sys/bpf-struct.ts';
import type { ScanKind } from '#src/kernel/scan-row.ts';

/** A row of the map `rows`. */
export interface KernelRow {
  owner: bigint;
  object: bigint;
  kind: ScanKind;
  isRest?: boolean;
  bytes: bigint;
  count: bigint;
  pages?: readonly number[];
}

/** The words of keys and values, as a host of that byte order has them in memory. */
export function encodeRows(
  rows: readonly KernelRow[],
  order: ByteOrder,
): [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>] {
  const u64 = (value: bigint) => {
    const halves = [Number(value & 0xffff_ffffn), Number(value >> 32n)];
    return order === 'LE' ? halves : halves.reverse();
  };
  const keys = rows.flatMap(({ owner, object, kind, isRest = false }) => [
    ...u64(owner),
    ...u64(object),
    SCAN_KINDS.indexOf(kind),
    Number(isRest),
  ]);
  const values = rows.flatMap(({ bytes, count, pages = [0, 0, 0, 0, 0] }) => [
    ...u64(bytes),
    ...u64(count),
    ...pages,
    0,
  ]);
  return [Uint32Array.from(keys), Uint32Array.from(values)];
}
