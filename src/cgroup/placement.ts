/** Placement of the leaf: the first of five places that works, and why the others did not. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, PermissionError, ToolError, UsageError } from '../errors.ts';
import {
  type CallerLimit,
  describeLimit,
  escapedLimits,
  limitsMemory,
  readCallerLimits,
} from './caller-limits.ts';
import { findFullCgroup } from './full-cgroup.ts';
import {
  chooseMemoryHierarchy,
  directoryOf,
  type HierarchyFacts,
  type MemoryHierarchy,
  type NoHierarchy,
  readHierarchyFacts,
} from './hierarchy.ts';
import { foreignMountHint, moveHint, permissionHint, readHintFacts, readOnlyHint } from './hints.ts';
import { Leaf } from './leaf.ts';
import { isInLeaf } from './leaf-name.ts';
import { enableControllers } from './memory-controller.ts';
import { OwnCgroup } from './own-cgroup.ts';
import { type PlacementKind, Rejection } from './rejection.ts';
import { removeStaleLeaves } from './stale-leaves.ts';

/** A created leaf, and how its place was chosen. */
export interface Placement {
  kind: PlacementKind;
  /** Undefined if no memory cgroup is available: the process tree is summed instead. */
  leaf: Leaf | undefined;
  /** Why this place was chosen, as text. */
  reason: string;
  /** The places that were tried before, in order. */
  rejected: Rejection[];
  /** The limits that bind cmemstat itself. */
  callerLimits: CallerLimit[];
  /** Those of them that do not bind the leaf at its place: to be copied onto it. */
  escaped: CallerLimit[];
  /** Stale leaves of dead runs that were removed. */
  removedStale: string[];
  /** Undoes the preparation of the place (a scope, moved processes); call it after the leaf is removed. */
  release(): Promise<void>;
}

/** The options of the placement. */
export interface PlacementRequest {
  /** `--cgroup-parent`: a directory, or a path below the top of the hierarchy. */
  cgroupParent?: string | undefined;
  /** `--placement`: try only this one. */
  only?: Exclude<PlacementKind, 'parent'> | undefined;
  /** Whether the leaf is also needed in the pids hierarchy, which is separate on cgroup v1. */
  needsPids: boolean;
}

interface Request extends PlacementRequest {
  /** On cgroup v1, where the leaf is in the pids hierarchy if it is needed there. */
  pidsParent: string | undefined;
}

type Made = Pick<Placement, 'leaf' | 'reason' | 'release' | 'removedStale'> & {
  /** The cgroup that the leaf is in. */
  parent: string;
};

/**
 * Creates the leaf at the first place that works; if none does, returns `process-tree` with all rejections.
 * Where the memory of the caller is limited on cgroup v2, its own cgroup comes first, so that the limits bind
 * the run; below another cmemstat too, so that both measure the target.
 * On v1, which has no delegation, and at the other places, the limits are to be copied, unless the place was
 * named with `--cgroup-parent` or `--placement top`.
 * @throws UsageError or PermissionError if `--cgroup-parent` or `--placement` names a place that does not
 * work; KernelFileError if a file of procfs or cgroupfs cannot be read.
 */
export async function placeLeaf(given: PlacementRequest): Promise<Placement> {
  const facts = readHierarchyFacts();
  const hierarchy = chooseMemoryHierarchy(facts);
  const request = { ...given, pidsParent: hierarchy.version === 1 ? pidsParentV1(facts) : undefined };
  if (request.cgroupParent !== undefined) {
    const made = placeBelowParent(request.cgroupParent, hierarchy, request);
    return { kind: 'parent', rejected: [], callerLimits: [], escaped: [], ...made };
  }
  const callerLimits = hierarchy.version === undefined ? [] : readCallerLimits(hierarchy);
  const rejected: Rejection[] = [];
  const isOwnFirst =
    hierarchy.version !== undefined &&
    (isInLeaf(hierarchy.ownDirectory) || (hierarchy.version === 2 && limitsMemory(callerLimits)));
  const order: PlacementKind[] = isOwnFirst ? ['own', 'systemd', 'top'] : ['systemd', 'top', 'own'];
  const kinds = request.only === undefined ? order : [request.only];
  for (const kind of kinds) {
    if (kind === 'process-tree') break;
    try {
      const made = await attempt(kind, hierarchy, request);
      const escaped =
        hierarchy.version === undefined || request.only === 'top'
          ? []
          : escapedLimits(callerLimits, made.parent, hierarchy.version);
      const reason = made.reason + describeLimits(callerLimits, escaped, request.only === 'top');
      return { kind, rejected, callerLimits, escaped, ...made, reason };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      rejected.push(
        error instanceof Rejection ? error : new Rejection(kind, error.message, error.hint, error),
      );
    }
  }
  const last = rejected.at(-1);
  if (request.only !== undefined && request.only !== 'process-tree' && last !== undefined) {
    throw new UsageError('--placement', `--placement ${request.only}: ${last.message}`, last.hint);
  }
  return {
    kind: 'process-tree',
    leaf: undefined,
    reason: request.only === 'process-tree' ? 'requested with --placement' : 'no memory cgroup is available',
    rejected,
    callerLimits,
    escaped: [],
    removedStale: [],
    release: async () => {},
  };
}

