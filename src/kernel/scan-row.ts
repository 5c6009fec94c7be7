/** What a scan of pages finds, whichever way they are read. */

/**
 * What pages are used for.
 *
 * - `anon`: memory of processes without a file. `ksm`: the same, merged with equal pages of others.
 * - `file`: page cache. `shmem`: files on tmpfs, shared memory, memfd.
 * - `swap-cache`: read from swap or on its way there, mapped by no process.
 * - `slab`: objects of a slab cache. `page-tables`. `kernel`: other pages of the kernel, such as stacks,
 *   vmalloc areas, pipe buffers. `hugetlb`: charged since Linux 6.7, with memory_hugetlb_accounting.
 * - `other`: cut off from their file and not yet free. `reserved`: of the kernel's image; never charged.
 */
export type ScanKind =
  | 'anon'
  | 'ksm'
  | 'file'
  | 'shmem'
  | 'swap-cache'
  | 'hugetlb'
  | 'slab'
  | 'page-tables'
  | 'kernel'
  | 'other'
  | 'reserved';

/** Memory of one kind that one memory cgroup is charged for, for one file or slab cache. */
export interface ScanRow {
  /** Index in the owners of the scan. */
  owner: number;
  kind: ScanKind;
  /**
   * Which file or slab cache, as a number that is the same in all rows of a scan and has no other meaning;
   * absent for kinds without.
   */
  object?: number;
  /** Whether this is the sum of all objects that found no room in rows of their own. */
  isRest: boolean;
  /** Of slab caches: with the pointer that the kernel charges for each object. Unit: bytes. */
  bytes: number;
  /** Slab objects; else folios: groups of pages that the kernel manages together. */
  count: number;
  /**
   * Of directory entries: how many of them were looked at, and how many of those are negative, the name of a
   * file that does not exist. Absent for other caches, and if none could be looked at.
   */
  inspectedCount?: number;
  negativeCount?: number;
  /** Part of `bytes` that is to be written, or being written. Meaningful for `file`. Unit: bytes. */
  dirtyBytes: number;
  /**
   * Part of `bytes` on an active list; absent with multi-generational LRU lists, which have none. Unit:
   * bytes.
   */
  activeBytes?: number;
  /** Part of `bytes` that some process maps. Unit: bytes. */
  mappedBytes: number;
  /** Part of `bytes` that is never reclaimed: locked in memory, for example. Unit: bytes. */
  unevictableBytes: number;
  /** Part of `bytes` in transparent huge pages of full size. Unit: bytes. */
  hugeBytes: number;
}
