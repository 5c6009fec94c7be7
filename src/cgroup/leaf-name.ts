/**
 * The names of our cgroups, `cmemstat-<pid>-<start time>`, which identify the owner. Outside the initial
 * namespaces of the host they end in the inode numbers of the pid and the time namespace, in which these
 * numbers are valid.
 */
import { initialNamespace, ownNamespace } from '../kernel/procfs/namespace.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';

/** The process that created a leaf, from the name of the leaf. */
export interface LeafOwner {
  pid: number;
  /** Unit: clock ticks since boot. */
  startTime: string;
  /** Its pid and time namespace; absent for the initial ones. */
  namespaces?: string;
}

/** Since: Linux 5.6 for time namespaces. */
const INITIAL_NAMESPACES = `${initialNamespace('pid')}-${initialNamespace('time')}`;

let own: string | undefined;

function ownNamespaces(): string {
  own ??= `${ownNamespace('pid')}-${ownNamespace('time')}`;
  return own;
}

/**
 * The name of the leaf of this process, or with `self` of the cgroup that cmemstat itself moves into.
 * @throws KernelFileError if `/proc` cannot be read.
 */
export function leafName(role: 'leaf' | 'self' = 'leaf'): string {
  const { startTime } = readPidStat('self');
  const namespaces = ownNamespaces();
  const suffix = namespaces === INITIAL_NAMESPACES ? '' : `-${namespaces}`;
  return `cmemstat-${role === 'self' ? 'self-' : ''}${process.pid}-${startTime}${suffix}`;
}

/** Parses a name that `leafName` returned; undefined for other names. */
export function parseLeafName(name: string): LeafOwner | undefined {
  const match = /^cmemstat-(?:self-)?(\d+)-(\d+)(?:-(\d+-\d+))?$/.exec(name);
  if (match === null) return undefined;
  const [, pid, startTime = '', namespaces] = match;
  return { pid: Number(pid), startTime, ...(namespaces === undefined ? {} : { namespaces }) };
}

/** Whether this is the name of a cgroup that a cmemstat moved itself into. */
export function isSelfName(name: string): boolean {
  return name.startsWith('cmemstat-self-') && parseLeafName(name) !== undefined;
}

/** Whether a cgroup is a leaf, or below one, of a cmemstat that is still running. */
export function isInLeaf(cgroup: string | undefined): boolean {
  return (cgroup ?? '').split('/').some((name) => {
    const owner = isSelfName(name) ? undefined : parseLeafName(name);
    return owner !== undefined && isOwnerAlive(owner);
  });
}

/**
 * Whether the owner is still running, or may be: one in other namespaces cannot be looked up by its pid. The
 * start time is compared too, as pids are reused.
 */
export function isOwnerAlive(owner: LeafOwner): boolean {
  if ((owner.namespaces ?? INITIAL_NAMESPACES) !== ownNamespaces()) return true;
  try {
    // Otherwise /proc is that of another pid namespace.
    if (readPidStat('self').pid !== process.pid) return true;
    const stat = readPidStat(owner.pid);
    return stat.startTime === owner.startTime && stat.state !== 'Z' && stat.state !== 'X';
  } catch {
    return false;
  }
}
