/** An owner with what names it besides its path: the user whose session it is in, and its processes. */
import { errnoOf } from '../../errors.ts';
import type { CgroupOwner } from '../names/cgroup-owner.ts';
import { listProcesses } from '../subtree.ts';
import type { NamedOwner } from './runtime-names.ts';

/** A cgroup of an owner. */
export interface OwnedCgroup {
  readonly directory: string;
  readonly owner: CgroupOwner;
  /** All in its path, outermost first. */
  readonly owners: readonly CgroupOwner[];
}

/** The owner of a cgroup. */
export function ownerAt({ directory, owner, owners }: OwnedCgroup): NamedOwner {
  const uid = owners.findLast(({ kind }) => kind === 'user')?.uid;
  return { owner, uid, processes: () => processesIn(directory) };
}

/** The containers in each pod, by the path of the pod. */
export function containersByPod(cgroups: Iterable<OwnedCgroup>): ReadonlyMap<string, NamedOwner[]> {
  const byPod = new Map<string, NamedOwner[]>();
  for (const cgroup of cgroups) {
    const { owner, owners } = cgroup;
    if (owner.kind !== 'container') continue;
    for (const { kind, path } of owners) {
      if (kind !== 'pod') continue;
      const inside = byPod.get(path) ?? [];
      inside.push(ownerAt(cgroup));
      byPod.set(path, inside);
    }
  }
  return byPod;
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
