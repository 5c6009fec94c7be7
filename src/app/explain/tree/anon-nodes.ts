/** Anonymous memory by process and mapping. */
import { formatBytes } from '../../../format/units.ts';
import type { MemoryNode } from '../../../model/explain/explanation.ts';
import { parentNode, sumOf } from '../../../model/explain/memory-tree.ts';
import type { ProcessPart } from './parts.ts';

/**
 * Anonymous memory of a cgroup by process. The pages are what is charged; the mappings of processes say whose
 * they are. If the mappings have more, the processes changed meanwhile or share pages with processes outside:
 * they are scaled to the pages.
 */
export function anonNodes(anonBytes: number, processes: readonly ProcessPart[] | undefined): MemoryNode {
  const nodes = (processes ?? []).map(processNode).filter(({ bytes }) => bytes > 0);
  const named = sumOf(nodes, 'bytes');
  const fitting = named > anonBytes ? nodes.map((node) => scaled(node, anonBytes / named)) : nodes;
  addToLargest(fitting, anonBytes - sumOf(fitting, 'bytes'));
  const rest = anonBytes - sumOf(fitting, 'bytes');
  const others: MemoryNode = {
    kind: 'others',
    name: processes === undefined ? 'anonymous memory' : 'of no process that could be read',
    bytes: rest,
    reclaim: 'process',
    note:
      processes === undefined
        ? 'processes were not read'
        : 'processes that exited or that we may not read, pages in the swap cache',
  };
  return parentNode({ kind: 'class', name: 'anon' }, [...fitting, ...(rest > 0 ? [others] : [])], 'process');
}

function processNode({ pid, command, user, anon }: ProcessPart): MemoryNode {
  const mappings = anon.map(({ name, bytes, hugeBytes, note }): MemoryNode => {
    const huge =
      hugeBytes === undefined || hugeBytes === 0 ? undefined : `${formatBytes(hugeBytes)} in huge pages`;
    const notes = [huge, note].filter((text) => text !== undefined).join('; ');
    return {
      kind: 'mapping',
      name,
      bytes,
      reclaim: 'process',
      ...(notes === '' ? {} : { note: notes }),
    };
  });
  return parentNode(
    { kind: 'process', name: command, pid, ...(user === undefined ? {} : { note: `user ${user}` }) },
    mappings,
    'process',
  );
}

/** Shares of pages have fractions: less than a page belongs to no one else. */
function addToLargest(nodes: MemoryNode[], bytes: number): void {
  const [largest, ...others] = nodes.toSorted((one, other) => other.bytes - one.bytes);
  if (largest === undefined || bytes <= 0 || bytes >= PAGE_SIZE) return;
  const children = largest.children?.map((child) => ({ ...child }));
  if (children !== undefined) addToLargest(children, bytes);
  const added = { ...largest, bytes: largest.bytes + bytes, ...(children === undefined ? {} : { children }) };
  nodes.splice(0, nodes.length, added, ...others);
}

/** The smallest that Linux has. */
const PAGE_SIZE = 4096;

/** Whole bytes whose sum is that of the scaled node. */
function scaled(node: MemoryNode, factor: number): MemoryNode {
  const children = node.children?.map((child) => scaled(child, factor));
  const bytes = children === undefined ? Math.floor(node.bytes * factor) : sumOf(children, 'bytes');
  return { ...node, bytes, ...(children === undefined ? {} : { children }) };
}