/** For the reason of a placement; empty without limits. */
function describeLimits(
  limits: readonly CallerLimit[],
  escaped: readonly CallerLimit[],
  isOutside: boolean,
): string {
  if (limits.length === 0) return '';
  if (isOutside) return `; outside the limits of the caller: ${limits.map(describeLimit).join(', ')}`;
  if (escaped.length === 0)
    return `; below the limits of the caller: ${limits.map(describeLimit).join(', ')}`;
  return `; with the limits of the caller: ${escaped.map(describeLimit).join(', ')}`;
}

async function attempt(
  kind: PlacementKind,
  hierarchy: MemoryHierarchy | NoHierarchy,
  request: Request,
): Promise<Made> {
  if (hierarchy.version === undefined) throw new Rejection(kind, hierarchy.reason, hierarchy.hint);
  if (hierarchy.isOutsideNamespace) {
    const { mountPoint } = hierarchy;
    throw new Rejection(
      kind,
      `${mountPoint} was mounted outside this cgroup namespace, and processes cannot join cgroups outside their namespace`,
      foreignMountHint(mountPoint, readHintFacts()),
    );
  }
  if (kind === 'systemd') return placeInScope(hierarchy, request);
  if (kind === 'top') return placeAtTop(hierarchy, request);
  return placeInOwn(hierarchy, request);
}

function placeBelowParent(path: string, hierarchy: MemoryHierarchy | NoHierarchy, request: Request): Made {
  const option = '--cgroup-parent';
  if (hierarchy.version === undefined) {
    throw new UsageError(option, `${option} ${path}: ${hierarchy.reason}`, hierarchy.hint);
  }
  const inside = `${path}/`.startsWith(`${hierarchy.mountPoint}/`);
  const parent = inside ? path : join(hierarchy.mountPoint, path);
  if (!existsSync(parent) || !statSync(parent).isDirectory()) {
    throw new UsageError(option, `${option} ${path}: cgroup ${parent} does not exist`, `mkdir -p ${parent}`);
  }
  if (!existsSync(join(parent, 'cgroup.procs'))) {
    throw new UsageError(option, `${option} ${path}: ${parent} is not a cgroup`);
  }
  try {
    const made = makeLeafBelow(parent, hierarchy, request);
    return { ...made, reason: `--cgroup-parent ${path}` };
  } catch (error) {
    const denied = deniedAt(parent, error, hierarchy);
    if (denied !== undefined) {
      throw new PermissionError(parent, `${option} ${path}: ${denied.message}`, {
        hint: denied.hint,
        cause: error,
      });
    }
    throw error;
  }
}

async function placeInScope(hierarchy: MemoryHierarchy, request: Request): Promise<Made> {
  if (!existsSync('/run/systemd/system')) {
    throw new Rejection('systemd', 'systemd is not running on this host');
  }
  // Loaded only here, since it starts processes.
  const { startScope } = await import('./systemd-scope.ts');
  const scope = await startScope(hierarchy);
  try {
    const made = makeLeafBelow(scope.directory, hierarchy, request);
    return { ...made, reason: scope.reason, release: scope.release };
  } catch (error) {
    await scope.release();
    throw error;
  }
}

function placeAtTop(hierarchy: MemoryHierarchy, request: Request): Made {
  const top = hierarchy.mountPoint;
  if (hierarchy.readOnly) throw readOnlyRejection('top', hierarchy);
  try {
    const made = makeLeafBelow(top, hierarchy, request);
    return { ...made, reason: `the root of the ${nameOf(hierarchy)} hierarchy at ${top} is writable` };
  } catch (error) {
    throw deniedAt(top, error, hierarchy) ?? error;
  }
}

