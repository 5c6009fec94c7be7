/** Finds an existing memory cgroup by its path or by a process in it. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf, UsageError } from '../errors.ts';
import { nearestName } from '../format/nearest-name.ts';
import { explainHiddenProcesses } from '../kernel/procfs/hidden-processes.ts';
import { type CgroupMembership, parsePidCgroup } from '../kernel/procfs/pid-cgroup.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { chooseMemoryHierarchy, type MemoryHierarchy, readHierarchyFacts } from './hierarchy.ts';

/** An existing cgroup of the memory hierarchy. */
export interface FoundCgroup {
  version: 1 | 2;
  /** Where the hierarchy is mounted. */
  mountPoint: string;
  directory: string;
  /** The path below the mount point; `/` for the mount point itself. */
  path: string;
}

/** The hierarchy to look in. */
type Mounted = Pick<MemoryHierarchy, 'version' | 'mountPoint'>;

/**
 * The cgroup that a user names: a directory of the memory hierarchy, a path below its mount point as in
 * `/proc/<pid>/cgroup`, or a process as `pid:N` or `N`.
 * @throws UsageError that names `option`.
 */
export function findCgroup(
  text: string,
  option: string,
  hierarchy: Mounted = memoryHierarchy(option),
): FoundCgroup {
  const pid = /^(?:pid:)?([1-9]\d*)$/.exec(text)?.[1];
  // A cgroup may be named like a number.
  if (pid !== undefined && (text.startsWith('pid:') || !isCgroup(join(hierarchy.mountPoint, text)))) {
    return cgroupAt(hierarchy, directoryNamedByPid(text, Number(pid), option));
  }
  return cgroupAt(hierarchy, directoryNamedByPath(text, hierarchy.mountPoint, option));
}

/** A cgroup whose directory is known. */
export function describeCgroup(version: 1 | 2, directory: string): FoundCgroup {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  const mountPoint = hierarchy.version === undefined ? '/sys/fs/cgroup' : hierarchy.mountPoint;
  const path = directory.startsWith(`${mountPoint}/`) ? directory.slice(mountPoint.length) : directory;
  return { version, mountPoint, directory, path };
}

/** The root of the memory hierarchy, or of the part of it that is mounted. @throws UsageError. */
export function findRootCgroup(option: string): FoundCgroup {
  const hierarchy = memoryHierarchy(option);
  return cgroupAt(hierarchy, hierarchy.mountPoint);
}

/**
 * The directory of a process' cgroup in the memory hierarchy; undefined if it is not visible here.
 * @param facts of this host, for more than one process.
 * @throws KernelFileError, `ENOENT` if there is no such process.
 */
export function directoryOfPid(pid: number, facts = readHierarchyFacts()): string | undefined {
  return directoryOfMember(membershipsOf(pid), facts);
}

function directoryOfMember(
  memberships: CgroupMembership[],
  facts = readHierarchyFacts(),
): string | undefined {
  const hierarchy = chooseMemoryHierarchy({ ...facts, memberships });
  return hierarchy.version === undefined ? undefined : hierarchy.ownDirectory;
}

function membershipsOf(pid: number): CgroupMembership[] {
  const path = `/proc/${pid}/cgroup`;
  return parsePidCgroup(readPseudoFile(path), path);
}

/**
 * Finds the paths of processes' cgroups below the mount point of the memory hierarchy; undefined for a
 * process that is gone, or whose cgroup is not visible here. What is mounted is read once.
 * @throws KernelFileError, also when a process is looked up.
 */
export function cgroupPathsOfPids(hierarchy: Mounted): (pid: number) => string | undefined {
  const facts = readHierarchyFacts();
  return (pid) => {
    try {
      const directory = directoryOfPid(pid, facts);
      return directory === undefined ? undefined : cgroupAt(hierarchy, directory).path;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
      throw error;
    }
  };
}

function memoryHierarchy(option: string): MemoryHierarchy {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  if (hierarchy.version !== undefined) return hierarchy;
  throw new UsageError(option, `${option}: ${hierarchy.reason}`, hierarchy.hint);
}

function directoryNamedByPid(text: string, pid: number, option: string): string {
  let memberships: CgroupMembership[];
  try {
    memberships = membershipsOf(pid);
  } catch (error) {
    const hidden = explainHiddenProcesses();
    if (hidden !== undefined) {
      throw new UsageError(option, `${option} ${text}: no such process can be seen`, hidden.hint);
    }
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ESRCH') throw error;
    throw new UsageError(option, `${option} ${text}: no such process`);
  }
  const directory = directoryOfMember(memberships);
  if (directory !== undefined) return directory;
  const isUnnamed = memberships.some(({ path }) => path.includes('\ufffd'));
  throw new UsageError(
    option,
    `${option} ${text}: the cgroup of the process is not visible here${isUnnamed ? ': its name is not UTF-8' : ''}`,
    isUnnamed
      ? 'attach to the cgroup above it'
      : 'it is outside of what is mounted, or of the cgroup namespace: run cmemstat on the host',
  );
}

function directoryNamedByPath(text: string, mountPoint: string, option: string): string {
  const absolute = resolve(text);
  const isInside = absolute === mountPoint || absolute.startsWith(`${mountPoint}/`);
  const directory = isInside ? absolute : join(mountPoint, text);
  if (isCgroup(directory)) return directory;
  const nearest = nearestCgroup(directory, mountPoint);
  throw new UsageError(
    option,
    `${option} ${text}: no such cgroup below ${mountPoint}`,
    nearest === undefined ? undefined : `did you mean ${nearest}?`,
  );
}

/** Whether it is the directory of a cgroup. */
export function isCgroup(directory: string): boolean {
  return existsSync(join(directory, 'cgroup.procs'));
}

/** A cgroup whose name is similar to that of this path below the mount point; undefined if there is none. */
export function nearestCgroupName(text: string, mountPoint: string): string | undefined {
  return nearestCgroup(join(mountPoint, text), mountPoint);
}

/** A sibling with a similar name, as a path below the mount point. */
function nearestCgroup(directory: string, mountPoint: string): string | undefined {
  const parent = resolve(directory, '..');
  if (!`${parent}/`.startsWith(`${mountPoint}/`)) return undefined;
  try {
    const names = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const nearest = nearestName(
      directory.slice(parent.length + 1),
      names.map(({ name }) => name),
    );
    return nearest === undefined ? undefined : join('/', parent.slice(mountPoint.length), nearest);
  } catch {
    return undefined;
  }
}

/** The cgroup with this directory of a hierarchy. */
export function cgroupAt({ version, mountPoint }: Mounted, directory: string): FoundCgroup {
  return { version, mountPoint, directory, path: directory.slice(mountPoint.length) || '/' };
}
