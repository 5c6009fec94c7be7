/**
 * The rows of a scan while it runs: packed, an object for none of them, and not more than a given number,
 * however many files a host has.
 */
import type { ScanKind } from '../../scan-row.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { AddressTable, hashOf } from './address-table.ts';

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
const VALUE = { bytes: 0, count: 2, pages: 4 } as const;

/** Size of a key of the map `rows`. Unit: bytes. */
export const ROW_KEY_SIZE = 24;
/** Size of a value of the map `rows`. Unit: bytes. */
export const ROW_VALUE_SIZE = 40;

const KEY_WORDS = ROW_KEY_SIZE / 4;
const VALUE_WORDS = ROW_VALUE_SIZE / 4;

/** The counters of a row that count pages, in the order of `struct row_value`. Unit: 32-bit words. */
export const PAGES = { dirty: 0, active: 1, mapped: 2, unevictable: 3, huge: 4 } as const;
const PAGE_WORDS = 5;

const REST = 0x80;
const FIRST_CAPACITY = 1024;

/** What is known of each row. */
interface Columns {
  owner: Uint32Array;
  /** The address of the object, as two words of the host's byte order; both 0 for none. */
  object: Uint32Array;
  /** The index of the kind; `REST` is added to the sum of what has no row. */
  kind: Uint8Array;
  bytes: Float64Array;
  count: Float64Array;
  /** See {@link PAGES}. */
  pages: Uint32Array;
}

/** Adds up rows that the kernel hands over in parts: the same row may be in several of them. */
export class RowStore {
  readonly owners = new AddressTable();
  readonly #maxObjects: number;
  readonly #low: 0 | 1;
  #columns = makeColumns(FIRST_CAPACITY);
  /** One more than the row that is stored here; 0 for none. */
  #slots = new Uint32Array(4 * FIRST_CAPACITY);
  #length = 0;
  #objects = 0;
  #dropped = 0;
  /** What {@link #increase} adds. */
  readonly #pages = new Uint32Array(PAGE_WORDS);

  /**
   * @param maxObjects how many pairs of a cgroup and a file or slab cache are kept. If there are more, the
   * smaller half is summed by owner and kind.
   */
  constructor(maxObjects: number, byteOrder: ByteOrder = HOST_BYTE_ORDER) {
    this.#maxObjects = Math.max(1, maxObjects);
    this.#low = byteOrder === 'LE' ? 0 : 1;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * How many rows were summed because there was no room. A file that was found again later is counted again:
   * this is a maximum.
   */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param keys and values: of `count` rows, as the kernel has them in memory. */
  add(keys: Uint32Array, values: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const key = index * KEY_WORDS;
      const value = index * VALUE_WORDS;
      const owner = this.owners.add(keys[key + KEY.owner] ?? 0, keys[key + KEY.owner + 1] ?? 0);
      const isRest = keys[key + KEY.isRest] !== 0;
      const row = this.#rowOf(
        owner,
        (keys[key + KEY.kind] ?? 0) | (isRest ? REST : 0),
        keys[key + KEY.object] ?? 0,
        keys[key + KEY.object + 1] ?? 0,
      );
      for (let word = 0; word < PAGE_WORDS; word++) {
        this.#pages[word] = values[value + VALUE.pages + word] ?? 0;
      }
      this.#increase(row, this.#u64(values, value + VALUE.bytes), this.#u64(values, value + VALUE.count));
      if (this.#objects > this.#maxObjects) this.#dropSmallHalf();
    }
  }

  /** No rows can be added any more: what finds them is abandoned. */
  finish(): void {
    this.#slots = new Uint32Array(0);
  }

  ownerOf(row: number): number {
    return this.#columns.owner[row] ?? 0;
  }

