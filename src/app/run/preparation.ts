/** Prepares the place and the limits for a target. */

import { readBindingLimits1, readBindingLimits2 } from '../../cgroup/binding-limits.ts';
import { copyLimits, describeLimit } from '../../cgroup/caller-limits.ts';
import type { MeasuredCgroup } from '../../cgroup/foreign-cgroup.ts';
import { chooseMemoryHierarchy, readHierarchyFacts } from '../../cgroup/hierarchy.ts';
import type { Leaf } from '../../cgroup/leaf.ts';
import { type Placement, placeLeaf } from '../../cgroup/placement.ts';
import type { Rejection } from '../../cgroup/rejection.ts';
import { UnsupportedError } from '../../errors.ts';
import { hintSuffix } from '../../format/hint.ts';
import { formatBytes } from '../../format/units.ts';
import type { StartRecord } from '../../model/recording.ts';
import type { Log } from '../../output/log.ts';
import type { ExitWait } from '../../target/exit-wait.ts';
import { planRuntimeLimits, type RuntimeSetting } from '../../target/runtime-limits.ts';
import { type CleanUp, guardAgainstCrash, removeLeaf } from './clean-up.ts';
import type { RunOptions } from './options.ts';

/** What is measured: the leaf, a cgroup that existed before, or without a cgroup the process tree. */
export interface MeasuredPlace extends Pick<Placement, 'reason'> {
  kind: StartRecord['placement']['kind'];
  leaf: MeasuredCgroup | undefined;
}

/** The place of a target. */
export interface TargetPlace {
  placement: MeasuredPlace;
  /** Undefined if no memory cgroup is available, and for a cgroup that is not ours. */
  leaf: Leaf | undefined;
  /** Ends and removes the leaf before the clean-up does; may be called more than once. */
  remove(): Promise<void>;
}

/**
 * Creates the leaf with its limits, and registers its removal.
 * @throws the errors of `placeLeaf`, `reportPlacement` and `Leaf.setLimits`.
 */
export async function placeTarget(
  options: RunOptions,
  { log, cleanUp, exits }: { log: Log; cleanUp: CleanUp; exits: ExitWait },
): Promise<TargetPlace> {
  const placement = await placeLeaf({
    cgroupParent: options.cgroupParent,
    only: options.placement,
    needsPids: options.limits.pidsMax !== undefined,
  });
  const { leaf } = placement;
  const guard = guardAgainstCrash(leaf);
  cleanUp.defer(() => guard.release());
  let removed: Promise<void> | undefined;
  const remove = () => {
    removed ??= removeLeaf(placement, log, exits);
    return removed;
  };
  cleanUp.defer(remove);
  reportPlacement(placement, options, log);
  leaf?.setLimits(options.limits);
  if (leaf !== undefined) applyCallerLimits(leaf, placement, log);
  return { placement, leaf, remove };
}

/** Copies the limits of the caller that the leaf is not below, and logs those of memory. */
function applyCallerLimits(leaf: Leaf, { escaped }: Placement, log: Pick<Log, 'info' | 'warn'>): void {
  if (escaped.length === 0) return;
  const left = copyLimits(leaf.directory, escaped);
  const copied = escaped.filter((limit) => !left.includes(limit) && limit.file.startsWith('memory.'));
  if (copied.length > 0) {
    log.info(
      `the run gets the limits that bind cmemstat: ${copied.map(describeLimit).join(', ')} (without them: --placement top)`,
    );
  }
  // pids.max of a service manager does not limit memory.
  const lost = left.filter(({ file }) => file.startsWith('memory.'));
  if (lost.length > 0) {
    log.warn(`WARNING: limits that bind cmemstat do not bind the run: ${lost.map(describeLimit).join(', ')}`);
  }
}

/**
 * Logs where the leaf is (`--verbose`), and warns if there is none.
 * @throws UnsupportedError without a leaf, if a limit or `--require cgroup` needs one.
 */
export function reportPlacement(
  placement: Placement,
  options: Pick<RunOptions, 'requireCgroup' | 'limits'>,
  log: Pick<Log, 'debug' | 'warn'>,
): void {
  for (const line of describePlacement(placement)) log.debug(line);
  if (placement.leaf !== undefined) return;
  const why = summarizeRejections(placement.rejected) || placement.reason;
  const hint = placement.rejected.findLast((rejection) => rejection.hint !== undefined)?.hint;
  if (options.requireCgroup) {
    throw new UnsupportedError('cgroup', `--require cgroup: no memory cgroup is available: ${why}`, { hint });
  }
  if (Object.values(options.limits).some((limit) => limit !== undefined && limit !== false)) {
    throw new UnsupportedError('cgroup', `limits require a memory cgroup, and none is available: ${why}`, {
      hint,
    });
  }
  const what = placement.rejected.length === 0 ? why : `no memory cgroup: ${why}`;
  log.warn(
    `WARNING: ${what}. The process tree is summed instead; kernel memory, BPF maps and page cache are not measured${hintSuffix(hint)}`,
  );
}

/** The chosen and the rejected placements, one line each. */
export function describePlacement(placement: Placement): string[] {
  return [
    ...placement.rejected.map(
      ({ kind, message, hint }) => `placement ${kind}: rejected: ${message}${hintSuffix(hint)}`,
    ),
    `placement ${placement.kind}: used: ${placement.reason}`,
    ...(placement.leaf === undefined ? [] : [`cgroup: ${placement.leaf.directory}`]),
    ...placement.removedStale.map((directory) => `removed a stale cgroup: ${directory}`),
  ];
}

function summarizeRejections(rejected: readonly Rejection[]): string {
  // Different placements are often rejected for the same reason.
  const reasons = new Set(rejected.filter(({ kind }) => kind !== 'systemd').map(({ message }) => message));
  return [...(reasons.size === 0 ? rejected.map(({ message }) => message) : reasons)].join('; ');
}

/**
 * The environment variables that configure the runtime of the target; `--verbose` logs them.
 * @throws KernelFileError.
 */
export function limitSettings(
  leaf: Leaf,
  options: Pick<RunOptions, 'inheritRatio'>,
  env: Readonly<Record<string, string>>,
  log: Pick<Log, 'debug'>,
): RuntimeSetting[] {
  if (options.inheritRatio === undefined) return [];
  const facts = readHierarchyFacts();
  const hierarchy = chooseMemoryHierarchy(facts);
  const limits =
    hierarchy.version === 2
      ? readBindingLimits2(leaf.directory, hierarchy.mountPoint)
      : readBindingLimits1(leaf.directory, facts);
  const settings = planRuntimeLimits(limits, options.inheritRatio, env);
  const memory =
    limits.memoryBytes === undefined ? 'no memory limit' : `memory ${formatBytes(limits.memoryBytes)}`;
  const cpus = limits.cpus === undefined ? 'no CPU quota' : `${limits.cpus} CPUs`;
  log.debug(`effective limits of the target: ${memory}, ${cpus}`);
  for (const { name, value } of settings) log.debug(`set ${name}=${value}`);
  if (settings.length === 0)
    log.debug('no variable set: there are no limits, or all variables are already set');
  return settings;
}
