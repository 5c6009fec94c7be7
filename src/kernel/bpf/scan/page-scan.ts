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
import { REQUEST, type ScanCache, type ScanFile } from './scan-names.ts';
import type { ScanObjects } from './scan-objects.ts';
import { missingForScan, SCAN_SINCE } from './scan-requirements.ts';
import { type RowTable, readRows, SCAN_KINDS } from './scan-rows.ts';
import { chooseSlices, estimateTotal, type ScanEstimate, sliceRanges } from './slices.ts';

/** What is scanned, and how. */
export interface PageScanOptions {
  /**
   * Only what is charged to this cgroup or one below it, removed ones included; all cgroups by default. The
   * inode number of its directory.
   */
  cgroupId?: number;
  /** Adds up what no cgroup is charged for. */
  withUncharged?: boolean;
  /**
   * How many pairs of a cgroup and a file or slab cache get rows of their own; the rest is summed. 262,144 by
   * default: it starts with fewer, and scans again if there are more.
   */
  maxRows?: number;
  /** Scans every n-th slice only, which gives an estimate. */
  sampleEvery?: number;
  /** Called with the page frames that are done and those to do, some 100 times a second. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A memory cgroup that is charged for something. */
export interface ScanOwner {
  /** The inode number of its directory, also after that was removed. */
  id: number;
  /**
   * The names from the root of the hierarchy, as byte strings: each character is one byte. Empty for the
   * root; absent if the cgroup was freed during the scan.
   */
  components?: readonly string[];
  /** Whether its directory is gone. */
  isRemoved: boolean;
  /** Whether it is charged no more: removed, or without the memory controller. */
  isOffline: boolean;
}

/** The result of a scan. Addresses of the kernel stay inside. Close it after all names have been read. */
export interface PageScan {
  /** A row refers to its owner by the index. */
  readonly owners: readonly ScanOwner[];
  readonly rowCount: number;
  /** The rows in no order. Each is made when it is asked for. */
  rows(): Iterable<ScanRow>;
  /**
   * The names of files and slab caches, given by `ScanRow.object`; undefined for what is gone. Takes some 10
   * us each: ask for the largest, many at once.
   * @throws SyscallError.
   */
  names(objects: readonly number[]): (ScanFile | ScanCache | undefined)[];
  readonly scannedPages: number;
  /** Free pages among them. */
  readonly freePages: number;
  /** Pages between the zones' ends that do not exist. */
  readonly holePages: number;
  /** By kind; absent if it was not asked for. Unit: bytes. */
  readonly unchargedBytes?: Partial<Record<ScanKind, number>>;
  /** Charged, but freed while it was read. Unit: bytes. */
  readonly strayBytes: number;
  /** Found no row, not even one for the rest of its owner and kind. Unit: bytes. */
  readonly lostBytes: number;
  readonly elapsedMs: number;
  /**
   * What its own maps took: charged to the cgroup of this process, and read like all other pages. Before
   * Linux 6.4 an estimate. Unit: bytes.
   */
  readonly ownBytes: number;
  /** Present if only some slices were scanned. */
  readonly estimate?: ScanEstimate;
  close(): void;
}

/**
 * How many rows the map has room for, until they suffice: the kernel takes longer to create a large map than
 * to go through all pages.
 */
const MAX_ROWS = { cgroup: [16_384, 262_144], host: [65_536, 262_144] } as const;
/** Rows of the map beside `maxRows`, for the rest of an owner and a kind. */
const restRows = (maxRows: number) => Math.max(1024, Math.ceil(maxRows / 16));
/** Owners that are looked at only once. */
const maxOwners = (maxRows: number) => Math.max(1024, Math.ceil(maxRows / 8));
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
  const steps = MAX_ROWS[options.cgroupId === undefined ? 'host' : 'cgroup'];
  for (const maxRows of options.maxRows === undefined ? steps : [options.maxRows]) {
    const scan = await attemptScan(bpf, objects, { ...options, maxRows }, started);
    if (scan.isComplete || maxRows === options.maxRows || maxRows === steps.at(-1)) return scan;
    scan.close();
  }
  throw new RangeError('no limits of rows to try');
}

async function attemptScan(
  bpf: Bpf,
  objects: ScanObjects,
  options: PageScanOptions & { maxRows: number },
  started: number,
): Promise<FinishedScan> {
  const pageSize = readPageSize();
  const decoding = { pageSize, hasActiveLists: !usesMultiGenerationalLru() };
  const scanner = await Scanner.load(bpf, objects, pageSize, options);
  try {
    const estimate = await scanner.scan(options);
    const totals = { ...scanner.totals(), ownBytes: scanner.ownBytes() };
    const rows = scanner.rows({ ...decoding, scale: estimate?.scale ?? 1 });
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

  static async load(
    bpf: Bpf,
    objects: ScanObjects,
    pageSize: number,
    { cgroupId = 0, withUncharged = false, maxRows }: PageScanOptions & { maxRows: number },
  ): Promise<Scanner> {
    const libc = await openLibc();
    const object = objects['page-scan'];
    const constants = {
      cgroup_id: BigInt(cgroupId),
      max_rows: BigInt(maxRows),
      with_uncharged: withUncharged ? 1n : 0n,
      page_shift: BigInt(Math.log2(pageSize)),
      huge_order: BigInt(Math.log2(readHugePageSize() / pageSize)),
    };
    const addresses = Object.fromEntries(
      Object.entries(constants).map(([name, value]) => [`cmemstat_${name}`, value]),
    );
    const maps = {
      rows: { max_entries: maxRows + restRows(maxRows) },
      owners: { max_entries: maxOwners(maxRows) },
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
  }

  async scan({ sampleEvery = 1, onProgress, signal }: PageScanOptions): Promise<ScanEstimate | undefined> {
    const all = sliceRanges(readFrameRanges());
    const slices = sampleEvery > 1 ? chooseSlices(all, sampleEvery, Math.random()) : all;
    const total = slices.reduce((sum, { start, end }) => sum + end - start, 0);
    const found: number[] = [];
    let [done, next, before] = [0, 0, 0];
    let yielded = performance.now();
    for (const slice of slices) {
      next = this.#scanSlice({ start: Math.max(slice.start, next), end: slice.end });
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
    onProgress?.(total, total);
    return sampleEvery > 1 ? estimateTotal(found, all.length) : undefined;
  }

  /** Returns the frame behind the last one: the last folio may end behind the slice. */
  #scanSlice({ start, end }: FrameRange): number {
    if (start >= end) return start;
    const context = Buffer.alloc(16);
    const words = new BigUint64Array(context.buffer, context.byteOffset, 2);
    words[0] = BigInt(start);
    words[1] = BigInt(end);
    runProgram(this.#bpf, this.#loaded.program('cmemstat_scan'), context);
    return Number(words[0]);
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

  rows(decoding: Parameters<typeof readRows>[3]): RowTable {
    return readRows(this.#bpf, this.#loaded.map('rows').fd, this.totals().rowCount, decoding);
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
  /** Whether all found a row. */
  readonly isComplete: boolean;
  readonly #rows: RowTable;
  readonly #names: NameReader;

  constructor(
    rows: RowTable,
    names: NameReader,
    totals: ScanTotals & { ownBytes: number },
    { withUncharged = false, maxRows }: PageScanOptions & { maxRows: number },
    elapsedMs: number,
    estimate: ScanEstimate | undefined,
  ) {
    const scale = estimate?.scale ?? 1;
    this.#rows = rows;
    this.#names = names;
    this.rowCount = rows.length;
    this.isComplete = totals.rowCount < maxRows;
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
