/**
 * Says whose a cgroup is, from its path alone: the units of systemd, containers and pods of the usual
 * runtimes, and the cgroups of cmemstat. Paths of all hierarchies have the same names.
 */
import { isSelfName, parseLeafName } from '../leaf-name.ts';
import { parseUnitName, type UnitName, unescapeUnitName } from './unit-name.ts';

/** What made a cgroup. */
export type CgroupRuntime =
  | 'systemd'
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'kubernetes'
  | 'lxc'
  | 'nspawn'
  | 'libvirt'
  | 'cmemstat';

/**
 * What it is: a unit of systemd (`session` and `user` are those of logins), a container or virtual machine, a
 * process that watches one (`monitor`), a pod or the group of all pods, or a run of cmemstat.
 */
export type CgroupKind =
  | 'service'
  | 'scope'
  | 'slice'
  | 'socket'
  | 'mount'
  | 'swap'
  | 'session'
  | 'user'
  | 'container'
  | 'machine'
  | 'monitor'
  | 'pod'
  | 'pods'
  | 'run';

/** Whose one cgroup is. */
export interface CgroupOwner {
  kind: CgroupKind;
  /** Absent where the name does not say it: a container of Kubernetes with the cgroupfs driver. */
  runtime?: CgroupRuntime;
  /** What people call it: the unit, the name of a container of LXC, else its `id`. Escapes are decoded. */
  name: string;
  /** The id of a container or a pod in full; a pod's UID has its dashes. Absent if it has none. */
  id?: string;
  /** The namespace of containerd. Absent elsewhere. */
  namespace?: string;
  /** The user of a session manager or of the slice of a user. */
  uid?: number;
  /** The part of the path that ends with its cgroup. */
  path: string;
}

/**
 * The owners of a cgroup and of those above it, outermost first: a container is in a pod, the pod may be in
 * the container that a node of a cluster is. Cgroups that nothing is known of are left out.
 */
export function ownersOf(path: string): CgroupOwner[] {
  const owners: CgroupOwner[] = [];
  const before: string[] = [];
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue;
    const found = component === '..' ? [] : describeComponent(component, before, owners.at(-1));
    before.push(component);
    const here = `/${before.join('/')}`;
    owners.push(...found.map((owner) => ({ ...owner, path: here })));
  }
  return owners;
}

/** The innermost owner; undefined if nothing in the path is known. */
export function ownerOf(path: string): CgroupOwner | undefined {
  return ownersOf(path).at(-1);
}

/**
 * The container or pod that a cgroup is in, the innermost one; undefined if it is in none. Services in a
 * container are part of it.
 */
export function containerOf(path: string): CgroupOwner | undefined {
  return ownersOf(path).findLast(({ kind }) => kind === 'container' || kind === 'machine' || kind === 'pod');
}

type Described = Omit<CgroupOwner, 'path'>;

const ID = /^[0-9a-f]{64}$/;

/** Names of containers in the namespaces of containerd: `[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*`. */
const CONTAINERD_ID = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const CONTAINERD_NAMESPACES = ['default', 'k8s.io', 'moby'];

function describeComponent(
  component: string,
  before: readonly string[],
  outer: CgroupOwner | undefined,
): Described[] {
  const run = describeRun(component);
  if (run !== undefined) return [run];
  const unit = parseUnitName(component);
  const container =
    describeContainer(unit?.type === 'scope' ? unit.prefix : component) ??
    describePod(unit?.type === 'slice' ? unit.prefix : component, before);
  if (container !== undefined) return [container];
  const joined = describeJoined(component);
  if (joined.length > 0) return joined;
  if (unit !== undefined) return [describeMachine(unit) ?? describeUnit(unit)];
  const plain = describePlain(component, before, outer);
  return plain === undefined ? [] : [plain];
}

/** Our own cgroups; those that cmemstat moves itself into are part of what is around them. */
function describeRun(component: string): Described | undefined {
  const name = component.replace(/(?:-\d+)?\.scope$/, '');
  const owner = parseLeafName(component) ?? (component === name ? undefined : parseLeafName(name));
  if (owner === undefined || isSelfName(component)) return undefined;
  return { kind: 'run', runtime: 'cmemstat', name: component };
}

const PREFIXES: Readonly<Record<string, CgroupRuntime>> = {
  docker: 'docker',
  libpod: 'podman',
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
};

/** `PREFIX-<64>`, and the monitors `libpod-conmon-<64>` and `crio-conmon-<64>`. */
function describeContainer(name: string): Described | undefined {
  const match = /^(docker|libpod|cri-containerd|nerdctl|crio)-(conmon-)?([0-9a-f]{64})$/.exec(name);
  if (match === null) return undefined;
  const [, prefix = '', monitor, id = ''] = match;
  const runtime = PREFIXES[prefix];
  if (runtime === undefined) return undefined;
  return { kind: monitor === undefined ? 'container' : 'monitor', runtime, name: id, id };
}

