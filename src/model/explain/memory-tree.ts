/** Sums, orders and abbreviates trees of memory by name. */

import type { MemoryNode, Reclaim } from './explanation.ts';
import { directoryOf, mainDirectory } from './main-directory.ts';

/** A node with its children: the sum of their sizes, largest first, and how most of it can be reclaimed. */
export function parentNode(
  node: Omit<MemoryNode, 'bytes' | 'reclaim' | 'children'>,
  children: readonly MemoryNode[],
  reclaim?: Reclaim,
): MemoryNode {
  const sorted = sortBySize(children.filter(({ bytes }) => bytes > 0));
  const parent: MemoryNode = {
    ...node,
    bytes: sumOf(sorted, 'bytes'),
    reclaim: reclaim ?? prevailing(sorted),
  };
  for (const key of ['dirtyBytes', 'activeBytes', 'mappedBytes'] as const) {
    if (sorted.some((child) => child[key] !== undefined)) parent[key] = sumOf(sorted, key);
  }
  if (sorted.length > 0) parent.children = sorted;
  return parent;
}

/** The sum of a field over some nodes; absent ones count as 0. Unit: bytes. */
export function sumOf(
  nodes: Iterable<MemoryNode>,
  key: 'bytes' | 'dirtyBytes' | 'activeBytes' | 'mappedBytes',
): number {
  let sum = 0;
  for (const node of nodes) sum += node[key] ?? 0;
  return sum;
}

/** Whether a node stands for several things. */
function isRest({ kind }: MemoryNode): boolean {
  return kind === 'others' || kind === 'unnamed';
}

/** Largest first; what stands for several things comes last. */
export function sortBySize(nodes: readonly MemoryNode[]): MemoryNode[] {
  return nodes.toSorted((a, b) => Number(isRest(a)) - Number(isRest(b)) || b.bytes - a.bytes);
}

/** The way of most of the bytes. */
function prevailing(nodes: readonly MemoryNode[]): Reclaim {
  const bytes = new Map<Reclaim, number>();
  for (const node of nodes) bytes.set(node.reclaim, (bytes.get(node.reclaim) ?? 0) + node.bytes);
  let [best, most]: [Reclaim, number] = ['kernel', -1];
  for (const [reclaim, sum] of bytes) if (sum > most) [best, most] = [reclaim, sum];
  return best;
}

/** How a tree is abbreviated. */
export interface FoldOptions {
  /** At most this many children of each node; the rest is one node. */
  top?: number | undefined;
  /** Smaller nodes are combined. Unit: bytes. */
  minBytes?: number | undefined;
}

/** How many times `minBytes` a node has if one of its small children is shown. */
const EXAMPLE_FROM = 10;

/**
 * The tree with small nodes combined into one node per parent; sums stay the same. A single small node stays,
 * and a node all of whose children are small has none: one line for one line would say less.
 */
export function foldTree(node: MemoryNode, options: FoldOptions): MemoryNode {
  const { children } = node;
  if (children === undefined) return node;
  const { top = Number.POSITIVE_INFINITY, minBytes = 0 } = options;
  const named = children.filter((child) => !isRest(child));
  const rest = children.filter(({ kind }) => kind === 'others');
  const unnamed = children.filter(({ kind }) => kind === 'unnamed');
  // The largest is an example of what many small ones are.
  const examples = node.bytes >= EXAMPLE_FROM * minBytes ? 1 : 0;
  const large = named.filter(({ bytes }, index) => index < top && (bytes >= minBytes || index < examples));
  const isShort = named.length - large.length === 1 && rest.length === 0;
  const small = isShort ? [] : named.slice(large.length);
  if (large.length === 0 && small.length > 0 && unnamed.length === 0) return withoutChildren(node);
  const kept = (isShort ? named : large).map((child) => foldTree(child, options));
  return { ...node, children: [...kept, ...combine(small, rest), ...unnamed] };
}

function combine(small: readonly MemoryNode[], others: readonly MemoryNode[]): MemoryNode[] {
  if (small.length === 0) return [...others];
  const count = small.length + others.reduce((sum, node) => sum + (node.count ?? 1), 0);
  const sum = withoutChildren(parentNode({ kind: 'others', name: 'others', count }, [...small, ...others]));
  const directory = mainDirectory(
    [...small, ...others].map(({ path, directory: own, bytes }) => {
      return { directory: own ?? directoryOf(path), bytes };
    }),
  );
  return [directory === undefined ? sum : { ...sum, directory }];
}

/** A node as a leaf. */
export function withoutChildren({ children: _, ...node }: MemoryNode): MemoryNode {
  return node;
}

/** The leaves of a tree, with the nodes above each, the root first. */
export function* leavesOf(
  node: MemoryNode,
  above: readonly MemoryNode[] = [],
): Generator<{ leaf: MemoryNode; above: readonly MemoryNode[] }> {
  if (node.children === undefined) {
    yield { leaf: node, above };
    return;
  }
  const path = [...above, node];
  for (const child of node.children) yield* leavesOf(child, path);
}

/** The part of a tree without a name. Unit: bytes. */
export function unnamedBytes(tree: MemoryNode): number {
  let bytes = 0;
  for (const { leaf } of leavesOf(tree)) if (leaf.kind === 'unnamed') bytes += leaf.bytes;
  return bytes;
}

/** The largest nodes with a name of their own: files, caches, and processes as a whole. */
export function largestNames(tree: MemoryNode, count: number): MemoryNode[] {
  return [...namedNodes(tree)]
    .filter(({ kind }) => kind !== 'unnamed' && kind !== 'others')
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, count);
}

/**
 * The leaves of a tree; a process is one, since its mappings say little without it. The kernel memory of a
 * process says what it is: in the tree that stands above it.
 */
export function* namedNodes(node: MemoryNode, above?: MemoryNode): Generator<MemoryNode> {
  if (node.children !== undefined && node.kind !== 'process') {
    for (const child of node.children) yield* namedNodes(child, node);
    return;
  }
  const isOfKernel = above?.kind === 'page-tables' || above?.kind === 'kernel-stacks';
  yield isOfKernel && node.pid !== undefined ? { ...node, name: `${above.name} of ${node.name}` } : node;
}
