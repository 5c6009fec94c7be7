/** The rows of a page scan: who is charged, for what, how much. */
import { errnoOf } from '../../../errors.ts';
import type { ScanKind, ScanRow } from '../../scan-row.ts';
import { decodeBatchCount, encodeMapBatch } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { AddressTable } from './address-table.ts';

/** What pages are used for; in the order of `enum kind` in page-scan.bpf.c. */
export const SCAN_KINDS = [
  'none',
  'anon',
  'ksm',
  'file',
  'shmem',
  'swap-cache',
  'hugetlb',
  'slab',
  'page-tables',
  'kernel',
  'other',
  'reserved',
] as const satisfies readonly ('none' | ScanKind)[];

/** `struct row_key` and `struct row_value` of page-scan.bpf.c. Unit: 32-bit words. */
const KEY = { owner: 0, object: 2, kind: 4, isRest: 5 } as const;
const VALUE = { bytes: 0, count: 2, dirty: 4, active: 5, mapped: 6, unevictable: 7, huge: 8 } as const;

/** Size of a key of the map `rows`. Unit: bytes. */
export const ROW_KEY_SIZE = 24;
/** Size of a value of the map `rows`. Unit: bytes. */
export const ROW_VALUE_SIZE = 40;

const KEY_WORDS = ROW_KEY_SIZE / 4;
const VALUE_WORDS = ROW_VALUE_SIZE / 4;

/** How rows are decoded. */
export interface RowDecoding {
  /** Unit: bytes. */
  pageSize: number;
  /** Whether the kernel keeps active lists. */
  hasActiveLists: boolean;
  /** What all figures are multiplied by, in a scan of a part of the pages. */
  scale: number;
  byteOrder?: ByteOrder;
}

/** The rows of a scan; an object for each exists only while it is looked at. */
export class RowTable {
  readonly #keys: Uint32Array;
  readonly #values: Uint32Array;
  readonly #decoding: RowDecoding;
  readonly #low: 0 | 1;
  /** The number of the owner and of the object of each row. */
  readonly #ownerOf: Uint32Array;
  readonly #objectOf: Uint32Array;
  readonly #owners = new AddressTable();
  readonly #objects = new AddressTable();
  /** The kind of each object. */
  readonly #isSlab: boolean[] = [];
  readonly length: number;

  /** @param keys and values: what is in the map `rows`, `length` of each. */
  constructor(keys: Uint32Array, values: Uint32Array, length: number, decoding: RowDecoding) {
    this.#keys = keys;
    this.#values = values;
    this.length = length;
    this.#decoding = decoding;
    this.#low = (decoding.byteOrder ?? HOST_BYTE_ORDER) === 'LE' ? 0 : 1;
    this.#ownerOf = new Uint32Array(length);
    this.#objectOf = new Uint32Array(length);
    for (let row = 0; row < length; row++) {
      const key = row * KEY_WORDS;
      this.#ownerOf[row] = this.#owners.add(keys[key + KEY.owner] ?? 0, keys[key + KEY.owner + 1] ?? 0);
      const [first = 0, second = 0] = [keys[key + KEY.object], keys[key + KEY.object + 1]];
      const object = this.#objects.add(first, second);
      this.#objectOf[row] = object;
      this.#isSlab[object] = SCAN_KINDS[keys[key + KEY.kind] ?? 0] === 'slab';
    }
  }

  get ownerCount(): number {
    return this.#owners.size;
  }

  /** The row at an index. */
  row(index: number): ScanRow {
    const { pageSize, hasActiveLists, scale } = this.#decoding;
    const key = index * KEY_WORDS;
    const value = index * VALUE_WORDS;
    const pages = (field: number) => (this.#values[value + field] ?? 0) * pageSize * scale;
    const kind = SCAN_KINDS[this.#keys[key + KEY.kind] ?? 0] as ScanKind;
    // Of a slab cache, the same words count objects.
    const [negative = 0, inspected = 0] = [
      this.#values[value + VALUE.dirty],
      this.#values[value + VALUE.active],
    ];
    const isFile = kind !== 'slab';
    const hasObject = ((this.#keys[key + KEY.object] ?? 0) | (this.#keys[key + KEY.object + 1] ?? 0)) !== 0;
    return {
      owner: this.#ownerOf[index] ?? 0,
      kind,
      ...(hasObject ? { object: this.#objectOf[index] ?? 0 } : {}),
      isRest: this.#keys[key + KEY.isRest] !== 0,
      bytes: this.#u64(value + VALUE.bytes) * scale,
      count: this.#u64(value + VALUE.count) * scale,
      dirtyBytes: isFile ? pages(VALUE.dirty) : 0,
      ...(hasActiveLists && isFile ? { activeBytes: pages(VALUE.active) } : {}),
      ...(isFile || inspected === 0
        ? {}
        : { inspectedCount: inspected * scale, negativeCount: negative * scale }),
      mappedBytes: pages(VALUE.mapped),
      unevictableBytes: pages(VALUE.unevictable),
      hugeBytes: pages(VALUE.huge),
    };
  }

  /** Copies the address of an owner or object into a request for its name. Never print it. */
  copyOwner(owner: number, to: Uint32Array, at: number): void {
    this.#owners.copy(owner, to, at);
  }

  copyObject(object: number, to: Uint32Array, at: number): void {
    this.#objects.copy(object, to, at);
  }

  /** Whether an object is a slab cache; otherwise it is a file. */
  isSlab(object: number): boolean {
    return this.#isSlab[object] ?? false;
  }

  #u64(at: number): number {
    const [low = 0, high = 0] = [this.#values[at + this.#low], this.#values[at + 1 - this.#low]];
    return high * 0x1_0000_0000 + low;
  }
}

/** How many rows one call reads. */
const BATCH = 16_384;

/**
 * Reads all rows of the map. Its bytes are read into memory once, without an object for each.
 *
 * Source: bpf(2), BPF_MAP_LOOKUP_BATCH. Since: Linux 5.6.
 * @param rowCount at least how many rows there are.
 * @throws SyscallError.
 */
export function readRows(bpf: Bpf, mapFd: number, rowCount: number, decoding: RowDecoding): RowTable {
  let room = rowCount + BATCH;
  let batch = BATCH;
  let keys = new Uint8Array(room * ROW_KEY_SIZE);
  let values = new Uint8Array(room * ROW_VALUE_SIZE);
  const position = Buffer.alloc(8);
  const positionAt = bpf.address(position);
  let done = 0;
  for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
    if (room - done < batch) {
      room = 2 * room + batch;
      keys = enlarged(keys, room * ROW_KEY_SIZE);
      values = enlarged(values, room * ROW_VALUE_SIZE);
    }
    const toKeys = keys.subarray(done * ROW_KEY_SIZE);
    const toValues = values.subarray(done * ROW_VALUE_SIZE);
    const attr = encodeMapBatch({
      map_fd: mapFd,
      in_batch: isFirst ? 0n : positionAt,
      out_batch: positionAt,
      keys: bpf.address(toKeys),
      values: bpf.address(toValues),
      count: batch,
    });
    try {
      bpf.call('BPF_MAP_LOOKUP_BATCH', attr, [toKeys, toValues, position]);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOSPC' && batch < 16 * BATCH) {
        // One bucket of the hash has more.
        batch *= 2;
        continue;
      }
      // ENOENT marks the end of the map.
      if (errno !== 'ENOENT') throw error;
      isLast = true;
    }
    done += decodeBatchCount(attr);
  }
  return new RowTable(new Uint32Array(keys.buffer), new Uint32Array(values.buffer), done, decoding);
}

function enlarged(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}
