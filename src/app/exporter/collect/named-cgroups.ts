/** The cgroups of a host that have a name, by their labels: containers, pods and units of systemd. */
import type { CgroupLabels } from '../../../cgroup/resolve/cgroup-labels.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import type { Labels } from '../../../export/metric-names.ts';
import type { HostCgroup } from '../../../model/host/host-cgroups.ts';

/** What has series. */
export interface NamedGroup {
  /** As in a document: `namespace="shop",pod="web-1",container="nginx"`. */
  readonly labels: string;
  readonly kind: 'container' | 'pod' | 'unit' | 'path';
  /** More than one if several have the same name, as during a restart. */
  readonly cgroups: readonly HostCgroup[];
}

/** The cgroups with names, and how many have one that was not found. */
export interface NamedCgroups {
  readonly groups: readonly NamedGroup[];
  readonly unnamed: number;
}

/** Whose labels a cgroup has; `unnamed` if its name was not found. */
type Identity = { kind: NamedGroup['kind']; labels: string } | 'unnamed' | undefined;

type Known = Map<bigint, { path: string; name: string; identity: Identity }>;

/** How often names are looked for again that were not found. Unit: milliseconds. */
const ASK_AGAIN_MS = 60_000;

const UNIT_KINDS: ReadonlySet<string> = new Set([
  'service',
  'scope',
  'slice',
  'socket',
  'mount',
  'swap',
  'user',
]);

/** Names cgroups, repeatedly. */
export class CgroupNaming {
  readonly #names: CgroupLabels;
  readonly #matches: ((text: string) => boolean) | undefined;
  #askedMs: number | undefined;
  /** By the cgroup, as of the last reading. */
  #known: Known = new Map();

  /** `matches`: only cgroups whose name or path it accepts, and those without a name by their path. */
  constructor(names: CgroupLabels, matches?: (text: string) => boolean) {
    this.#names = names;
    this.#matches = matches;
  }

  /** Asks the runtimes for names that are not known yet. */
  async group(cgroups: readonly HostCgroup[], nowMs: number): Promise<NamedCgroups> {
    if (this.#askedMs === undefined) this.#askedMs = nowMs;
    else if (nowMs - this.#askedMs >= ASK_AGAIN_MS) {
      this.#names.askAgain();
      this.#askedMs = nowMs;
    }
    await this.#names.resolve(cgroups);
    const groups = new Map<string, NamedGroup & { cgroups: HostCgroup[] }>();
    const known: Known = new Map();
    let unnamed = 0;
    for (const cgroup of cgroups) {
      const identity = this.#identify(cgroup, known);
      if (identity === undefined) continue;
      if (identity === 'unnamed') {
        unnamed += 1;
        continue;
      }
      const group = groups.get(identity.labels);
      if (group === undefined) groups.set(identity.labels, { ...identity, cgroups: [cgroup] });
      // Those in a cgroup of the same name are counted with it.
      else if (!group.cgroups.some((each) => isIn(cgroup, each))) group.cgroups.push(cgroup);
    }
    this.#known = known;
    return { groups: [...groups.values()], unnamed };
  }

  #identify(cgroup: HostCgroup, known: Known): Identity {
    const { id, path } = cgroup;
    const pod = podAround(cgroup, this.#names);
    const label = this.#names.labelOf(cgroup);
    const name = `${pod?.name ?? ''} ${label.name}`;
    const before = this.#known.get(id);
    if (before?.path === path && before.name === name) {
      known.set(id, before);
      return before.identity;
    }
    const identity = this.#makeIdentity(cgroup, label, pod);
    known.set(id, { path, name, identity });
    return identity;
  }

  #makeIdentity(
    cgroup: HostCgroup,
    { name, owner, hasName }: ReturnType<CgroupLabels['labelOf']>,
    pod: ReturnType<typeof podAround>,
  ): Identity {
    const matches = this.#matches;
    const isMatch = matches === undefined || matches(name) || matches(cgroup.path);
    if (!isMatch || cgroup.parent === undefined) return undefined;
    const of = (kind: NamedGroup['kind'], labels: Labels) => ({ kind, labels: formatLabels(labels) });
    switch (owner?.kind) {
      case 'pod':
        return hasName ? of('pod', podLabels(name)) : 'unnamed';
      case 'container':
      case 'machine':
        if (!hasName || pod?.hasName === false) return 'unnamed';
        return of('container', { ...(pod === undefined ? {} : podLabels(pod.name)), container: name });
      default:
        if (owner !== undefined && UNIT_KINDS.has(owner.kind) && !isBelowOthers(cgroup, this.#names)) {
          return of('unit', { unit: steadyUnitName(name) });
        }
        return matches === undefined ? undefined : of('path', { cgroup: cgroup.path });
    }
  }
}

/** Whether it belongs to a container, a pod or a user, whose figures include it. */
function isBelowOthers(cgroup: HostCgroup, names: CgroupLabels): boolean {
  for (let each = cgroup.parent; each !== undefined; each = each.parent) {
    const kind = names.labelOf(each).owner?.kind;
    if (kind === 'container' || kind === 'machine' || kind === 'pod' || kind === 'user') return true;
  }
  return false;
}

function podAround(cgroup: HostCgroup, names: CgroupLabels): { name: string; hasName: boolean } | undefined {
  for (let each = cgroup.parent; each !== undefined; each = each.parent) {
    const { name, owner, hasName } = names.labelOf(each);
    if (owner?.kind === 'pod') return { name, hasName };
    if (owner?.kind === 'container' || owner?.kind === 'machine') return undefined;
  }
  return undefined;
}

function isIn(cgroup: HostCgroup, outer: HostCgroup): boolean {
  let each: HostCgroup | undefined = cgroup;
  while (each !== undefined && each.depth > outer.depth) each = each.parent;
  return each === outer;
}

/** `NAMESPACE/POD`, or a name without a namespace. */
function podLabels(name: string): Labels {
  const slash = name.indexOf('/');
  return slash < 0 ? { pod: name } : { namespace: name.slice(0, slash), pod: name.slice(slash + 1) };
}

/**
 * Transient units have numbers that are never used again: `run-u12.service`, `run-r0123...scope`,
 * `run-p12-i34.service`, `app-name-1234.scope`, and the instances of `systemd-coredump@`.
 */
function steadyUnitName(unit: string): string {
  return unit
    .replace(/^(run-)(?:u\d+|r[0-9a-f]+|p\d+-i\d+|\d+)(?=\.\w+$)/, '$1*')
    .replace(/^(app-.*-)(?:\d+|[0-9a-f]{32})(?=\.scope$)/, '$1*')
    .replace(/^(systemd-coredump@).*(?=\.service$)/, '$1*');
}