  kindOf(row: number): ScanKind {
    return SCAN_KINDS[(this.#columns.kind[row] ?? 0) & ~REST] as ScanKind;
  }

  isRest(row: number): boolean {
    return ((this.#columns.kind[row] ?? 0) & REST) !== 0;
  }

  bytesOf(row: number): number {
    return this.#columns.bytes[row] ?? 0;
  }

  countOf(row: number): number {
    return this.#columns.count[row] ?? 0;
  }

  /** @param counter one of {@link PAGES}. */
  pagesOf(row: number, counter: number): number {
    return this.#columns.pages[row * PAGE_WORDS + counter] ?? 0;
  }

  /** The address of the object of a row: never print it. */
  objectOf(row: number): [first: number, second: number] {
    const { object } = this.#columns;
    return [object[2 * row] ?? 0, object[2 * row + 1] ?? 0];
  }

  #u64(words: Uint32Array, at: number): number {
    return (words[at + 1 - this.#low] ?? 0) * 0x1_0000_0000 + (words[at + this.#low] ?? 0);
  }

  /** The row of a key; a new one if there is none. */
  #rowOf(owner: number, kind: number, first: number, second: number): number {
    const { owner: owners, object, kind: kinds } = this.#columns;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = slotOf(owner, kind, first, second) & mask; ; at = (at + 1) & mask) {
      const row = (slots[at] ?? 0) - 1;
      if (row < 0) {
        slots[at] = this.#length + 1;
        return this.#append(owner, kind, first, second);
      }
      const isSame = owners[row] === owner && kinds[row] === kind;
      if (isSame && object[2 * row] === first && object[2 * row + 1] === second) return row;
    }
  }

  #append(owner: number, kind: number, first: number, second: number): number {
    const row = this.#length++;
    if (row === this.#columns.owner.length) this.#columns = enlarged(this.#columns, 2 * row);
    const { owner: owners, object, kind: kinds, bytes, count, pages } = this.#columns;
    owners[row] = owner;
    object[2 * row] = first;
    object[2 * row + 1] = second;
    kinds[row] = kind;
    bytes[row] = 0;
    count[row] = 0;
    pages.fill(0, row * PAGE_WORDS, (row + 1) * PAGE_WORDS);
    if (hasObject(first, second)) this.#objects++;
    if (2 * this.#length > this.#slots.length) this.#slots = this.#spread(2 * this.#slots.length);
    return row;
  }

  #spread(size: number): Uint32Array<ArrayBuffer> {
    const slots = new Uint32Array(size);
    const mask = size - 1;
    const { owner, object, kind } = this.#columns;
    for (let row = 0; row < this.#length; row++) {
      const [first = 0, second = 0] = [object[2 * row], object[2 * row + 1]];
      let at = slotOf(owner[row] ?? 0, kind[row] ?? 0, first, second) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = row + 1;
    }
    return slots;
  }

  /** Adds two figures and `#pages` to a row. */
  #increase(row: number, moreBytes: number, moreCount: number): void {
    const { bytes, count, pages } = this.#columns;
    bytes[row] = (bytes[row] ?? 0) + moreBytes;
    count[row] = (count[row] ?? 0) + moreCount;
    for (let word = 0; word < PAGE_WORDS; word++) {
      const at = row * PAGE_WORDS + word;
      pages[at] = (pages[at] ?? 0) + (this.#pages[word] ?? 0);
    }
  }

  /**
   * Sums the smaller half of the rows with an object by owner and kind; among equals the oldest. In place:
   * each row moves to a place before it, or is added to another one.
   */
  #dropSmallHalf(): void {
    const toDrop = this.#objects - Math.floor(this.#maxObjects / 2);
    const { limit, ofLimit } = this.#smallest(toDrop);
    const length = this.#length;
    this.#slots.fill(0);
    this.#length = 0;
    this.#objects = 0;
    this.#dropped += toDrop;
    let left = ofLimit;
    for (let row = 0; row < length; row++) {
      const [first, second] = this.objectOf(row);
      const [owner, bytes, count] = [this.ownerOf(row), this.bytesOf(row), this.countOf(row)];
      const kind = this.#columns.kind[row] ?? 0;
      for (let word = 0; word < PAGE_WORDS; word++) this.#pages[word] = this.pagesOf(row, word);
      const size = hasObject(first, second) ? sizeClass(bytes) : limit + 1;
      const isDropped = size < limit || (size === limit && left > 0);
      if (isDropped && size === limit) left--;
      const to = isDropped ? this.#rowOf(owner, kind | REST, 0, 0) : this.#rowOf(owner, kind, first, second);
      this.#increase(to, bytes, count);
    }
  }

  /** Which rows are the smallest: all below a class of sizes, and some of that class. */
  #smallest(rows: number): { limit: number; ofLimit: number } {
    const counts = new Uint32Array(SIZE_CLASSES);
    for (let row = 0; row < this.#length; row++) {
      if (!hasObject(...this.objectOf(row))) continue;
      const size = sizeClass(this.bytesOf(row));
      counts[size] = (counts[size] ?? 0) + 1;
    }
    let left = rows;
    let limit = 0;
    while (left > (counts[limit] ?? 0)) left -= counts[limit++] ?? 0;
    return { limit, ofLimit: left };
  }
}

/** Sizes within 19 % of each other: four classes for each power of two, up to 2^64. */
const SIZE_CLASSES = 4 * 64 + 1;

function sizeClass(bytes: number): number {
  return Math.min(SIZE_CLASSES - 1, Math.round(4 * Math.log2(Math.max(1, bytes))));
}

/** Whether a row is about one object: others have the address 0. */
export function hasObject(first: number, second: number): boolean {
  return (first | second) !== 0;
}

function slotOf(owner: number, kind: number, first: number, second: number): number {
  return hashOf(first ^ Math.imul(owner, 0x27d4_eb2f), second ^ Math.imul(kind, 0x1656_67b1));
}

function makeColumns(rows: number): Columns {
  return {
    owner: new Uint32Array(rows),
    object: new Uint32Array(2 * rows),
    kind: new Uint8Array(rows),
    bytes: new Float64Array(rows),
    count: new Float64Array(rows),
    pages: new Uint32Array(PAGE_WORDS * rows),
  };
}

function enlarged(columns: Columns, rows: number): Columns {
  const larger = makeColumns(rows);
  for (const key of Object.keys(larger) as (keyof Columns)[]) larger[key].set(columns[key]);
  return larger;
}
