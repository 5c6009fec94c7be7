/** The effective limits of a leaf: the smallest of its own and those of all visible ancestors. */
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { parseMemoryStatV1 } from '../kernel/cgroup1/memory-stat.ts';
import { parseCpuMax } from '../kernel/cgroup2/cpu-max.ts';
import { parseLimit } from '../kernel/limit.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { directoryOf, type HierarchyFacts } from './hierarchy.ts';

/** The effective limits; a key is absent where there is no limit. */
export interface CgroupLimits {
  /** Unit: bytes. */
  memoryBytes?: number;
  /** The CPU quota. Unit: CPUs, possibly a fraction. */
  cpus?: number;
}

/**
 * Reads memory.max, memory.high and cpu.max of a leaf on cgroup v2 and of its ancestors up to the mount
 * point. Ancestors outside the cgroup namespace are not visible.
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 * @throws KernelFileError.
 */
export function readBindingLimits2(leaf: string, mountPoint: string): CgroupLimits {
  const memory: number[] = [];
  const cpus: number[] = [];
  for (const directory of upwards(leaf, mountPoint)) {
    for (const name of ['memory.max', 'memory.high']) {
      const path = join(directory, name);
      const text = readIfThere(path);
      const limit = text === undefined ? 'max' : parseLimit(text, path);
      if (limit !== 'max') memory.push(limit);
    }
    const path = join(directory, 'cpu.max');
    const text = readIfThere(path);
    const quota = text === undefined ? 'max' : parseCpuMax(text, path);
    if (quota !== 'max') cpus.push(quota);
  }
  return smallest(memory, cpus);
}

/**
 * The same on cgroup v1, where `hierarchical_memory_limit` includes the ancestors and cpu is a separate
 * hierarchy.
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst, section 5.2.
 * @throws KernelFileError.
 */
export function readBindingLimits1(leaf: string, facts: HierarchyFacts): CgroupLimits {
  const statPath = join(leaf, 'memory.stat');
  // The sampler reports malformed lines.
  const limit = parseMemoryStatV1(readPseudoFile(statPath), statPath, () => {}).hierarchicalLimitBytes;
  const cpus: number[] = [];
  const mount = facts.mounts.find((each) => each.fsType === 'cgroup' && each.superOptions.includes('cpu'));
  const own = facts.memberships.find((membership) => membership.controllers.includes('cpu'));
  const directory = mount !== undefined && own !== undefined ? directoryOf(mount, own.path) : undefined;
  if (mount !== undefined && directory !== undefined) {
    for (const each of upwards(directory, mount.mountPoint)) {
      const quota = Number(readIfThere(join(each, 'cpu.cfs_quota_us')) ?? -1);
      const period = Number(readIfThere(join(each, 'cpu.cfs_period_us')) ?? 0);
      if (quota > 0 && period > 0) cpus.push(quota / period);
    }
  }
  return smallest(limit !== undefined && Number.isFinite(limit) ? [limit] : [], cpus);
}

/** A cgroup and its ancestors, up to `top`. */
export function upwards(directory: string, top: string): string[] {
  const directories = [directory];
  for (let at = directory; at !== top && at !== dirname(at); ) {
    at = dirname(at);
    directories.push(at);
  }
  return directories;
}

/** A file of a cgroup; undefined if the cgroup does not have it. @throws KernelFileError. */
export function readIfThere(path: string): string | undefined {
  try {
    return readPseudoFile(path);
  } catch (error) {
    // The root cgroup has no limits, and a controller may not be enabled.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function smallest(memory: number[], cpus: number[]): CgroupLimits {
  const limits: CgroupLimits = {};
  if (memory.length > 0) limits.memoryBytes = Math.min(...memory);
  if (cpus.length > 0) limits.cpus = Math.min(...cpus);
  return limits;
}
