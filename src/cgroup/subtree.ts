/** Listing and removing a cgroup with its descendants. */
import { closeSync, mkdirSync, openSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../errors.ts';
import { parseCgroupProcs } from '../kernel/cgroup-procs.ts';
import { O_PATH } from '../kernel/files/open-flags.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';

/**
 * Creates a cgroup.
 * @throws KernelFileError with the errno.
 */
export function makeCgroup(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    const errno = errnoOf(error);
    throw new KernelFileError('mkdir', directory, `cannot create ${directory}: ${describeErrno(errno)}`, {
      errno,
      cause: error,
    });
  }
}

/** The links to a directory without subdirectories: its name, and its own `.` entry. */
export const LINKS_OF_NO_CHILD = 2;

/**
 * From this length on a path is too long for what is added to it. Source: `PATH_MAX` in
 * `include/uapi/linux/limits.h`.
 */
export const MAX_PATH_BYTES = 3500;

/** Receives a cgroup: a path for system calls, which is valid until it returns, and the path to show. */
export type VisitCgroup = (path: string | Buffer, shown: string) => void;

/**
 * Visits the descendants of `directory`, deepest first; cgroups that are removed meanwhile are left out.
 * Their names are any bytes, and their paths may be longer than the kernel accepts.
 * @throws an error with the errno if a cgroup cannot be read; those of `visit`.
 */
export function visitNested(directory: string, visit: VisitCgroup): void {
  visitBelow(Buffer.from(directory), directory, visit);
}

function visitBelow(path: Buffer, shown: string, visit: VisitCgroup): void {
  const names = namesOfChildren(path);
  if (names.length === 0) return;
  const fd = path.length > MAX_PATH_BYTES ? openSync(path, O_PATH) : undefined;
  const base = fd === undefined ? path : Buffer.from(`/proc/self/fd/${fd}`);
  try {
    for (const name of names) {
      const child = Buffer.concat([base, SLASH, name]);
      const shownChild = `${shown}/${name}`;
      visitBelow(child, shownChild, visit);
      visit(child, shownChild);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** What joins names to paths. */
export const SLASH = Buffer.from('/');

function namesOfChildren(path: Buffer): Buffer[] {
  try {
    // Faster than reading a directory of 40 files.
    if (statSync(path).nlink === LINKS_OF_NO_CHILD) return [];
    return listDirectories(path);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** The names of the directories in a directory. @throws an error with the errno. */
export function listDirectories(path: Buffer): Buffer[] {
  const entries = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * The descendants of `directory`, deepest first, as paths to show.
 * @throws an error with the errno if a cgroup cannot be read.
 */
export function listNested(directory: string): string[] {
  const nested: string[] = [];
  visitNested(directory, (_, shown) => nested.push(shown));
  return nested;
}

/**
 * The processes of a cgroup and its descendants; empty if the cgroup does not exist any more.
 * @throws an error with the errno if a cgroup cannot be read.
 */
export function listProcesses(directory: string): number[] {
  const pids = listOwnProcesses(directory);
  visitNested(directory, (path) => pids.push(...listOwnProcesses(path)));
  return pids;
}

/** As `listProcesses`, without descendants. */
export function listOwnProcesses(cgroup: string | Buffer): number[] {
  const path =
    typeof cgroup === 'string'
      ? `${cgroup}/cgroup.procs`
      : Buffer.concat([cgroup, Buffer.from('/cgroup.procs')]);
  try {
    return parseCgroupProcs(readPseudoFile(path), String(path));
  } catch (error) {
    // EOPNOTSUPP: a threaded cgroup, whose processes are listed by the domain above it.
    if (isGone(error) || errnoOf(error) === 'EOPNOTSUPP') return [];
    throw error;
  }
}

/**
 * Tries once to remove a cgroup and its descendants.
 * @throws KernelFileError, `EBUSY` while one of them contains a process.
 */
export function removeSubtree(directory: string): void {
  visitNested(directory, removeCgroup);
  removeCgroup(directory, directory);
}

function removeCgroup(path: string | Buffer, shown: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (isGone(error)) return;
    const errno = errnoOf(error);
    throw new KernelFileError('rmdir', shown, `cannot remove ${shown}: ${describeErrno(errno)}`, {
      errno,
      cause: error,
    });
  }
}

function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENODEV';
}
