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
  /** Unit: bytes. At least that of the children, if any. */
  bytes: number;
  reclaim: Reclaim;
  /** Part of `bytes` that must be written before it can be dropped. Unit: bytes. */
  dirtyBytes?: number;
  /** Part of `bytes` on the active list of the page cache. Unit: bytes. */
  activeBytes?: number;
  /** Part of `bytes` that is mapped by a process. Unit: bytes. */
  mappedBytes?: number;
  /** How many objects: slab objects, sockets, processes, files. */
  count?: number;
  pid?: number;
  /** What else is worth knowing, as a short phrase. */
  note?: string;
  children?: MemoryNode[];
}
