/** Memory by name as rows: one for each node of the tree, and of what is beside it. */
import type { Explanation, MemoryNode } from '../model/explain/explanation.ts';
import type { Column } from './delimited-text.ts';

/** A node; the sum over the rows of one depth below a node is the size of that node. */
export interface ExplainRow {
  /** Counted from 1, so that `parent` can name a row. */
  number: number;
  /** Absent for a root. */
  parent: number | undefined;
  depth: number;
  /** Not part of the tree: no cgroup pays for it, or it is counted elsewhere. */
  beside: true | undefined;
  node: MemoryNode;
}

/** Their columns. */
export const explainColumns: readonly Column<ExplainRow>[] = [
  ['row', ({ number }) => number],
  ['parent_row', ({ parent }) => parent],
  ['depth', ({ depth }) => depth],
  ['beside', ({ beside }) => beside],
  ['kind', ({ node }) => node.kind],
  ['name', ({ node }) => node.name],
  ['path', ({ node }) => node.path],
  ['bytes', ({ node }) => node.bytes],
  ['reclaim', ({ node }) => node.reclaim],
  ['dirty_bytes', ({ node }) => node.dirtyBytes],
  ['active_bytes', ({ node }) => node.activeBytes],
  ['mapped_bytes', ({ node }) => node.mappedBytes],
  ['other_mappers', ({ node }) => node.otherMappers],
  ['count', ({ node }) => node.count],
  ['pid', ({ node }) => node.pid],
  ['fs_type', ({ node }) => node.fsType],
  ['mount', ({ node }) => node.mount],
  ['directory', ({ node }) => node.directory],
  ['note', ({ node }) => node.note],
  ['leaf', ({ node }) => (node.children === undefined ? true : undefined)],
];

/** The rows in the order of the tree: each node before what is in it. */
export function* explainRows({ tree, beside }: Pick<Explanation, 'tree' | 'beside'>): Generator<ExplainRow> {
  let count = 0;
  function* walk(
    node: MemoryNode,
    depth: number,
    parent: number | undefined,
    isBeside: true | undefined,
  ): Generator<ExplainRow> {
    count += 1;
    const number = count;
    yield { number, parent, depth, beside: isBeside, node };
    for (const child of node.children ?? []) yield* walk(child, depth + 1, number, isBeside);
  }
  yield* walk(tree, 0, undefined, undefined);
  for (const node of beside) yield* walk(node, 0, undefined, true);
}
