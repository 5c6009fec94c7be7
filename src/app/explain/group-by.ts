/** Sums of an explanation by file, directory, mount, file system, slab cache or process. */
import type { MemoryKind, MemoryNode } from '../../model/explain/explanation.ts';
import { leavesOf, parentNode, withoutChildren } from '../../model/explain/memory-tree.ts';

/** The keys of `--by`. */
export const EXPLAIN_KEYS = [
  'file',
  'directory',
  'mount',
  'filesystem',
  'cache',
  'process',
  'class',
] as const;

/** One of them. */
export type ExplainKey = (typeof EXPLAIN_KEYS)[number];

const FILES: ReadonlySet<MemoryKind> = new Set([
  'file',
  'deleted-file',
  'block-device',
  'memfd',
  'sysv-segment',
]);

/** Whether the sums are of files. */
export function isOfFiles(key: ExplainKey): boolean {
  return key !== 'cache' && key !== 'process' && key !== 'class';
}

/** A leaf of the tree with the nodes above it. */
interface Leaf {
  leaf: MemoryNode;
  above: readonly MemoryNode[];
}

/**
 * The tree with its leaves summed by a key; what the key does not apply to is one node, so that the sum stays
 * the same.
 */
export function groupTree(tree: MemoryNode, key: ExplainKey): MemoryNode {
  const leaves = [...leavesOf(tree)];
  const matching = leaves.filter((each) => applies(each, key));
  const rest = leaves.filter((each) => !applies(each, key));
  const isApart = (each: Leaf) => isOfFiles(key) && isSmallerFiles(each);
  const beside = rest.filter((each) => !isApart(each)).map(({ leaf }) => leaf);
  const others = [
    ...rest.filter(isApart).map(({ leaf }) => leaf),
    ...(beside.length === 0
      ? []
      : [withoutChildren(parentNode({ kind: 'others', name: OTHERS[key] }, beside))]),
  ];
  const groups =
    key === 'directory' ? directoryTree(matching.map(({ leaf }) => leaf)) : groupsOf(matching, key);
  return parentNode(withoutChildren(tree), [...groups, ...others]);
}

/** Files beyond those that are named: they are in directories and file systems, which are not known. */
function isSmallerFiles({ leaf, above }: Leaf): boolean {
  return (
    leaf.kind === 'others' &&
    above.some(({ kind, name }) => kind === 'class' && (name === 'file' || name === 'shmem'))
  );
}

const OTHERS: Readonly<Record<ExplainKey, string>> = {
  file: 'memory that is in no file',
  directory: 'memory that is in no directory',
  mount: 'memory of no mounted file system',
  filesystem: 'memory of no file system',
  cache: 'memory in no slab cache',
  process: 'memory of no process',
  class: 'memory of no class',
};

function applies({ leaf, above }: Leaf, key: ExplainKey): boolean {
  switch (key) {
    case 'file':
      return FILES.has(leaf.kind);
    case 'directory':
      return leaf.path !== undefined;
    case 'mount':
      return leaf.mount !== undefined;
    case 'filesystem':
      return leaf.fsType !== undefined;
    case 'cache':
      return leaf.kind === 'slab-cache';
    case 'process':
      return processOf({ leaf, above }) !== undefined;
    case 'class':
      return classOf({ leaf, above }) !== undefined;
  }
}

function processOf({ leaf, above }: Leaf): MemoryNode | undefined {
  return leaf.pid === undefined ? above.findLast(({ pid }) => pid !== undefined) : leaf;
}

/** The outermost: classes of kernel memory are in each other. */
function classOf({ leaf, above }: Leaf): string | undefined {
  return [...above, leaf].find(({ kind }) => kind === 'class')?.name;
}

