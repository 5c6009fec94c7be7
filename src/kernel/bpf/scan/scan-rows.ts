/** The rows of a page scan: who is charged, for what, how much. */
import { errnoOf } from '../../../errors.ts';
import type { ScanRow } from '../../scan-row.ts';
import { decodeBatchCount, encodeMapBatch } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { AddressTable } from './address-table.ts';
import { hasObject, PAGES, ROW_KEY_SIZE, ROW_VALUE_SIZE, type RowStore } from './row-store.ts';

/** How rows are decoded. */
export interface RowDecoding {
  /** Unit: bytes. */
  pageSize: number;
  /** Whether the kernel keeps active lists. */
  hasActiveLists: boolean;
  /** What all figures are multiplied by, in a scan of a part of the pages. */
  scale: number;
}

/** The rows of a finished scan; an object for each exists only while it is looked at. */
export class RowTable {
  readonly #store: RowStore;
  readonly #decoding: RowDecoding;
  /** The number of the object of each row. */
  readonly #objectOf: Uint32Array;
  readonly #objects = new AddressTable();
  /** For each object, whether it is a slab cache. */
  readonly #isSlab: Uint8Array;
  readonly length: number;

  constructor(store: RowStore, decoding: RowDecoding) {
    store.finish();
    this.#store = store;
    this.length = store.length;
    this.#decoding = decoding;
    this.#objectOf = new Uint32Array(store.length);
    this.#isSlab = new Uint8Array(store.length);
    for (let row = 0; row < store.length; row++) {
      const object = this.#objects.add(...store.objectOf(row));
      this.#objectOf[row] = object;
      this.#isSlab[object] = store.kindOf(row) === 'slab' ? 1 : 0;
    }
  }

  get ownerCount(): number {
    return this.#store.owners.size;
  }

  /** How many rows found no room, at most. */
  get droppedRows(): number {
    return this.#store.dropped;
  }

  /** The row at an index. */
  row(index: number): ScanRow {
    const { pageSize, hasActiveLists, scale } = this.#decoding;
    const store = this.#store;
    const pages = (counter: number) => store.pagesOf(index, counter) * pageSize * scale;
    const kind = store.kindOf(index);
    // Of a slab cache, the same words count objects.
    const [negative, inspected] = [store.pagesOf(index, PAGES.dirty), store.pagesOf(index, PAGES.active)];
    const isFile = kind !== 'slab';
    const [first, second] = store.objectOf(index);
    return {
      owner: store.ownerOf(index),
      kind,
      ...(hasObject(first, second) ? { object: this.#objectOf[index] ?? 0 } : {}),
      isRest: store.isRest(index),
      bytes: store.bytesOf(index) * scale,
      count: store.countOf(index) * scale,
      dirtyBytes: isFile ? pages(PAGES.dirty) : 0,
      ...(hasActiveLists && isFile ? { activeBytes: pages(PAGES.active) } : {}),
      ...(isFile || inspected === 0
        ? {}
        : { inspectedCount: inspected * scale, negativeCount: negative * scale }),
      mappedBytes: pages(PAGES.mapped),
      unevictableBytes: pages(PAGES.unevictable),
      hugeBytes: pages(PAGES.huge),
    };
  }

  /** Copies the address of an owner or object into a request for its name. Never print it. */
  copyOwner(owner: number, to: Uint32Array, at: number): void {
    this.#store.owners.copy(owner, to, at);
  }

  copyObject(object: number, to: Uint32Array, at: number): void {
    this.#objects.copy(object, to, at);
  }

  /** Whether an object is a slab cache; otherwise it is a file. */
  isSlab(object: number): boolean {
    return this.#isSlab[object] === 1;
  }
}

/** How many rows one call takes. */
const BATCH = 4096;
const MAX_BATCH = 64 * BATCH;

/** Takes rows out of the map of the kernel, again and again, through the same buffers. */
export class RowReader {
  readonly #bpf: Bpf;
  readonly #mapFd: number;
  #batch = BATCH;
  #keys = new Uint8Array(BATCH * ROW_KEY_SIZE);
  #values = new Uint8Array(BATCH * ROW_VALUE_SIZE);
  readonly #position = Buffer.alloc(8);

  constructor(bpf: Bpf, mapFd: number) {
    this.#bpf = bpf;
    this.#mapFd = mapFd;
  }

  /**
   * Moves all rows of the map to a store.
   *
   * Source: bpf(2), BPF_MAP_LOOKUP_AND_DELETE_BATCH. Since: Linux 5.6.
   * @throws SyscallError.
   */
  moveTo(store: RowStore): void {
    for (let isFirst = true, isLast = false; !isLast; ) {
      const attr = this.#attributes(isFirst);
      try {
        this.#bpf.call('BPF_MAP_LOOKUP_AND_DELETE_BATCH', attr, [this.#keys, this.#values, this.#position]);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'ENOSPC' && this.#batch < MAX_BATCH) {
          // One bucket of the hash has more.
          this.#enlarge();
          continue;
        }
        // ENOENT marks the end of the map.
        if (errno !== 'ENOENT') throw error;
        isLast = true;
      }
      isFirst = false;
      const [keys, values] = [new Uint32Array(this.#keys.buffer), new Uint32Array(this.#values.buffer)];
      store.add(keys, values, decodeBatchCount(attr));
    }
  }

  #attributes(isFirst: boolean): Buffer {
    const positionAt = this.#bpf.address(this.#position);
    return encodeMapBatch({
      map_fd: this.#mapFd,
      in_batch: isFirst ? 0n : positionAt,
      out_batch: positionAt,
      keys: this.#bpf.address(this.#keys),
      values: this.#bpf.address(this.#values),
      count: this.#batch,
    });
  }

  #enlarge(): void {
    this.#batch *= 2;
    this.#keys = new Uint8Array(this.#batch * ROW_KEY_SIZE);
    this.#values = new Uint8Array(this.#batch * ROW_VALUE_SIZE);
  }
}
