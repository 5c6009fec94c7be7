/** The cgroups of a host that have a name, by their labels: containers, pods and units of systemd. */
import type { CgroupLabel, CgroupLabels } from '../../../cgroup/resolve/cgroup-labels.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import type { Labels } from '../../../export/metric-names.ts';
import type { HostCgroup } from '../../../model/host/host-cgroups.ts';

/** What has series. */
export interface NamedGroup {
  /** As in a document: `namespace="shop",pod="web-1",container="nginx"`. */
  readonly labels: string;
  /** The same with others, which are kept from one reading to the next: `...,kind="current"`. */
  readonly labelsWith: (more: string) => string;
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
type Identity = Omit<NamedGroup, 'cgroups'> | 'unnamed' | undefined;

type Known = Map<bigint, { label: CgroupLabel; pod: CgroupLabel | undefined; identity: Identity }>;

/** How often names that were not found are requested again. Unit: milliseconds. */
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
    const places = new Map<HostCgroup, Place>();
    let unnamed = 0;
    for (const cgroup of cgroups) {
      const identity = this.#identify(cgroup, known, places);
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

  #identify(cgroup: HostCgroup, known: Known, places: Map<HostCgroup, Place>): Identity {
    const { id, parent } = cgroup;
    const label = this.#names.labelOf(cgroup);
    const around = (parent && places.get(parent)) ?? NOWHERE;
    places.set(cgroup, placeOf(label, around));
    const before = this.#known.get(id);
    if (before?.label === label && before.pod === around.pod) {
      known.set(id, before);
      return before.identity;
    }
    const identity = this.#makeIdentity(cgroup, label, around);
    known.set(id, { label, pod: around.pod, identity });
    return identity;
  }

  #makeIdentity(cgroup: HostCgroup, { name, owner, hasName }: CgroupLabel, { pod, isPart }: Place): Identity {
    const matches = this.#matches;
    const isMatch = matches === undefined || matches(name) || matches(cgroup.path);
    if (!isMatch || cgroup.parent === undefined) return undefined;
    switch (owner?.kind) {
      case 'pod':
        return hasName ? of('pod', podLabels(name)) : 'unnamed';
      case 'container':
      case 'machine':
        if (!hasName || pod?.hasName === false) return 'unnamed';
        return of('container', { ...(pod === undefined ? {} : podLabels(pod.name)), container: name });
      default:
        if (owner !== undefined && UNIT_KINDS.has(owner.kind) && !isPart) {
          return of('unit', { unit: steadyUnitName(name) });
        }
        return matches === undefined ? undefined : of('path', { cgroup: cgroup.path });
    }
  }
}

/** What is around the cgroups that are in another one. */
interface Place {
  /** The pod, unless it is outside of the innermost container. */
  readonly pod: CgroupLabel | undefined;
  /** Whether it is in a container, a pod, or below a session manager, whose figures include it. */
  readonly isPart: boolean;
}

const NOWHERE: Place = { pod: undefined, isPart: false };
const IN_CONTAINER: Place = { pod: undefined, isPart: true };

function placeOf(label: CgroupLabel, around: Place): Place {
  switch (label.owner?.kind) {
    case 'pod':
      return { pod: label, isPart: true };
    case 'container':
    case 'machine':
      return IN_CONTAINER;
    case 'user':
      return around.isPart ? around : { pod: around.pod, isPart: true };
    default:
      return around;
  }
}

function isIn(cgroup: HostCgroup, outer: HostCgroup): boolean {
  let each: HostCgroup | undefined = cgroup;
  while (each !== undefined && each.depth > outer.depth) each = each.parent;
  return each === outer;
}

function of(kind: NamedGroup['kind'], labelled: Labels): Omit<NamedGroup, 'cgroups'> {
  const labels = formatLabels(labelled);
  const known = new Map<string, string>();
  const labelsWith = (more: string) => {
    let text = known.get(more);
    if (text === undefined) {
      text = `${labels},${more}`;
      known.set(more, text);
    }
    return text;
  };
  return { kind, labels, labelsWith };
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
