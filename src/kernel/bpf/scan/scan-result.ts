/** The request for a scan of pages, and its result. */
import type { ScanKind, ScanRow } from '../../scan-row.ts';
import type { ScanCache, ScanFile } from './scan-names.ts';
import type { ScanEstimate } from './slices.ts';

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
   * How many pairs of a cgroup and a file or slab cache get rows of their own: if there are more, at least
   * half as many, the largest ones; the rest is summed. 262,144 by default.
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
  /**
   * How many pairs of a cgroup and a file or slab cache are only in the sums, at most: one that was found
   * several times counts each time.
   */
  readonly droppedRows: number;
  /** The rows in no order. Each is made when it is requested. */
  rows(): Iterable<ScanRow>;
  /**
   * The names of files and slab caches, given by `ScanRow.object`; undefined for what is gone. Takes some 10
   * us each: query the largest, many at once.
   * @throws SyscallError.
   */
  names(objects: readonly number[]): (ScanFile | ScanCache | undefined)[];
  readonly scannedPages: number;
  /** Free pages among them. */
  readonly freePages: number;
  /** Pages between the zones' ends that do not exist. */
  readonly holePages: number;
  /** By kind; absent if it was not requested. Unit: bytes. */
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
