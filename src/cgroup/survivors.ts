/** Why processes did not exit although they were killed, and what lets them exit. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { hintSuffix } from '../format/hint.ts';
import { formatCommand, safeText } from '../format/safe-text.ts';
import type { Mount } from '../kernel/procfs/mountinfo.ts';
import { type CgroupMembership, parsePidCgroup } from '../kernel/procfs/pid-cgroup.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { directoryOf, readHierarchyFacts } from './hierarchy.ts';

/** A process that was killed and is still there. */
export interface Survivor {
  pid: number;
  comm: string;
  /** What keeps it. */
  reason: string;
  /** The command that lets it exit; undefined if there is none. */
  hint: string | undefined;
}

/** The most that are named. */
const MAX_NAMED = 5;

/** Finds out why these processes are still there; those that have exited meanwhile are left out. */
export function findSurvivors(pids: readonly number[]): Survivor[] {
  const { mounts } = readHierarchyFacts();
  return pids.flatMap((pid) => {
    try {
      const { comm, state } = readPidStat(pid);
      return [{ pid, comm, ...explain(pid, state, mounts) }];
    } catch (error) {
      if (error instanceof ToolError) return [];
      throw error;
    }
  });
}

/** One line about processes that could not be killed; `what` says which, such as `the target`. */
export function describeSurvivors(what: string, survivors: readonly Survivor[]): string {
  const kinds = new Map<string, Survivor[]>();
  for (const each of survivors.slice(0, MAX_NAMED)) {
    kinds.set(each.reason, [...(kinds.get(each.reason) ?? []), each]);
  }
  const reasons = [...kinds].map(
    ([reason, each]) => `${each.map(({ pid, comm }) => `${pid} (${safeText(comm)})`).join(', ')}: ${reason}`,
  );
  const more = survivors.length > MAX_NAMED ? `; ${survivors.length - MAX_NAMED} more` : '';
  const hints = [...new Set(survivors.map(({ hint }) => hint))].filter((hint) => hint !== undefined);
  const hint = hints.length === 0 ? '' : hintSuffix(hints.join(' && '));
  const why = reasons.length === 0 ? 'it was waited for too long' : reasons.join('; ');
  return `${what} could not be killed: ${why}${more}${hint}`;
}

/** One line about a cgroup that stays because of the processes in it. */
export function describeRemaining(directory: string, pids: readonly number[]): string {
  const named = pids.slice(0, MAX_NAMED).join(', ');
  const rest = pids.length > MAX_NAMED ? ` and ${pids.length - MAX_NAMED} more` : '';
  const [noun, whose] = pids.length === 1 ? ['process', 'its'] : ['processes', 'their'];
  return `the cgroup ${directory} stays, with ${noun} ${named}${rest}; a run after ${whose} end removes it`;
}

function explain(pid: number, state: string, mounts: readonly Mount[]): Pick<Survivor, 'reason' | 'hint'> {
  const frozen = findFrozen(pid, mounts);
  if (frozen !== undefined) {
    return { reason: `frozen in ${frozen.directory}`, hint: frozen.thaw };
  }
  if (state === 'D') {
    const where = tryRead(`/proc/${pid}/wchan`);
    const what = where === undefined || where === '0' ? '' : ` (${where})`;
    return { reason: `in an uninterruptible system call${what}`, hint: undefined };
  }
  const tracer = /^TracerPid:\t([1-9]\d*)$/m.exec(tryRead(`/proc/${pid}/status`) ?? '')?.[1];
  if (tracer !== undefined) return { reason: `traced by process ${tracer}`, hint: `kill -9 ${tracer}` };
  return { reason: `it has not exited yet (state ${state})`, hint: undefined };
}

/**
 * The cgroup whose freezer holds a process, and what thaws it.
 *
 * Source: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst, `freezer.self_freezing`;
 * cgroup-v2.rst, `cgroup.freeze`.
 */
function findFrozen(pid: number, mounts: readonly Mount[]): { directory: string; thaw: string } | undefined {
  const path = `/proc/${pid}/cgroup`;
  const memberships = parsePidCgroup(tryRead(path) ?? '', path);
  const v1 = mounts.find(
    ({ fsType, superOptions }) => fsType === 'cgroup' && superOptions.includes('freezer'),
  );
  const own1 = memberships.find(({ controllers }) => controllers.includes('freezer'));
  const frozen1 = findAncestor(v1, own1, 'freezer.self_freezing');
  if (frozen1 !== undefined) return { directory: frozen1, thaw: writing('THAWED', frozen1, 'freezer.state') };
  const v2 = mounts.find(({ fsType }) => fsType === 'cgroup2');
  const own2 = memberships.find(({ hierarchy }) => hierarchy === 0);
  const frozen2 = findAncestor(v2, own2, 'cgroup.freeze');
  if (frozen2 === undefined) return undefined;
  return { directory: frozen2, thaw: writing('0', frozen2, 'cgroup.freeze') };
}

/** The next cgroup, from that of the process upwards, whose file is 1. */
function findAncestor(
  mount: Mount | undefined,
  membership: CgroupMembership | undefined,
  file: string,
): string | undefined {
  if (mount === undefined || membership === undefined) return undefined;
  let directory = directoryOf(mount, membership.path);
  while (directory?.startsWith(mount.mountPoint) === true && existsSync(directory)) {
    if (tryRead(join(directory, file)) === '1') return directory;
    if (directory === mount.mountPoint) break;
    directory = dirname(directory);
  }
  return undefined;
}

function writing(value: string, directory: string, file: string): string {
  return `echo ${value} > ${formatCommand([join(directory, file)])}`;
}

function tryRead(path: string): string | undefined {
  try {
    return readPseudoFile(path).trim();
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}
