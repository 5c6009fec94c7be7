/** The memory of a cgroup by name: a tree whose nodes add up to what the kernel charged to the cgroup. */

/**
 * What it takes to get memory back. In a node with children: that of most of its bytes.
 *
 * - `reclaimable`: the kernel can drop it at any time: clean page cache, caches of the kernel.
 * - `dirty`: the kernel can drop it after it has been written to disk or to swap.
 * - `process`: held by a process, and released when it exits or lets go of it.
 * - `kernel`: held by the kernel for something that exists: page tables, sockets, BPF maps.
 * - `persistent`: stays when all processes have exited: files on tmpfs, System V segments, pinned maps.
 */
export type Reclaim = 'reclaimable' | 'dirty' | 'process' | 'kernel' | 'persistent';

/** What a node is, for example a file or a slab cache. */
export type MemoryKind =
  | 'host'
  | 'cgroup'
  | 'removed-cgroup'
  | 'class'
  | 'process'
  | 'mapping'
  | 'file'
  | 'deleted-file'
  | 'block-device'
  | 'memfd'
  | 'sysv-segment'
  | 'mount'
  | 'directory'
  | 'filesystem'
  | 'slab-cache'
  | 'page-tables'
  | 'kernel-stacks'
  | 'bpf-map'
  | 'bpf-program'
  | 'pipe'
  | 'socket'
  | 'percpu'
  | 'vmalloc'
  | 'zswap'
  | 'swap'
  | 'hugetlb'
  | 'perf-buffer'
  | 'gpu'
  | 'others'
  | 'unnamed';

/** Some memory under a name. */
export interface MemoryNode {
  kind: MemoryKind;
  /** Text of the system, unescaped: make it safe before printing it. */
  name: string;
  /** Of a file: as the processes of the cgroup see it. */
  path?: string;
  /** Unit: bytes. The sum of the children, if any. */
  bytes: number;
  reclaim: Reclaim;
  /** Part of `bytes` that must be written before it can be dropped. Unit: bytes. */
  dirtyBytes?: number;
  /** Part of `bytes` on the active list of the page cache; absent if it is not known. Unit: bytes. */
  activeBytes?: number;
  /** Part of `bytes` that is mapped by a process; absent if it is not known. Unit: bytes. */
  mappedBytes?: number;
  /** Of a file: how many processes of other cgroups map it too; absent if none is known. */
  otherMappers?: number;
  /** How many objects: slab objects, sockets, processes, files. */
  count?: number;
  pid?: number;
  /** Type of the file system of a file. */
  fsType?: string;
  /** Where the file system of a file is mounted. */
  mount?: string;
  /** Of `others`: the deepest directory with more than half of the files. */
  directory?: string;
  /** What else is worth knowing, as a short phrase. */
  note?: string;
  children?: MemoryNode[];
}

/**
 * How the memory was found. `pages`: each page of the host, with its owner and its file or cache.
 * `page-kinds`: each page with its owner and kind, from /proc/kpagecgroup and /proc/kpageflags. `counters`:
 * memory.stat and smaps alone.
 */
export type ExplainMethod = 'pages' | 'page-kinds' | 'counters';

/** A term that is missing. */
export interface MissingTerm {
  /** What is missing, such as `sockets`. */
  term: string;
  reason: string;
  /** The exact command or setting that provides it; absent if there is none. */
  hint?: string;
}

/** What the kernel says of the cgroup at one moment. */
export interface ChargedMemory {
  /** memory.current; on cgroup v1 memory.usage_in_bytes. Absent for the whole host. Unit: bytes. */
  current?: number;
  /** The fields of memory.stat that the tree is compared with. Unit: bytes. */
  stat: Record<string, number>;
}

/** Advice on some of the memory. */
export interface ExplainAdvice {
  kind:
    | 'read-once'
    | 'unheld-tmpfs'
    | 'negative-dentries'
    | 'many-files'
    | 'unread-sockets'
    | 'page-tables'
    | 'bpf-maps';
  /** Memory that it is about. Unit: bytes. */
  bytes: number;
  text: string;
}

/** An estimate from a part of the pages. */
export interface ScanSample {
  /** One of this many pages was read. */
  every: number;
  /** Standard error of the sum; absent if a single slice was read. Unit: bytes. */
  standardErrorBytes?: number;
}

/** The memory of a cgroup, or of the host, by name. */
export interface Explanation {
  /** As in `/proc/<pid>/cgroup`; absent for the whole host. */
  cgroup?: string;
  method: ExplainMethod;
  /** Why it is not `pages`, and what makes it so. */
  reason?: string;
  hint?: string;
  /** Right before and right after the pages were read. */
  before: ChargedMemory;
  after: ChargedMemory;
  /** Whether the processes were frozen meanwhile. */
  frozen?: true;
  sample?: ScanSample;
  /** Time that reading the pages took. Unit: milliseconds. */
  scanMs?: number;
  /** Number of pages of the host that were read. */
  scannedPages?: number;
  tree: MemoryNode;
  /** Memory that no cgroup pays for, or that is counted elsewhere; not part of the tree. */
  beside: MemoryNode[];
  missing: MissingTerm[];
  advice: ExplainAdvice[];
}
