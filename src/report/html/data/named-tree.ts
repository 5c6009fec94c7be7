/** Trees of memory by name as parts of a page. */

import { formatBytes } from '../../../format/units.ts';
import type { ExplainRecord } from '../../../model/explain/explain-record.ts';
import type { MemoryNode } from '../../../model/explain/explanation.ts';
import { foldTree } from '../../../model/explain/memory-tree.ts';
import type { NamedTree, Part } from './page-model.ts';

const MOMENTS = { end: 'at the end', peak: 'at the peak', exceeded: 'when a budget was exceeded' } as const;

const METHODS = {
  pages: 'each page of the host, with its owner and its file or cache',
  'page-kinds': 'each page of the host, with its owner and its kind',
  counters: 'memory.stat and smaps',
} as const;

/** Children of a node; the rest is combined. */
const MAX_CHILDREN = 200;
/** Smaller nodes are combined: this share of the whole. */
const MIN_SHARE = 0.0002;

/** The memory by name that a run with `--explain` recorded. */
export function treeOfRecord(record: ExplainRecord): NamedTree {
  const { moment, elapsedMs, message, method, reason, tree } = record;
  const when = message === undefined ? MOMENTS[moment] : `${MOMENTS[moment]}: ${message}`;
  return {
    label: `By name ${when}`,
    note: `Source: ${describeMethod(method, reason)}.`,
    elapsedMs,
    root: partOf(tree),
  };
}

/** How memory by name was found. */
export function describeMethod(method: keyof typeof METHODS, reason: string | undefined): string {
  return reason === undefined ? METHODS[method] : `${METHODS[method]}, because ${reason}`;
}

/** A tree as a part, with small nodes combined. */
export function partOf(tree: MemoryNode): Part {
  return toPart(foldTree(tree, { top: MAX_CHILDREN, minBytes: Math.floor(tree.bytes * MIN_SHARE) }));
}

function toPart(node: MemoryNode): Part {
  const { kind, name, path, bytes, reclaim, dirtyBytes = 0, count, pid, note, children } = node;
  const facts = [
    reclaim,
    ...(dirtyBytes > 0 ? [`${formatBytes(dirtyBytes)} dirty`] : []),
    ...(count === undefined ? [] : [`${count} objects`]),
    ...(note === undefined ? [] : [note]),
  ];
  return {
    name: `${path ?? name}${pid === undefined || children === undefined ? '' : ` (${pid})`}`,
    bytes,
    kind,
    note: facts.join(', '),
    ...(children === undefined ? {} : { parts: children.map(toPart) }),
  };
}