/** A UID with dashes, with the `_` of systemd's driver, or of a static pod: 32 digits. */
const POD_UID = '[0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12}';
const POD_OF_SYSTEMD = new RegExp(`^(?:[A-Za-z0-9]+-)*kubepods(?:-burstable|-besteffort)?-pod(${POD_UID})$`);
const POD_OF_CGROUPFS = new RegExp(`^pod(${POD_UID})$`);
const POD_OF_PODMAN = /^(?:[a-z]+-)?libpod_pod_([0-9a-f]{64})$/;
const ALL_PODS = /^(?:[A-Za-z0-9]+-)*kubepods(?:-burstable|-besteffort)?$/;

function describePod(name: string, before: readonly string[]): Described | undefined {
  const podman = POD_OF_PODMAN.exec(name)?.[1];
  if (podman !== undefined) return { kind: 'pod', runtime: 'podman', name: podman, id: podman };
  const isBelowPods = before.some((each) => ALL_PODS.test(each.replace(/\.slice$/, '')));
  const uid = POD_OF_SYSTEMD.exec(name)?.[1] ?? (isBelowPods ? POD_OF_CGROUPFS.exec(name)?.[1] : undefined);
  if (uid !== undefined) {
    const id = uid.replaceAll('_', '-');
    return { kind: 'pod', runtime: 'kubernetes', name: id, id };
  }
  const isGroup = ALL_PODS.test(name) || (isBelowPods && (name === 'burstable' || name === 'besteffort'));
  return isGroup ? { kind: 'pods', runtime: 'kubernetes', name } : undefined;
}

/** `SLICE:PREFIX:ID`: a runtime with the cgroupfs driver was given a path for systemd's. */
function describeJoined(component: string): Described[] {
  const [slice = '', prefix = '', id = '', ...more] = component.split(':');
  const runtime = PREFIXES[prefix];
  if (more.length > 0 || runtime === undefined || !CONTAINERD_ID.test(id) || !slice.endsWith('.slice')) {
    return [];
  }
  const pod = describePod(slice.replace(/\.slice$/, ''), []);
  return [...(pod?.kind === 'pod' ? [pod] : []), { kind: 'container', runtime, name: id, id }];
}

function describeMachine({ type, prefix, instance }: UnitName): Described | undefined {
  if (type === 'service' && prefix.startsWith('systemd-nspawn@') && instance !== undefined) {
    return { kind: 'container', runtime: 'nspawn', name: instance };
  }
  if (type !== 'scope' || !prefix.startsWith('machine-')) return undefined;
  const name = unescapeUnitName(prefix.slice('machine-'.length));
  // libvirt's names are those of its driver, a number, and the domain.
  const [, driver, domain] = /^(qemu|lxc|xen|ch|bhyve)-\d+-(.+)$/s.exec(name) ?? [];
  if (domain === undefined) return { kind: 'machine', runtime: 'systemd', name };
  return { kind: driver === 'lxc' ? 'container' : 'machine', runtime: 'libvirt', name: domain };
}

function describeUnit({ unit, type, prefix, instance }: UnitName): Described {
  if (type === 'service' && prefix.startsWith('user@') && /^\d{1,10}$/.test(instance ?? '')) {
    return { kind: 'user', runtime: 'systemd', name: unit, uid: Number(instance) };
  }
  const uid = type === 'slice' ? /^user-(\d{1,10})$/.exec(prefix)?.[1] : undefined;
  if (uid !== undefined) return { kind: 'slice', runtime: 'systemd', name: unit, uid: Number(uid) };
  const isSession = type === 'scope' && /^session-[a-z]?\d+$/.test(prefix);
  return { kind: isSession ? 'session' : type, runtime: 'systemd', name: unit };
}

/** Names without a type: of LXC, and of the cgroupfs drivers, where the parent says what they are. */
function describePlain(
  component: string,
  before: readonly string[],
  outer: CgroupOwner | undefined,
): Described | undefined {
  const parent = before.at(-1);
  const lxc = /^lxc\.(payload|monitor)\.(.+)$/s.exec(component);
  if (lxc !== null) return describeLxc(lxc[1] ?? '', lxc[2] ?? '');
  if (parent === 'lxc' || parent === 'lxc.payload') return describeLxc('payload', component);
  if (parent === 'lxc.monitor') return describeLxc('monitor', component);
  if (parent === 'docker' && ID.test(component)) {
    return { kind: 'container', runtime: 'docker', name: component, id: component };
  }
  const isInPod = outer?.kind === 'pod' && outer.path === `/${before.join('/')}`;
  if (isInPod && (ID.test(component) || outer.runtime === 'kubernetes')) {
    return { kind: 'container', name: component, id: component };
  }
  const isOfContainerd = before.length === 1 && CONTAINERD_NAMESPACES.includes(parent ?? '');
  if (isOfContainerd && CONTAINERD_ID.test(component)) {
    return {
      kind: 'container',
      runtime: 'containerd',
      name: component,
      id: component,
      namespace: parent ?? '',
    };
  }
  return before.length > 0 && ID.test(component)
    ? { kind: 'container', name: component, id: component }
    : undefined;
}

function describeLxc(role: string, name: string): Described {
  return { kind: role === 'monitor' ? 'monitor' : 'container', runtime: 'lxc', name };
}
