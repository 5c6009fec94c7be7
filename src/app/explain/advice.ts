/** Advice on the memory of a tree. */
import { plural } from '../../format/plural.ts';
import { formatCommand } from '../../format/safe-text.ts';
import { formatBytes } from '../../format/units.ts';
import { cutMiddle } from '../../format/wrap-lines.ts';
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { ExplainAdvice, MemoryNode } from '../../model/explain/explanation.ts';
import { leavesOf, sumOf } from '../../model/explain/memory-tree.ts';
import { UNHELD_NOTE } from './tree/file-nodes.ts';
import { NEGATIVE_DENTRIES, POSITIVE_NOTE } from './tree/kernel-nodes.ts';

/** Less is not worth a line. */
const MIN_BYTES = 16 * 1024 * 1024;
/** Nor is a smaller part of the whole. */
const MIN_SHARE = 0.02;
/** Page tables of more than this part of what they map are mostly empty. */
const TABLE_SHARE = 0.25;
/** Fewer names of files are usual. */
const MIN_DENTRIES = 100_000;
const MIN_SOCKETS = 1_000;

/**
 * Advice where the tree gives reason to it, on most memory first. `onMaps`: advice on the BPF maps that the
 * cgroup is charged for.
 */
export function adviseOnTree(tree: MemoryNode, onMaps: readonly BpfAdvice[] = []): ExplainAdvice[] {
  const leaves = Array.from(leavesOf(tree), ({ leaf }) => leaf);
  const isMuch = (bytes: number) => bytes >= Math.max(MIN_BYTES, tree.bytes * MIN_SHARE);
  return [
    ...readOnce(leaves, isMuch),
    ...unheldTmpfs(leaves, isMuch),
    ...dentries(leaves, isMuch),
    ...sockets(leaves),
    ...pageTables(tree, isMuch),
    ...bpfMaps(onMaps, tree.bytes * MIN_SHARE),
  ].sort((a, b) => b.bytes - a.bytes);
}

type IsMuch = (bytes: number) => boolean;

/** Pages that were used again are on the active list: the rest was read or written once so far. */
function readOnce(leaves: readonly MemoryNode[], isMuch: IsMuch): ExplainAdvice[] {
  const files = leaves.filter(
    ({ kind, reclaim, bytes, activeBytes, mappedBytes }) =>
      (kind === 'file' || kind === 'deleted-file') &&
      (reclaim === 'reclaimable' || reclaim === 'dirty') &&
      activeBytes !== undefined &&
      activeBytes * 10 < bytes &&
      mappedBytes === 0,
  );
  const bytes = sumOf(files, 'bytes');
  const [largest] = files.toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined || !isMuch(bytes)) return [];
  return [
    {
      kind: 'read-once',
      bytes,
      text: `${formatBytes(bytes)} of page cache in ${plural(files.length, 'file')} was read or written only once so far (largest: ${shown(largest)}, ${formatBytes(largest.bytes)}): the kernel drops it first when memory is short; posix_fadvise(POSIX_FADV_DONTNEED) or O_DIRECT keep it from being charged`,
    },
  ];
}

function unheldTmpfs(leaves: readonly MemoryNode[], isMuch: IsMuch): ExplainAdvice[] {
  const files = leaves.filter(
    ({ kind, reclaim, note }) =>
      reclaim === 'persistent' &&
      (kind === 'file' || kind === 'sysv-segment') &&
      note?.includes(UNHELD_NOTE) === true,
  );
  const bytes = sumOf(files, 'bytes');
  const [largest] = files.toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined || !isMuch(bytes)) return [];
  const remove =
    largest.kind === 'sysv-segment'
      ? 'remove it with ipcrm'
      : `remove it: ${formatCommand(['rm', largest.path ?? largest.name])}`;
  return [
    {
      kind: 'unheld-tmpfs',
      bytes,
      text: `${formatBytes(bytes)} of files in memory are held by no process (largest: ${shown(largest)}, ${formatBytes(largest.bytes)}): they stay until they are removed; if it is not needed, ${remove}`,
    },
  ];
}

/** Caches with an entry for each file that is remembered. */
const INODE_CACHE = /^(?!sock_).*inode/;

