/** Starts the target in its leaf. */
import type { Leaf } from '../../cgroup/leaf.ts';
import { LaunchError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { TargetExit } from '../../target/exit-status.ts';
import { launchTarget, type Target } from '../../target/launch.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { limitSettings } from './preparation.ts';
import type { Stage } from './stage.ts';

/** Starts the target, with the variables of `--inherit-limits` if requested. @throws LaunchError. */
export function startTarget(
  options: RunOptions,
  { env, streams, log }: Stage,
  leaf: Leaf | undefined,
): Promise<Target> {
  const settings = leaf === undefined ? [] : limitSettings(leaf, options, env, log);
  return launchTarget({
    command: options.command,
    joinFiles: leaf?.joinFiles ?? [],
    cwd: options.cwd,
    env: { ...env, ...Object.fromEntries(settings.map(({ name, value }) => [name, value])) },
    user: options.user,
    stdio: streams.stdio,
  });
}

/**
 * @throws LaunchError if the target was never executed because the shell that starts it could not join the
 * leaf.
 */
export function checkThatItJoined(measurement: Measurement, exit: TargetExit, { command }: RunOptions): void {
  if (exit.code !== EXIT_CODES.FAILED || !measurement.wasNeverCharged) return;
  const problem = `the target could not join its leaf ${measurement.placement.leaf?.directory}`;
  throw new LaunchError(command[0] ?? '', 125, problem);
}
