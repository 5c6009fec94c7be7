/** Single readings of a run's cgroup and processes; what has gone meanwhile is absent. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf } from '../../errors.ts';
import { parsePidCgroup } from '../../kernel/procfs/pid-cgroup.ts';
import { type PidStat, readPidStat } from '../../kernel/procfs/pid-stat.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';

/** The cgroup of a run. */
export interface WatchedLeaf {
  directory: string;
  version: 1 | 2;
  /** The pids in it and in its nested cgroups. */
  processes(): number[];
}

/** Whether anything was ever charged to the leaf; before Linux 5.19, whether anything is. */
export function wasCharged({ directory, version }: WatchedLeaf): boolean {
  const names = version === 1 ? ['memory.max_usage_in_bytes'] : ['memory.peak', 'memory.current'];
  for (const name of names) {
    const text = unlessGone(() => readPseudoFile(join(directory, name)));
    if (text !== undefined) return text.trimEnd() !== '0';
  }
  // The leaf was removed, which requires that the target had left it.
  return true;
}

/** The name of a leaf identifies it, wherever the hierarchy is mounted. */
export function isBelow(cgroup: string, leaf: string): boolean {
  return cgroup.split('/').includes(basename(leaf));
}

/** The cgroup of a process in the memory hierarchy; undefined if it has exited. */
export function cgroupOf(pid: number, version: 1 | 2): string | undefined {
  const path = `/proc/${pid}/cgroup`;
  const memberships = unlessGone(() => parsePidCgroup(readPseudoFile(path), path));
  return memberships?.find(({ hierarchy, controllers }) =>
    version === 2 ? hierarchy === 0 : controllers.includes('memory'),
  )?.path;
}

/** Whether a pid is that of a process and not of one of its other threads. Source: proc_pid_status(5). */
export function isProcess(pid: number): boolean {
  const status = unlessGone(() => readPseudoFile(`/proc/${pid}/status`));
  return status !== undefined && /^Tgid:\s+(\d+)$/m.exec(status)?.[1] === String(pid);
}

/** The status of a process; undefined if it has exited. */
export function statOf(pid: number): PidStat | undefined {
  return unlessGone(() => readPidStat(pid));
}

/** The command line of a process; empty if it has exited. */
export function wordsOf(pid: number): string[] {
  return unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
}

/** The inode number of a directory; undefined if it was removed. */
export function inodeOf(directory: string): bigint | undefined {
  return statSync(directory, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** The processes that may inherit orphans of the run: pid 1, and ancestors of cmemstat. */
export function ancestors(): Set<number> {
  const pids = new Set([1]);
  let pid = statOf(process.pid)?.ppid ?? 1;
  while (pid > 1 && !pids.has(pid)) {
    pids.add(pid);
    pid = statOf(pid)?.ppid ?? 1;
  }
  return pids;
}

/** A process may exit between two readings, or belong to another user if /proc is mounted with hidepid. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return undefined;
  }
}
