/** Leaves that remained because their cmemstat was killed with SIGKILL. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isOwnerAlive, parseLeafName } from './leaf-name.ts';
import { listProcesses, removeSubtree } from './subtree.ts';

/**
 * Removes the leaves below `parent` whose owner is dead and that contain no process.
 * Returns the removed directories; a leaf that cannot be removed is left for the next run.
 * @throws an error with the errno if `parent` cannot be read.
 */
export function removeStaleLeaves(parent: string): string[] {
  const removed: string[] = [];
  for (const name of readdirSync(parent)) {
    const owner = parseLeafName(name);
    if (owner === undefined || isOwnerAlive(owner)) continue;
    const directory = join(parent, name);
    try {
      if (listProcesses(directory).length > 0) continue;
      removeSubtree(directory);
      removed.push(directory);
    } catch {
      // Another run may be removing it too, or a process may just have joined it: ignore both.
    }
  }
  return removed;
}
