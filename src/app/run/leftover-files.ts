/** Files in memory that outlive the run: on tmpfs, and System V segments. */
import { describeCgroup } from '../../cgroup/find-cgroup.ts';
import type { Leaf } from '../../cgroup/leaf.ts';
import type { MemoryNode } from '../../model/explain/explanation.ts';
import { leavesOf } from '../../model/explain/memory-tree.ts';
import type { LeftoverFile } from '../../model/recording.ts';
import { explainCgroup } from '../explain/explain.ts';

/** Smaller ones are not listed one by one. */
const MAX_LISTED = 100;

/** What was found, or why nothing could be. */
export type LeftoverFiles = { files: LeftoverFile[] } | { unknown: string };

/**
 * The files in memory that the leaf is charged for when its processes have exited, the largest first; call it
 * before the leaf is removed.
 * @throws KernelFileError if the leaf is gone.
 */
export async function findLeftoverFiles({ version, directory }: Leaf): Promise<LeftoverFiles> {
  const {
    method,
    reason = 'pages cannot be read',
    tree,
  } = await explainCgroup(describeCgroup(version, directory));
  return method === 'pages' ? { files: filesThatStay(tree) } : { unknown: reason };
}

/** The files of a tree that stay after all processes have exited. */
export function filesThatStay(tree: MemoryNode): LeftoverFile[] {
  const files: LeftoverFile[] = [];
  for (const { leaf } of leavesOf(tree)) {
    const { kind, name, path, bytes, reclaim } = leaf;
    if (reclaim !== 'persistent' || (kind !== 'file' && kind !== 'sysv-segment')) continue;
    files.push({ kind, name: path ?? name, bytes });
  }
  files.sort((a, b) => b.bytes - a.bytes);
  return files.slice(0, MAX_LISTED);
}
