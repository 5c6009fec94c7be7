import type { Option } from 'commander';
import type { Attachment } from '../../app/run/attached/attached-target.ts';
import { run } from '../../app/run/run.ts';
import { type GateFlags, wantsGate } from '../options/gate-flags.ts';
import { rejectSharedPlaces, runPlaces } from '../options/places.ts';
import type { RunFlags } from '../options/run-flags.ts';
import { readRunOptions } from '../options/run-options.ts';

/**
 * Runs and measures a command, or with `attachment` a cgroup that `command` names, and evaluates the
 * measurements if the options request it; returns the exit status.
 * @throws UsageError; ToolError if the target could not be started.
 */
export async function runCommand(
  command: string[],
  given: RunFlags & GateFlags,
  gateOptions: readonly Option[],
  attachment?: Attachment,
): Promise<number> {
  const flags = withStandardOutput(given);
  const options = { ...(await readRunOptions(flags, command)), attachment };
  if (!wantsGate(flags, gateOptions)) {
    rejectSharedPlaces(runPlaces(flags));
    return run(options);
  }
  const { gate } = await import('./gate-command.ts');
  return gate(options, flags);
}

/** `--output -` writes the lines of `--json`: to standard output, which the target then does not get. */
function withStandardOutput(flags: RunFlags & GateFlags): RunFlags & GateFlags {
  const { output, ...rest } = flags;
  return output === '-' ? { ...rest, json: true } : flags;
}
