/** An owner with what names it besides its path: the user whose session it is in, and its processes. */
import { errnoOf } from '../../errors.ts';
import type { CgroupOwner } from '../names/cgroup-owner.ts';
import { listProcesses } from '../subtree.ts';
import type { NamedOwner } from './runtime-names.ts';

/** The owner of the cgroup with this directory; `owners` are all in its path, outermost first. */
export function ownerAt(directory: string, owner: CgroupOwner, owners: readonly CgroupOwner[]): NamedOwner {
  const uid = owners.findLast(({ kind }) => kind === 'user')?.uid;
  return { owner, uid, processes: () => processesIn(directory) };
}

/** None if the cgroup is gone, or has a path that the kernel does not take. */
function processesIn(directory: string): number[] {
  try {
    return listProcesses(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}
