/** Memory by name in words: the table of `cmemstat explain` and the view use the same. */
import { plural } from '../format/plural.ts';
import { safeText } from '../format/safe-text.ts';
import { formatBytes } from '../format/units.ts';
import { cutMiddle, widthOfText } from '../format/wrap-lines.ts';
import type { ExplainMethod, MemoryNode } from '../model/explain/explanation.ts';
import { ownValue } from '../model/own-value.ts';

/** The method in words; that of a later version as it is written. */
export function methodText(method: string): string {
  return ownValue(METHOD_TEXT, method) ?? method;
}

const METHOD_TEXT: Readonly<Record<ExplainMethod, string>> = {
  pages: 'each page with its owner and name',
  'page-kinds': 'each page with its owner and kind, without names (/proc/kpagecgroup, /proc/kpageflags)',
  counters: 'memory.stat and smaps, no pages',
};

/**
 * The name of a node with what is worth knowing about it. Where a name is wider than `width` columns, its
 * middle is left out, and all but the pid that follows.
 */
export function nodeText(node: MemoryNode, width?: number, mark?: string): string {
  const { kind, name, path, pid, count, dirtyBytes, directory, bytes, note } = node;
  const notes = [
    ...(count === undefined ? [] : [countText(node, count)]),
    ...(directory === undefined ? [] : [`most in ${directory}`]),
    ...(dirtyBytes === undefined || dirtyBytes === bytes ? [] : [`${formatBytes(dirtyBytes)} dirty`]),
    ...(note === undefined ? [] : [note]),
  ];
  // In a tree, the names of cgroups above stand above.
  const shown = safeText(kind === 'cgroup' ? name : (path ?? name));
  const process = pid === undefined ? '' : kind === 'process' ? ` (${pid})` : ` of ${pid}`;
  if (width !== undefined && widthOfText(shown + process) > width) {
    return `${cutMiddle(shown, Math.max(MIN_NAME, width - process.length), START_OF[kind], mark)}${process}`;
  }
  const text = `${shown}${process}${notes.length === 0 ? '' : `  [${safeText(notes.join('; '))}]`}`;
  return width === undefined ? text : cutMiddle(text, width, 1, mark);
}

/** Of a command the start says more than the end. */
const START_OF: Partial<Record<MemoryNode['kind'], number>> = { process: 2 / 3, swap: 2 / 3 };

/** Columns of a name, where there is room for less. */
const MIN_NAME = 8;

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
  return plural(count, ownValue(COUNTED, kind) ?? 'part');
}
