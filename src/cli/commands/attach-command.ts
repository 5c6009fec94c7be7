import type { Option } from 'commander';
import { CgroupAttachment } from '../../app/attach/attachment.ts';
import { resolveTarget } from '../../cgroup/resolve/resolve-target.ts';
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
  const attachment = new CgroupAttachment(target);
  return runCommand([target.target], { ...flags, ...NOT_STARTED }, gateOptions, attachment);
}