/** Names of files: of as many files, or of files that do not exist. */
function dentries(leaves: readonly MemoryNode[], isMuch: IsMuch): ExplainAdvice[] {
  const caches = leaves.filter(({ kind }) => kind === 'slab-cache');
  const names = caches.find(({ name }) => name === 'dentry');
  const negative = caches.find(({ name }) => name === NEGATIVE_DENTRIES);
  const inodes = caches.filter(({ name }) => INODE_CACHE.test(name));
  const advice = negative === undefined ? [] : onNegative(negative, isMuch);
  const { count = 0, bytes = 0, note } = names ?? {};
  if (count < MIN_DENTRIES) return advice;
  const files = inodes.reduce((sum, cache) => sum + (cache.count ?? 0), 0);
  if (files * 2 < count) {
    if (note === POSITIVE_NOTE || !isMuch(bytes)) return advice;
    const text = `${count} names of files are cached (${formatBytes(bytes)}), and ${plural(files, 'inode')}: looking up names of files that do not exist fills this cache; the kernel drops it when memory is short`;
    return [{ kind: 'negative-dentries', bytes, text }];
  }
  const all = bytes + sumOf(inodes, 'bytes');
  if (!isMuch(all)) return advice;
  const text = `${formatBytes(all)} are names and inodes of ${plural(files, 'file')}, in ${inodes.map(({ name }) => `${name}, `).join('')}dentry: walking through a large directory or creating many files fills these caches; the kernel drops them when memory is short`;
  return [...advice, { kind: 'many-files', bytes: all, text }];
}

function onNegative({ count = 0, bytes }: MemoryNode, isMuch: IsMuch): ExplainAdvice[] {
  if (count < MIN_DENTRIES || !isMuch(bytes)) return [];
  const text = `${count} names of files that do not exist are cached (${formatBytes(bytes)}): a program looks up many names that are not there, or removes many files; the kernel drops them when memory is short`;
  return [{ kind: 'negative-dentries', bytes, text }];
}

/** Paths may be 4,095 bytes long. Unit: columns. */
const MAX_SHOWN = 200;

function shown({ path, name }: MemoryNode): string {
  return cutMiddle(path ?? name, MAX_SHOWN);
}

function sockets(leaves: readonly MemoryNode[]): ExplainAdvice[] {
  const found = leaves.filter(({ kind, name }) => kind === 'socket' && name !== 'other sockets');
  const count = found.reduce((sum, node) => sum + (node.count ?? 1), 0);
  const bytes = sumOf(found, 'bytes');
  if (count < MIN_SOCKETS || bytes < MIN_BYTES) return [];
  return [
    {
      kind: 'unread-sockets',
      bytes,
      text: `${plural(count, 'socket')} hold ${formatBytes(bytes)} of unread data: the readers are slow or stuck (ss -m shows the queues)`,
    },
  ];
}

function pageTables(tree: MemoryNode, isMuch: IsMuch): ExplainAdvice[] {
  const tables = find(tree, ({ kind }) => kind === 'page-tables');
  const bytes = tables?.bytes ?? 0;
  const mapped = ['anon', 'shmem'].reduce(
    (sum, name) => sum + (tree.children?.find((child) => child.name === name)?.bytes ?? 0),
    0,
  );
  if (!isMuch(bytes) || bytes < mapped * TABLE_SHARE) return [];
  const [largest] = (tables?.children ?? []).filter(({ kind }) => kind === 'process');
  return [
    {
      kind: 'page-tables',
      bytes,
      text: `page tables take ${formatBytes(bytes)}, beside ${formatBytes(mapped)} of memory that they map${largest === undefined ? '' : ` (most: ${largest.name}, ${formatBytes(largest.bytes)})`}: memory is used sparsely, or mapped by many processes; huge pages (madvise MADV_HUGEPAGE) need fewer tables`,
    },
  ];
}

/** Each map is made for a purpose: what could be saved on it is worth a line if it is much of the whole. */
function bpfMaps(advice: readonly BpfAdvice[], leastBytes: number): ExplainAdvice[] {
  return advice.flatMap(({ savesBytes = 0, text, options = [] }) => {
    if (savesBytes === 0 || savesBytes < leastBytes) return [];
    const changes = options.map(({ change, savesBytes: each }) => `${change}: saves ${formatBytes(each)}`);
    return [{ kind: 'bpf-maps' as const, bytes: savesBytes, text: `${text}; ${changes.join(', ')}` }];
  });
}

function find(node: MemoryNode, matches: (node: MemoryNode) => boolean): MemoryNode | undefined {
  if (matches(node)) return node;
  for (const child of node.children ?? []) {
    const found = find(child, matches);
    if (found !== undefined) return found;
  }
  return undefined;
}
