/** What people call the cgroups of a host: units, containers and pods in place of parts of paths. */
import { type CgroupOwner, ownersOf } from '../names/cgroup-owner.ts';
import { LookedAt } from './looked-at.ts';
import { containersByPod, ownerAt } from './owner-at.ts';
import { type NamedOwner, RuntimeNames } from './runtime-names.ts';

/** A cgroup to find a name for. */
export interface LabelledCgroup {
  readonly id: bigint;
  /** Below the root of the hierarchy. */
  readonly path: string;
  readonly directory: string;
}

/** The name of a cgroup. */
export interface CgroupLabel {
  /** Of the container, the pod or the unit; otherwise the last part of the path. */
  readonly name: string;
  /** Its owner; undefined if it is only below the cgroup of one, or if its path names none. */
  readonly owner: CgroupOwner | undefined;
  /** Whether `name` is one: not as long as only the id of a container or a pod is known. */
  readonly hasName: boolean;
}

interface Known {
  label: CgroupLabel;
  path: string;
  owners: readonly CgroupOwner[];
  /** Whether the runtime is still to be queried. */
  isPending: boolean;
  /** How often it was queried. */
  queries: number;
}

/** The length to which ids are shortened, as docker and podman do. */
const SHORT_ID = 12;

const LONG_ID = /^[0-9a-f]{64}$/;

/** How often the runtimes are queried for one name. */
const MAX_QUERIES = 10;

/** How many names of removed cgroups are kept before they are dropped. */
const MAX_STALE = 256;

/** Names of cgroups across readings. */
export class CgroupLabels {
  readonly #known = new Map<bigint, Known>();
  readonly #filesBelow: string;

  /** `filesBelow` is put before the paths of files and sockets; only tests have one. */
  constructor(filesBelow = '') {
    this.#filesBelow = filesBelow;
  }

  /** What is known now: the id of a container until its runtime was queried. */
  labelOf(cgroup: Pick<LabelledCgroup, 'id' | 'path'>): CgroupLabel {
    return this.#lookUp(cgroup).label;
  }

  /**
   * Queries the runtimes for the names of containers and pods that are still without one. Returns whether
   * there were any.
   */
  async resolve(cgroups: readonly LabelledCgroup[]): Promise<boolean> {
    this.#forgetGone(cgroups);
    const pending = cgroups.filter((cgroup) => this.#lookUp(cgroup).isPending);
    if (pending.length === 0) return false;
    // It reads each source once: containers that were created since are only in a new one.
    const names = new RuntimeNames(new LookedAt(), this.#filesBelow);
    const inside = containersByPod(
      cgroups.flatMap((cgroup) => {
        const { label, owners } = this.#lookUp(cgroup);
        return label.owner === undefined ? [] : { directory: cgroup.directory, owner: label.owner, owners };
      }),
    );
    for (const cgroup of pending) {
      const known = this.#lookUp(cgroup);
      known.isPending = false;
      known.queries += 1;
      const name = await this.#nameOf(known, cgroup, inside.get(cgroup.path) ?? [], names);
      if (name !== undefined) known.label = { ...known.label, name, hasName: true };
    }
    return true;
  }

  /**
   * Lets `resolve` query names again that it did not find: a runtime may not have known the container yet.
   * A limited number of times: some have none.
   */
  askAgain(): void {
    for (const known of this.#known.values()) {
      if (!known.label.hasName && known.queries < MAX_QUERIES) known.isPending = true;
    }
  }

  #lookUp({ id, path }: Pick<LabelledCgroup, 'id' | 'path'>): Known {
    const found = this.#known.get(id);
    if (found?.path === path) return found;
    const owners = ownersOf(path);
    const last = owners.at(-1);
    const owner = last?.path === path ? last : undefined;
    const isPending = owner?.id !== undefined && (owner.kind === 'container' || owner.kind === 'pod');
    const hasName = !isPending || (owner.kind === 'container' && !LONG_ID.test(owner.name));
    const label = { name: nameAtFirst(path, owner), owner, hasName };
    const known = { label, path, owners, isPending, queries: 0 };
    this.#known.set(id, known);
    return known;
  }

  async #nameOf(
    { label: { owner }, owners }: Known,
    { directory }: LabelledCgroup,
    containers: readonly NamedOwner[],
    names: RuntimeNames,
  ): Promise<string | undefined> {
    if (owner === undefined) return undefined;
    const named = ownerAt({ directory, owner, owners });
    if (owner.kind === 'container') return (await names.ofContainer(named)).name;
    const pod = await names.ofPod(named, containers);
    if (pod === undefined) return undefined;
    return pod.namespace === undefined ? pod.name : `${pod.namespace}/${pod.name}`;
  }

  #forgetGone(cgroups: readonly LabelledCgroup[]): void {
    if (this.#known.size <= 2 * cgroups.length + MAX_STALE) return;
    const alive = new Set(cgroups.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!alive.has(id)) this.#known.delete(id);
  }
}

function nameAtFirst(path: string, owner: CgroupOwner | undefined): string {
  if (owner === undefined) return path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
  return owner.name === owner.id && LONG_ID.test(owner.name) ? owner.name.slice(0, SHORT_ID) : owner.name;
}
