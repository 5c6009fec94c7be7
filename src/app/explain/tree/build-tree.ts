/** Joins the parts of a cgroup into one tree. */
import type { MemoryNode } from '../../../model/explain/explanation.ts';
import { parentNode, sumOf } from '../../../model/explain/memory-tree.ts';
import { anonNodes } from './anon-nodes.ts';
import { fileNodes, shmemNodes } from './file-nodes.ts';
import { kernelNodes } from './kernel-nodes.ts';
import type { TreeParts } from './parts.ts';

/**
 * The tree of a cgroup. What has no name is one node, so that the tree adds up to `current`, or to more if
 * the cgroup grew while its pages were read.
 */
export function buildTree(
  node: Pick<MemoryNode, 'kind' | 'name' | 'path' | 'note'>,
  parts: TreeParts,
): MemoryNode {
  const { pages, current } = parts;
  const children = [
    anonNodes(pages.anon, parts.processes),
    fileNodes(pages.file, parts.files),
    shmemNodes(pages.shmem, parts.shmem),
    kernelNodes(parts),
    single('class', 'KSM', pages.ksm, 'pages of processes, merged with equal ones'),
    single('class', 'swap cache', pages.swapCache, 'read from swap or on its way there'),
    single('hugetlb', 'hugetlb', pages.hugetlb),
  ];
  const named = sumOf(children, 'bytes');
  const pagesWithoutName =
    sumOfPages(pages) - (named - (parts.percpu ?? 0) - (parts.zswap ?? 0) - (parts.sock ?? 0));
  const unnamed = Math.max(0, pagesWithoutName, (current ?? 0) - named);
  const rest: MemoryNode[] =
    unnamed === 0
      ? []
      : [
          {
            kind: 'unnamed',
            name: 'unnamed',
            bytes: unnamed,
            reclaim: 'kernel',
            note: unnamedNote(unnamed, parts.moved),
          },
        ];
  return parentNode(node, [...children, ...rest]);
}

/** Pages that are freed before, and allocated again behind the place that is read, are not found. */
function unnamedNote(unnamed: number, moved = 0): string {
  return moved * 2 > unnamed
    ? 'mostly pages of files and processes that were freed and allocated while they were read'
    : 'pages of the kernel that nothing known uses, and charges that CPUs keep in stock';
}

function single(kind: MemoryNode['kind'], name: string, bytes: number, note?: string): MemoryNode {
  return { kind, name, bytes, reclaim: 'process', ...(note === undefined ? {} : { note }) };
}

function sumOfPages(pages: TreeParts['pages']): number {
  return Object.values(pages).reduce((sum, bytes) => sum + bytes, 0);
}
