/** The names of our cgroups, `cmemstat-<pid>-<start time>`, which identify the owner. */
import { readPidStat } from '../kernel/procfs/pid-stat.ts';

/** The process that created a leaf, from the name of the leaf. */
export interface LeafOwner {
  pid: number;
  /** Unit: clock ticks since boot. */
  startTime: string;
}

/**
 * The name of the leaf of this process, or with `self` of the cgroup that cmemstat itself moves into.
 * @throws KernelFileError if `/proc` cannot be read.
 */
export function leafName(role: 'leaf' | 'self' = 'leaf'): string {
  const { startTime } = readPidStat('self');
  return `cmemstat-${role === 'self' ? 'self-' : ''}${process.pid}-${startTime}`;
}

/** Parses a name that `leafName` returned; undefined for other names. */
export function parseLeafName(name: string): LeafOwner | undefined {
  const match = /^cmemstat-(?:self-)?(\d+)-(\d+)$/.exec(name);
  return match === null ? undefined : { pid: Number(match[1]), startTime: match[2] ?? '' };
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

/** Whether the owner is still running; the start time is compared too, as pids are reused. */
export function isOwnerAlive(owner: LeafOwner): boolean {
  try {
    const stat = readPidStat(owner.pid);
    return stat.startTime === owner.startTime && stat.state !== 'Z' && stat.state !== 'X';
  } catch {
    return false;
  }
}