function placeInOwn(hierarchy: MemoryHierarchy, request: Request): Made {
  const own = hierarchy.ownDirectory;
  if (own === undefined) {
    throw new Rejection('own', 'the current cgroup is outside the mounted hierarchy');
  }
  if (hierarchy.readOnly) throw readOnlyRejection('own', hierarchy);
  try {
    if (hierarchy.version === 1) {
      return { ...makeLeafBelow(own, hierarchy, request), reason: `the current cgroup ${own} is writable` };
    }
    const room = OwnCgroup.enter(own);
    try {
      return {
        ...makeLeafBelow(room.directory, hierarchy, request),
        reason: `the current cgroup ${room.directory} is delegated to this user`,
        release: async () => room.leave(),
      };
    } catch (error) {
      room.leave();
      throw error;
    }
  } catch (error) {
    throw deniedAt(own, error, hierarchy, 'own') ?? error;
  }
}

function makeLeafBelow(parent: string, hierarchy: MemoryHierarchy, request: Request): Made {
  if (hierarchy.version === 2) enableControllers(parent);
  accessSync(parent, constants.R_OK);
  const removedStale = removeStaleLeaves(parent);
  const { pidsParent, needsPids } = request;
  // Another run may have needed it.
  if (pidsParent !== undefined) removedStale.push(...sweep(pidsParent));
  // Last: nothing may fail between its creation and the registration of its removal.
  const leaf = new Leaf(hierarchy.version, parent, needsPids ? pidsParent : undefined);
  return { leaf, parent, reason: '', removedStale, release: async () => {} };
}

function sweep(parent: string): string[] {
  try {
    return removeStaleLeaves(parent);
  } catch {
    // It is not visible here, or not ours to read.
    return [];
  }
}

/** Our own cgroup in the pids hierarchy of v1, so that its limits also apply to the target. */
function pidsParentV1({ mounts, memberships }: HierarchyFacts): string | undefined {
  const mount = mounts.find((each) => each.fsType === 'cgroup' && each.superOptions.includes('pids'));
  const own = memberships.find((membership) => membership.controllers.includes('pids'));
  if (mount === undefined || own === undefined) return undefined;
  return directoryOf(mount, own.path);
}

function nameOf(hierarchy: MemoryHierarchy): string {
  return hierarchy.version === 2 ? 'cgroup v2' : 'cgroup v1 memory';
}

function readOnlyRejection(kind: PlacementKind, { mountPoint, version }: MemoryHierarchy): Rejection {
  const hint = readOnlyHint(mountPoint, version, readHintFacts());
  return new Rejection(kind, `${mountPoint} is mounted read-only`, hint);
}

/** Explains a refusal by the kernel, with a hint; undefined for other errors. */
function deniedAt(
  directory: string,
  error: unknown,
  hierarchy: MemoryHierarchy,
  kind: PlacementKind = 'top',
): Rejection | undefined {
  if (error instanceof Rejection) return error;
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return new Rejection(
        kind,
        `no permission to create a cgroup in ${directory}`,
        permissionHint(hierarchy.version, readHintFacts()),
        error,
      );
    case 'EROFS':
      return readOnlyRejection(kind, hierarchy);
    case 'EBUSY':
      return new Rejection(
        kind,
        `${directory} contains processes, so controllers cannot be enabled for its children ("no internal processes")`,
        moveHint(directory),
        error,
      );
    case 'EAGAIN':
    case 'ENOSPC':
      return fullRejection(kind, directory, hierarchy.mountPoint, error);
    default:
      return undefined;
  }
}

/** Explains that no cgroup can be created below `directory` since there are too many. */
function fullRejection(
  kind: PlacementKind,
  directory: string,
  mountPoint: string,
  cause: unknown,
): Rejection | undefined {
  const full = findFullCgroup(directory, mountPoint);
  if (full !== undefined) {
    return new Rejection(
      kind,
      `no cgroup can be created in ${directory}: ${full.file} is ${full.limit}, and that many exist`,
      `echo max > ${full.file}`,
      cause,
    );
  }
  return new Rejection(
    kind,
    `no cgroup can be created in ${directory}: the kernel has no id left for another memory cgroup`,
    'remove cgroups that are not used, then: echo 3 > /proc/sys/vm/drop_caches',
    cause,
  );
}
