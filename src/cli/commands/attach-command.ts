import type { Option } from 'commander';
import { CgroupAttachment } from '../../app/attach/attachment.ts';
import { Successors } from '../../app/attach/successors.ts';
import { type ResolvedTarget, resolveTarget } from '../../cgroup/resolve/resolve-target.ts';
import { UsageError } from '../../errors.ts';
import type { AttachFlags } from '../options/attach-flags.ts';
import { runCommand } from './run-command.ts';

/** What a run has and an attachment does not: nothing is started or ended. */
const NOT_STARTED = { wait: 'target', killAfter: 'never', inheritRatio: '0.9' };

/**
 * Measures a cgroup that exists, and evaluates the measurements if the options request it; returns the exit
 * status.
 * @throws UsageError; ToolError if nothing can be measured.
 */
export async function attach(
  text: string,
  flags: AttachFlags,
  gateOptions: readonly Option[],
): Promise<number> {
  const target = await resolveTarget(text, 'attach');
  const successors = mayFollow(target, flags) ? new Successors(target) : undefined;
  const attachment = new CgroupAttachment(target, successors, pidOf(target, flags));
  return runCommand([target.target], { ...flags, ...NOT_STARTED }, gateOptions, attachment);
}

/** The process that `--process` keeps to. @throws UsageError for a target that is not a process. */
function pidOf({ form, target }: ResolvedTarget, { process: isOnly }: AttachFlags): number | undefined {
  if (isOnly !== true) return undefined;
  if (form === 'pid') return Number(target.slice('pid:'.length));
  throw new UsageError('--process', `--process: ${target} is not a process`, 'cmemstat attach --process PID');
}

/**
 * Whether to continue in the next cgroup of the same name: by default for names.
 * @throws UsageError for processes.
 */
function mayFollow({ form, target }: ResolvedTarget, { follow }: AttachFlags): boolean {
  if (form === 'pid' && follow === true) {
    const message = `--follow: no other process will be ${target}`;
    throw new UsageError('--follow', message, 'name the unit, the container or the command: comm:NAME');
  }
  return follow ?? (form !== 'pid' && form !== 'path');
}
