/** Goes through all pages of the host: who is charged for which file, slab cache or kind of memory. */
import { UnsupportedError } from '../../../errors.ts';
import { readPageSize } from '../../procfs/auxv.ts';
import { type FrameRange, readFrameRanges } from '../../procfs/zoneinfo.ts';
import type { ScanKind, ScanRow } from '../../scan-row.ts';
import { yieldToEventLoop } from '../../sleep.ts';
import { runProgram } from '../load/links.ts';
import { type LoadedObject, loadObject } from '../load/load-object.ts';
import { encodeMapElement } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { openLibc } from '../sys/libc.ts';
import { withKnownPage } from './known-page.ts';
import { readHugePageSize, readMapMemory, usesMultiGenerationalLru } from './memory-settings.ts';
import { NameReader } from './name-reader.ts';
import { RowStore, SCAN_KINDS } from './row-store.ts';
import { REQUEST, type ScanCache, type ScanFile } from './scan-names.ts';
import type { ScanObjects } from './scan-objects.ts';
import { missingForScan, SCAN_SINCE } from './scan-requirements.ts';
import type { PageScan, PageScanOptions, ScanOwner } from './scan-result.ts';
import { RowReader, RowTable } from './scan-rows.ts';
import { chooseSlices, estimateTotal, type ScanEstimate, sliceRanges } from './slices.ts';

/** Pairs of a cgroup and a file or slab cache: 20 MiB of memory. */
const MAX_ROWS = 262_144;
/**
 * How many rows the map of the kernel has room for; user space drains them whenever it is full. The
 * kernel takes longer to create a larger one than to go through all pages.
 */
const KERNEL_ROWS = 16_384;
/** A scan stops before there are more: those of a slab with objects of as many cgroups still find room. */
const FULL_ROWS = KERNEL_ROWS - 1024;
/** Rows of the map beside these, for the rest of an owner and a kind. */
const REST_ROWS = 1024;
/** Owners that are looked at only once. */
const MAX_OWNERS = { cgroup: 2048, host: 8192 } as const;
/** Unit: ms. */
const YIELD_EVERY_MS = 8;
const KINDS = 16;

/** `struct totals` of page-scan.bpf.c. Unit: 64-bit words. */
const TOTAL = {
  scannedPages: 0,
  holePages: 1,
  freePages: 2,
  chargedPages: 3,
  rowCount: 4,
  ownerCount: 5,
  strayBytes: 6,
  lostBytes: 7,
  wantedBytes: 8,
  unchargedBytes: 9,
} as const;

/** `enum found` of page-scan.bpf.c. */
const NOT_FOUND: Readonly<Record<number, string>> = {
  1: 'cannot find a page of our own in the kernel: its files are laid out in an unknown way',
  2: 'this kernel has no memory controller, or it is disabled (cgroup_disable=memory)',
  3: 'cannot find the owner of a page of our own: memory cgroups are laid out in an unknown way',
};

/**
 * Scans the pages of the host. Between slices of some 3 ms the event loop runs.
 *
 * Source: `struct page` and what it leads to, through BPF programs of type SYSCALL. Since: Linux 5.17, with
 * CONFIG_DEBUG_INFO_BTF. Needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN.
 * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError; the reason of `signal`.
 */
export async function openPageScan(
  bpf: Bpf,
  objects: ScanObjects,
  options: PageScanOptions = {},
): Promise<PageScan> {
  const missing = missingForScan(objects);
  if (missing !== undefined) throw missing;
  const started = performance.now();
  const pageSize = readPageSize();
  const scanner = await Scanner.load(bpf, objects, pageSize, options);
  try {
    const { maxRows = MAX_ROWS } = options;
    const store = new RowStore(maxRows);
    const estimate = await scanner.scan(store, options);
    const totals = { ...scanner.totals(), ownBytes: scanner.ownBytes() };
    const hasActiveLists = !usesMultiGenerationalLru();
    const rows = new RowTable(store, { pageSize, hasActiveLists, scale: estimate?.scale ?? 1 });
    const names = new NameReader(bpf, objects['page-names'], { pageSize });
    try {
      return new FinishedScan(rows, names, totals, options, performance.now() - started, estimate);
    } catch (error) {
      names.close();
      throw error;
    }
  } finally {
    scanner.close();
  }
}

class Scanner {
  readonly #bpf: Bpf;
  readonly #loaded: LoadedObject;
  readonly #reader: RowReader;

