/** Memory by name in words: the table of `cmemstat explain` and the view use the same. */
import { plural } from '../format/plural.ts';
import { safeText } from '../format/safe-text.ts';
import { formatBytes } from '../format/units.ts';
import type { ExplainMethod, MemoryNode } from '../model/explain/explanation.ts';

/** How the memory was found. */
export const METHOD_TEXT: Readonly<Record<ExplainMethod, string>> = {
  pages: 'each page with its owner and name',
  'page-kinds': 'each page with its owner and kind, without names (/proc/kpagecgroup, /proc/kpageflags)',
  counters: 'memory.stat and smaps, no pages',
};

/** The name of a node with what is worth knowing about it. */
export function nodeText(node: MemoryNode): string {
  const { kind, name, path, pid, count, dirtyBytes, bytes, note } = node;
  const notes = [
    ...(count === undefined ? [] : [countText(node, count)]),
    ...(dirtyBytes === undefined || dirtyBytes === bytes ? [] : [`${formatBytes(dirtyBytes)} dirty`]),
    ...(note === undefined ? [] : [note]),
  ];
  // In a tree, the names of cgroups above stand above.
  const shown = safeText(kind === 'cgroup' ? name : (path ?? name));
  const process = pid === undefined ? '' : kind === 'process' ? ` (${pid})` : ` of ${pid}`;
  return `${shown}${process}${notes.length === 0 ? '' : `  [${safeText(notes.join('; '))}]`}`;
}

const COUNTED: Partial<Record<MemoryNode['kind'], string>> = {
  'slab-cache': 'object',
  mount: 'file',
  others: 'name',
  'removed-cgroup': 'cgroup',
  'bpf-map': 'map',
  'bpf-program': 'program',
  pipe: 'pipe',
  socket: 'socket',
  'kernel-stacks': 'thread',
  directory: 'file',
  filesystem: 'file',
};

function countText({ kind, children }: MemoryNode, count: number): string {
  if (kind === 'page-tables' || (kind === 'kernel-stacks' && children !== undefined)) {
    return `of ${count} ${count === 1 ? 'process' : 'processes'}`;
  }
  return plural(count, COUNTED[kind] ?? 'part');
}
