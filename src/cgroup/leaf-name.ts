/** `cmemstat-<pid>-<start time>`: which process a cgroup of ours belongs to. */
import { readPidStat } from '../kernel/procfs/pid-stat.ts';

/** The owner that a leaf's name tells. */
export interface LeafOwner {
  pid: number;
  /** Unit: clock ticks since boot. */
  startTime: string;
}

/** The name of this process's leaf; `role` tells the cgroup that we move ourselves into from the leaf itself. */
export function leafName(role: 'leaf' | 'self' = 'leaf'): string {
  const { startTime } = readPidStat('self');
  return `cmemstat-${role === 'self' ? 'self-' : ''}${process.pid}-${startTime}`;
}

/** Reads a name that `leafName` made; undefined for any other. */
export function parseLeafName(name: string): LeafOwner | undefined {
  const match = /^cmemstat-(?:self-)?(\d+)-(\d+)$/.exec(name);
  return match === null ? undefined : { pid: Number(match[1]), startTime: match[2] ?? '' };
}

/** Whether a cgroup's name is the one of a cgroup that a cmemstat moved itself into. */
export function isSelfName(name: string): boolean {
  return name.startsWith('cmemstat-self-') && parseLeafName(name) !== undefined;
}

/** Whether the owner still runs: the pid alone would not do, since pids are used again. */
export function isOwnerAlive(owner: LeafOwner): boolean {
  try {
    const stat = readPidStat(owner.pid);
    return stat.startTime === owner.startTime && stat.state !== 'Z' && stat.state !== 'X';
  } catch {
    return false;
  }
}