function groupsOf(leaves: readonly Leaf[], key: Exclude<ExplainKey, 'directory'>): MemoryNode[] {
  const groups = new Map<string, { node: Omit<MemoryNode, 'bytes' | 'reclaim'>; leaves: MemoryNode[] }>();
  for (const each of leaves) {
    const { id, node } = groupOf(each, key);
    const group = groups.get(id) ?? { node, leaves: [] };
    group.leaves.push(each.leaf);
    groups.set(id, group);
  }
  return [...groups.values()].map(({ node, leaves: members }) => {
    const only = members.length === 1 ? members[0] : undefined;
    if ((key === 'file' || key === 'cache') && only !== undefined) return only;
    const sum = parentNode({ ...node, ...countOf(key, members) }, members);
    return key === 'process' ? sum : withoutChildren(sum);
  });
}

function countOf(key: ExplainKey, members: readonly MemoryNode[]): { count?: number } {
  if (key === 'process' || key === 'class') return {};
  if (key === 'cache') return { count: members.reduce((sum, { count = 0 }) => sum + count, 0) };
  return { count: members.length };
}

function groupOf(
  each: Leaf,
  key: Exclude<ExplainKey, 'directory'>,
): { id: string; node: Omit<MemoryNode, 'bytes' | 'reclaim'> } {
  const { leaf } = each;
  switch (key) {
    case 'file': {
      const { kind, name, path } = leaf;
      return { id: `${kind} ${path ?? name}`, node: { kind, name, ...(path === undefined ? {} : { path }) } };
    }
    case 'mount':
      return { id: leaf.mount ?? '', node: { kind: 'mount', name: leaf.mount ?? '' } };
    case 'filesystem':
      return { id: leaf.fsType ?? '', node: { kind: 'filesystem', name: leaf.fsType ?? '' } };
    case 'class': {
      const name = classOf(each) ?? '';
      return { id: name, node: { kind: 'class', name } };
    }
    case 'cache':
      return { id: leaf.name, node: { kind: 'slab-cache', name: leaf.name } };
    case 'process': {
      const process = processOf(each);
      const pid = process?.pid ?? 0;
      // Of a leaf such as a pipe, the name is that of the pipe.
      const name = process?.kind === 'process' ? process.name : `process ${pid}`;
      return { id: String(pid), node: { kind: 'process', name, pid } };
    }
  }
}

interface Directory {
  readonly path: string;
  readonly children: Map<string, Directory>;
  readonly files: MemoryNode[];
}

/** Directories in each other; a directory with a single entry is joined with it. */
function directoryTree(files: readonly MemoryNode[]): MemoryNode[] {
  const root: Directory = { path: '/', children: new Map(), files: [] };
  for (const file of files) {
    let directory = root;
    const parts = (file.path ?? '').split('/').filter((part) => part !== '');
    for (const part of parts.slice(0, -1)) {
      const path = directory.path === '/' ? `/${part}` : `${directory.path}/${part}`;
      const child = directory.children.get(part) ?? { path, children: new Map(), files: [] };
      directory.children.set(part, child);
      directory = child;
    }
    directory.files.push(file);
  }
  return [directoryNode(root)].filter(({ bytes }) => bytes > 0);
}

function directoryNode(directory: Directory): MemoryNode {
  let shown = directory;
  for (;;) {
    const [only, ...more] = shown.children.values();
    if (only === undefined || more.length > 0 || shown.files.length > 0) break;
    shown = only;
  }
  const children = Array.from(shown.children.values(), directoryNode);
  const files = shown.files;
  const count = files.length + children.reduce((sum, child) => sum + (child.count ?? 0), 0);
  const sum = parentNode({ kind: 'directory', name: shown.path, path: shown.path, count }, [
    ...children,
    ...files.map((file) => ({ ...file })),
  ]);
  return children.length === 0 ? withoutChildren(sum) : { ...sum, children: withoutFiles(sum, files) };
}

/** The files directly in a directory are one node beside its directories. */
function withoutFiles(sum: MemoryNode, files: readonly MemoryNode[]): MemoryNode[] {
  const directories = (sum.children ?? []).filter(({ kind }) => kind === 'directory');
  if (files.length === 0) return directories;
  const own = withoutChildren(
    parentNode({ kind: 'others', name: 'files in it', count: files.length }, files),
  );
  return [...directories, own];
}
