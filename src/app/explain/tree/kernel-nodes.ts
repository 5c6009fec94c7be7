/** Kernel memory: slab caches, page tables, and the pages of what is known by other means. */
import type { MemoryKind, MemoryNode, Reclaim } from '../../../model/explain/explanation.ts';
import { parentNode, sumOf } from '../../../model/explain/memory-tree.ts';
import type { KernelPart, ProcessPart, SlabPart, TreeParts } from './parts.ts';
import { meaningOf } from './slab-meanings.ts';

/** The titles of what is grouped, and how it can be reclaimed. */
const GROUPS: Readonly<Record<KernelPart['kind'], { name: string; reclaim: Reclaim }>> = {
  'bpf-map': { name: 'BPF maps', reclaim: 'kernel' },
  'bpf-program': { name: 'BPF programs', reclaim: 'kernel' },
  pipe: { name: 'pipes', reclaim: 'process' },
  socket: { name: 'sockets', reclaim: 'process' },
  'kernel-stacks': { name: 'kernel stacks', reclaim: 'process' },
  'page-tables': { name: 'top level of page tables', reclaim: 'process' },
  vmalloc: { name: 'vmalloc', reclaim: 'kernel' },
};

/** Kernel memory of a cgroup, without what has no name. */
export function kernelNodes(parts: TreeParts): MemoryNode {
  const { pages, slabs, processes, percpu, zswap, sock } = parts;
  const children: MemoryNode[] = [
    slabNodes(pages.slab, slabs, parts.slabParts),
    pageTableNodes(pages.pageTables, processes),
    ...pageNodes(pages.kernelPages, parts.kernelParts),
  ];
  const add = (
    kind: MemoryKind,
    name: string,
    bytes: number | undefined,
    reclaim: Reclaim,
    note?: string,
  ) => {
    if (bytes === undefined || bytes === 0) return;
    children.push({ kind, name, bytes, reclaim, ...(note === undefined ? {} : { note }) });
  };
  add('percpu', 'per-CPU memory', percpu, 'kernel');
  add('zswap', 'zswap', zswap, 'process', 'compressed pages of processes');
  if (sock !== undefined && sock > 0) {
    children.push(
      withinBytes(
        { kind: 'socket', name: 'socket buffers' },
        socketNodes(parts.sockets),
        sock,
        'other sockets',
      ),
    );
  }
  return parentNode({ kind: 'class', name: 'kernel' }, children);
}

/**
 * Slab by cache. What is known of objects in caches of all sizes (maps in `kmalloc-*`) is taken out of them,
 * the largest cache first, so that nothing is counted twice.
 */
function slabNodes(bytes: number, slabs: readonly SlabPart[], slabParts: readonly KernelPart[]): MemoryNode {
  const general = slabs
    .filter(({ name }) => GENERAL_CACHE.test(name))
    .reduce((sum, cache) => sum + cache.bytes, 0);
  const maps = fitInto(
    slabParts.filter((part) => part.bytes > 0).map((part) => partNode(part, 'kernel')),
    general,
  );
  let taken = sumOf(maps, 'bytes');
  const caches = slabs
    .flatMap(apart)
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes: size, objects, isReclaimable, note }): MemoryNode => {
      const part = GENERAL_CACHE.test(name) ? Math.min(size, taken) : 0;
      taken -= part;
      const notes = [note ?? meaningOf(name), part === 0 ? undefined : 'without BPF maps'].filter(
        (each) => each !== undefined,
      );
      return {
        kind: 'slab-cache',
        name,
        bytes: size - part,
        count: objects,
        reclaim: isReclaimable ? 'reclaimable' : 'kernel',
        ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
      };
    });
  const nodes = [
    ...caches,
    ...(maps.length === 0
      ? []
      : [parentNode({ kind: 'bpf-map', name: 'BPF maps in slab caches', count: maps.length }, maps)]),
  ];
  const rest = bytes - sumOf(nodes, 'bytes');
  if (rest > 0) nodes.push({ kind: 'others', name: 'other caches', bytes: rest, reclaim: 'kernel' });
  return parentNode({ kind: 'class', name: 'slab' }, nodes);
}

