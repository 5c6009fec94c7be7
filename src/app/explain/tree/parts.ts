/** What the tree of an explanation is built from. Sizes in bytes. */
import type { Reclaim } from '../../../model/explain/explanation.ts';

/** A file with memory in the page cache, or on a file system in memory. */
export interface FilePart {
  kind: 'file' | 'deleted-file' | 'block-device' | 'memfd' | 'sysv-segment' | 'others';
  name: string;
  path?: string | undefined;
  fsType: string;
  /** Where its file system is mounted; absent where it is not visible. */
  mount?: string | undefined;
  bytes: number;
  dirtyBytes: number;
  /** Undefined if it is not known. */
  activeBytes: number | undefined;
  /** Undefined if it is not known. */
  mappedBytes: number | undefined;
  /** Of `others`: the deepest directory with more than half of the files. */
  directory?: string | undefined;
  /** How many files, of `others`. */
  count?: number | undefined;
  /** Whether a process has it open or mapped; absent if that is not known. */
  isHeld?: boolean | undefined;
  /** Of a file in memory, where it is not that of its kind. */
  reclaim?: Reclaim | undefined;
  /** How many processes of other cgroups map it; absent if none is known. */
  otherMappers?: number | undefined;
  note?: string | undefined;
}

/** A slab cache. */
export interface SlabPart {
  name: string;
  bytes: number;
  objects: number;
  /** Directory entries whose file does not exist; undefined for other caches, and if that is not known. */
  negativeObjects?: number | undefined;
  isReclaimable: boolean;
}

/** Anonymous memory of one process under one name. */
export interface MappingPart {
  /** As in /proc/PID/smaps, or a description such as `other anonymous memory`. */
  name: string;
  bytes: number;
  /** In transparent huge pages. */
  hugeBytes?: number | undefined;
  note?: string | undefined;
}

/** A process. */
export interface ProcessPart {
  pid: number;
  /** The command line, or the name in brackets. */
  command: string;
  user?: string | undefined;
  threads: number;
  anon: readonly MappingPart[];
  pageTableBytes: number;
}

/** Something of the kernel under a name of its own, within pages that have no other name. */
export interface KernelPart {
  kind: 'bpf-map' | 'bpf-program' | 'pipe' | 'socket' | 'kernel-stacks' | 'page-tables' | 'vmalloc';
  name: string;
  bytes: number;
  isPersistent?: true | undefined;
  count?: number | undefined;
  pid?: number | undefined;
  note?: string | undefined;
}

/** Sums of the pages by kind. */
export interface PageSums {
  anon: number;
  ksm: number;
  file: number;
  shmem: number;
  slab: number;
  pageTables: number;
  /** Pages of the kernel that are neither slab nor page tables. */
  kernelPages: number;
  /** Read from swap or on its way there, and mapped by no process. */
  swapCache: number;
  /** Huge pages of hugetlbfs, where they are charged (`memory_hugetlb_accounting`). */
  hugetlb: number;
  /** Cut off from their file, and not yet free. */
  other: number;
}

/** Everything about one cgroup with its descendants. */
export interface TreeParts {
  /** Absent without a page scan: the counters of memory.stat stand in. */
  pages: PageSums;
  /**
   * The least that memory.current or its v1 equivalent was when the pages were read; absent for a removed
   * cgroup.
   */
  current: number | undefined;
  /** Pages that the kernel has counted before and after, and that were not found. */
  moved?: number | undefined;
  files: readonly FilePart[];
  shmem: readonly FilePart[];
  slabs: readonly SlabPart[];
  /** Absent if processes were not read. */
  processes: readonly ProcessPart[] | undefined;
  /** In `kernelPages`. */
  kernelParts: readonly KernelPart[];
  /** In `slabs`, in caches for objects of any kind. */
  slabParts: readonly KernelPart[];
  /** Counters of memory that is in no page of the cgroup; absent where the kernel has none. */
  percpu: number | undefined;
  zswap: number | undefined;
  sock: number | undefined;
  /** What `sock` consists of. */
  sockets: readonly KernelPart[];
}