  static async load(
    bpf: Bpf,
    objects: ScanObjects,
    pageSize: number,
    { cgroupId, withUncharged = false }: PageScanOptions,
  ): Promise<Scanner> {
    const libc = await openLibc();
    const object = objects['page-scan'];
    const constants = {
      cgroup_id: BigInt(cgroupId ?? 0),
      max_rows: BigInt(KERNEL_ROWS),
      full_rows: BigInt(FULL_ROWS),
      with_uncharged: withUncharged ? 1n : 0n,
      page_shift: BigInt(Math.log2(pageSize)),
      huge_order: BigInt(Math.log2(readHugePageSize() / pageSize)),
    };
    const addresses = Object.fromEntries(
      Object.entries(constants).map(([name, value]) => [`cmemstat_${name}`, value]),
    );
    const maps = {
      rows: { max_entries: KERNEL_ROWS + REST_ROWS },
      owners: { max_entries: MAX_OWNERS[cgroupId === undefined ? 'host' : 'cgroup'] },
    };
    const loaded = loadObject(bpf, object, { addresses, maps });
    try {
      withKnownPage(libc, pageSize, ({ fd, frame }) => findArray(bpf, loaded, fd, frame));
      return new Scanner(bpf, loaded);
    } catch (error) {
      loaded.close();
      throw error;
    }
  }

  private constructor(bpf: Bpf, loaded: LoadedObject) {
    this.#bpf = bpf;
    this.#loaded = loaded;
    this.#reader = new RowReader(bpf, loaded.map('rows').fd);
  }

  /** Moves all rows to the store. */
  async scan(
    store: RowStore,
    { sampleEvery = 1, onProgress, signal }: PageScanOptions,
  ): Promise<ScanEstimate | undefined> {
    const all = sliceRanges(readFrameRanges());
    const slices = sampleEvery > 1 ? chooseSlices(all, sampleEvery, Math.random()) : all;
    const total = slices.reduce((sum, { start, end }) => sum + end - start, 0);
    const found: number[] = [];
    let [done, next, before] = [0, 0, 0];
    let yielded = performance.now();
    for (const slice of slices) {
      next = this.#scanSlice(store, { start: Math.max(slice.start, next), end: slice.end });
      done += slice.end - slice.start;
      if (sampleEvery > 1) {
        const bytes = this.totals().wantedBytes;
        found.push(bytes - before);
        before = bytes;
      }
      if (performance.now() - yielded < YIELD_EVERY_MS) continue;
      onProgress?.(done, total);
      await yieldToEventLoop();
      signal?.throwIfAborted();
      yielded = performance.now();
    }
    this.#reader.moveTo(store);
    onProgress?.(total, total);
    return sampleEvery > 1 ? estimateTotal(found, all.length) : undefined;
  }

  /** Returns the frame behind the last one: the last folio may end behind the slice. */
  #scanSlice(store: RowStore, { start, end }: FrameRange): number {
    if (start >= end) return start;
    const context = Buffer.alloc(24);
    const words = new BigUint64Array(context.buffer, context.byteOffset, 3);
    words[0] = BigInt(start);
    words[1] = BigInt(end);
    for (;;) {
      const before: bigint = words[0];
      runProgram(this.#bpf, this.#loaded.program('cmemstat_scan'), context);
      if (words[0] >= words[1]) return Number(words[0]);
      // It stopped because the map of rows is full.
      if (words[2] === 1n && words[0] === before) throw new RangeError('a scan of pages does not continue');
      this.#reader.moveTo(store);
      words[2] = 1n;
    }
  }

  totals(): ScanTotals {
    const { fd, value_size: size, variables } = this.#loaded.map('.bss');
    const offset = variables.find(({ name }) => name === 'totals')?.offset ?? 0;
    const value = Buffer.alloc(size);
    const key = Buffer.alloc(4);
    this.#bpf.call(
      'BPF_MAP_LOOKUP_ELEM',
      encodeMapElement(fd, this.#bpf.address(key), this.#bpf.address(value)),
      [key, value],
    );
    const words = new BigUint64Array(value.buffer, value.byteOffset + offset, TOTAL.unchargedBytes + KINDS);
    const at = (index: number) => Number(words[index] ?? 0n);
    const unchargedBytes: Partial<Record<ScanKind, number>> = {};
    for (const [index, kind] of SCAN_KINDS.entries()) {
      const bytes = at(TOTAL.unchargedBytes + index);
      if (kind !== 'none' && bytes > 0) unchargedBytes[kind] = bytes;
    }
    return {
      scannedPages: at(TOTAL.scannedPages),
      holePages: at(TOTAL.holePages),
      freePages: at(TOTAL.freePages),
      rowCount: at(TOTAL.rowCount),
      strayBytes: at(TOTAL.strayBytes),
      lostBytes: at(TOTAL.lostBytes),
      wantedBytes: at(TOTAL.wantedBytes),
      unchargedBytes,
    };
  }