/** What is known of directory entries of files that exist. */
export const POSITIVE_NOTE = 'names of files that exist';
/** The name of the other ones. */
export const NEGATIVE_DENTRIES = 'dentry (negative)';

/** A cache, and apart from it those of its directory entries whose file does not exist. */
function apart(cache: SlabPart): (SlabPart & { note?: string })[] {
  const { bytes, objects, negativeObjects: negative } = cache;
  if (negative === undefined) return [cache];
  const negativeBytes = objects === 0 ? 0 : Math.round((bytes * negative) / objects);
  return [
    { ...cache, bytes: bytes - negativeBytes, objects: objects - negative, note: POSITIVE_NOTE },
    {
      ...cache,
      name: NEGATIVE_DENTRIES,
      bytes: negativeBytes,
      objects: negative,
      note: 'names of files that do not exist',
    },
  ];
}

/** Caches for objects of any kind, by size. */
const GENERAL_CACHE = /^(?:kmalloc|bpf|:)/;

function pageTableNodes(bytes: number, processes: readonly ProcessPart[] | undefined): MemoryNode {
  const nodes = (processes ?? [])
    .filter(({ pageTableBytes }) => pageTableBytes > 0)
    .map(({ pid, command, pageTableBytes }): MemoryNode => {
      return { kind: 'process', name: command, pid, bytes: pageTableBytes, reclaim: 'process' };
    });
  return withinBytes({ kind: 'page-tables', name: 'page tables' }, nodes, bytes, 'of no process');
}

/** Pages of the kernel: what is known of them, within their sum; the rest is left out. */
function pageNodes(bytes: number, kernelParts: readonly KernelPart[]): MemoryNode[] {
  let left = bytes;
  const groups: MemoryNode[] = [];
  for (const [kind, { name, reclaim }] of Object.entries(GROUPS) as [
    KernelPart['kind'],
    { name: string; reclaim: Reclaim },
  ][]) {
    const nodes = kernelParts
      .filter((part) => part.kind === kind && part.bytes > 0)
      .map((part) => partNode(part, reclaim));
    if (nodes.length === 0) continue;
    const sum = sumOf(nodes, 'bytes');
    const group = parentNode({ kind, name, count: nodes.length }, fitInto(nodes, Math.min(sum, left)));
    left -= group.bytes;
    groups.push(group);
  }
  return groups;
}

function socketNodes(sockets: readonly KernelPart[]): MemoryNode[] {
  return sockets.filter(({ bytes }) => bytes > 0).map((part) => partNode(part, 'process'));
}

/** A part as a leaf of the tree. */
export function partNode(part: KernelPart, reclaim: Reclaim): MemoryNode {
  const { kind, name, bytes, isPersistent, count, pid, note } = part;
  return {
    kind,
    name,
    bytes,
    reclaim: isPersistent === true ? 'persistent' : reclaim,
    ...(count === undefined ? {} : { count }),
    ...(pid === undefined ? {} : { pid }),
    ...(note === undefined ? {} : { note }),
  };
}

/** The nodes, scaled down if they have more than `bytes`. */
function fitInto(nodes: readonly MemoryNode[], bytes: number): MemoryNode[] {
  const sum = sumOf(nodes, 'bytes');
  return sum <= bytes
    ? [...nodes]
    : nodes.map((node) => ({ ...node, bytes: Math.floor((node.bytes * bytes) / sum) }));
}

/** A parent of exactly `bytes`: its children are scaled down, or what they lack is one more. */
function withinBytes(
  node: Omit<MemoryNode, 'bytes' | 'reclaim' | 'children'>,
  nodes: readonly MemoryNode[],
  bytes: number,
  restName: string,
): MemoryNode {
  const fitting = fitInto(nodes, bytes);
  const rest = bytes - sumOf(fitting, 'bytes');
  const others: MemoryNode[] =
    rest > 0
      ? [
          {
            kind: 'others',
            name: nodes.length === 0 ? 'of all processes' : restName,
            bytes: rest,
            reclaim: 'process',
          },
        ]
      : [];
  return parentNode(
    { ...node, ...(nodes.length === 0 ? {} : { count: nodes.length }) },
    [...fitting, ...others],
    'process',
  );
}
