/** Adds figures of cgroups to those of the cgroups above them. */
import type { FiguresOfCgroup, HostCgroup } from '../../model/host/host-cgroups.ts';
import { isBehind } from '../nested-stat.ts';
import type { BpfByCgroup } from './host-bpf.ts';

/** A cgroup while the reading is made. */
export interface CgroupInProgress extends HostCgroup {
  parent: CgroupInProgress | undefined;
  figures: FiguresOfCgroup;
}

/** Adds those of each cgroup to those above it: the list has parents before children. */
export function addUpProcesses(cgroups: readonly CgroupInProgress[]): void {
  for (const { parent, figures } of cgroups.toReversed()) {
    if (parent !== undefined) {
      parent.figures.processes = (parent.figures.processes ?? 0) + (figures.processes ?? 0);
    }
  }
}

/** The keys of memory.stat that may be behind in a cgroup with descendants. */
const SIZES = ['anon', 'file', 'shmem', 'kernel', 'slab', 'sock'] as const;

/**
 * Raises the sizes of cgroups that are behind to the sums of those below them, except the root of a host. The
 * list has parents before children.
 */
export function raiseSizes(cgroups: readonly CgroupInProgress[], isWholeHost: boolean): void {
  const behind = new Set(cgroups.slice(isWholeHost ? 1 : 0).filter(({ figures }) => areBehind(figures)));
  if (behind.size === 0) return;
  const sums = new Map<CgroupInProgress, Record<string, number>>();
  for (const cgroup of cgroups.toReversed()) {
    const { parent, figures } = cgroup;
    const below = sums.get(cgroup);
    if (below !== undefined && behind.has(cgroup)) {
      for (const key of SIZES) {
        const own = figures[key];
        if (own !== undefined) figures[key] = Math.max(own, below[key] ?? 0);
      }
    }
    if (parent === undefined) continue;
    const sum = sums.get(parent) ?? {};
    sums.set(parent, sum);
    for (const key of SIZES) sum[key] = (sum[key] ?? 0) + (figures[key] ?? 0);
  }
}

function areBehind(figures: FiguresOfCgroup): boolean {
  const { current, anon, file, kernel, sock } = figures;
  return isBehind(current, { anon, file, kernel, sock });
}

/**
 * Adds maps to the cgroup that they are charged to and to those above it; unknown ones to the root of a host.
 * The root of a container is charged for none of them.
 */
export function addBpf(
  cgroups: readonly [CgroupInProgress, ...CgroupInProgress[]],
  { byCgroup }: BpfByCgroup,
  isWholeHost: boolean,
): void {
  const rest = isWholeHost ? cgroups[0] : undefined;
  const byId = new Map<bigint | undefined, CgroupInProgress>();
  for (const cgroup of cgroups) {
    cgroup.figures.bpf = 0;
    cgroup.figures.orphaned = 0;
    cgroup.figures.bpfUncharged = 0;
    byId.set(cgroup.id, cgroup);
  }
  for (const [id, { charged, orphaned, uncharged }] of byCgroup) {
    for (
      let each: CgroupInProgress | undefined = byId.get(id) ?? rest;
      each !== undefined;
      each = each.parent
    ) {
      each.figures.bpf = (each.figures.bpf ?? 0) + charged;
      each.figures.orphaned = (each.figures.orphaned ?? 0) + orphaned;
      each.figures.bpfUncharged = (each.figures.bpfUncharged ?? 0) + uncharged;
    }
  }
}