  ownBytes(): number {
    return readMapMemory(this.#loaded.maps.values());
  }

  close(): void {
    this.#loaded.close();
  }
}

interface ScanTotals {
  scannedPages: number;
  holePages: number;
  freePages: number;
  rowCount: number;
  strayBytes: number;
  lostBytes: number;
  /** All that the filter lets through. */
  wantedBytes: number;
  unchargedBytes: Partial<Record<ScanKind, number>>;
}

class FinishedScan implements PageScan {
  readonly owners: readonly ScanOwner[];
  readonly rowCount: number;
  readonly scannedPages: number;
  readonly freePages: number;
  readonly holePages: number;
  readonly strayBytes: number;
  readonly lostBytes: number;
  readonly elapsedMs: number;
  readonly ownBytes: number;
  readonly unchargedBytes?: Partial<Record<ScanKind, number>>;
  readonly estimate?: ScanEstimate;
  readonly droppedRows: number;
  readonly #rows: RowTable;
  readonly #names: NameReader;

  constructor(
    rows: RowTable,
    names: NameReader,
    totals: ScanTotals & { ownBytes: number },
    { withUncharged = false }: PageScanOptions,
    elapsedMs: number,
    estimate: ScanEstimate | undefined,
  ) {
    const scale = estimate?.scale ?? 1;
    this.#rows = rows;
    this.#names = names;
    this.rowCount = rows.length;
    this.droppedRows = rows.droppedRows;
    this.owners = this.#readOwners();
    this.scannedPages = totals.scannedPages;
    this.ownBytes = totals.ownBytes;
    this.freePages = totals.freePages * scale;
    this.holePages = totals.holePages;
    this.strayBytes = totals.strayBytes * scale;
    this.lostBytes = totals.lostBytes * scale;
    this.elapsedMs = elapsedMs;
    if (estimate !== undefined) this.estimate = estimate;
    if (withUncharged) {
      const scaled = Object.entries(totals.unchargedBytes).map(([kind, bytes]) => [kind, bytes * scale]);
      this.unchargedBytes = Object.fromEntries(scaled);
    }
  }

  *rows(): Generator<ScanRow, void, void> {
    for (let index = 0; index < this.rowCount; index++) yield this.#rows.row(index);
  }

  names(objects: readonly number[]): (ScanFile | ScanCache | undefined)[] {
    const rows = this.#rows;
    const requests = objects.map((object) => ({
      kind: rows.isSlab(object) ? REQUEST.slab : REQUEST.file,
      copyTo: (words: Uint32Array, at: number) => rows.copyObject(object, words, at),
    }));
    return this.#names
      .read(requests)
      .map((name) => (name === undefined || name.kind === 'cgroup' ? undefined : name));
  }

  close(): void {
    this.#names.close();
  }

  #readOwners(): ScanOwner[] {
    const rows = this.#rows;
    const requests = Array.from({ length: rows.ownerCount }, (_, owner) => ({
      kind: REQUEST.owner,
      copyTo: (words: Uint32Array, at: number) => rows.copyOwner(owner, words, at),
    }));
    return this.#names.read(requests).map((name) => {
      if (name?.kind !== 'cgroup') return { id: 0, isRemoved: true, isOffline: true };
      const { id, components, isRemoved, isOffline } = name;
      return { id, components, isRemoved, isOffline };
    });
  }
}

function findArray(bpf: Bpf, loaded: LoadedObject, fd: number, frame: number): void {
  const context = Buffer.alloc(16);
  const words = new BigUint64Array(context.buffer, context.byteOffset, 2);
  words[0] = BigInt(fd);
  words[1] = BigInt(frame);
  const result = runProgram(bpf, loaded.program('cmemstat_find'), context);
  if (result !== 0) {
    throw new UnsupportedError('page scan', NOT_FOUND[result] ?? `cannot find the page array: ${result}`, {
      since: SCAN_SINCE,
    });
  }
}
