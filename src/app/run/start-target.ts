/** Starts the target in its leaf. */
import type { Leaf } from '../../cgroup/leaf.ts';
import { LaunchError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { bytesOf, recoverWords } from '../../target/byte-string.ts';
import type { TargetExit } from '../../target/exit-status.ts';
import { launchTarget } from '../../target/launch.ts';
import type { Target } from '../../target/launch-request.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { limitSettings } from './preparation.ts';
import type { Stage } from './stage.ts';

/**
 * Starts the target, with the variables of `--inherit-limits` if requested.
 * @throws LaunchError, KernelFileError.
 */
export async function startTarget(
  options: RunOptions,
  { launch, log }: Stage,
  leaf: Leaf | undefined,
): Promise<Target> {
  if (launch === undefined) throw new Error('no command was found');
  const { executable, env, inherited, streams } = launch;
  const settings = leaf === undefined ? [] : limitSettings(leaf, options, env.toRecord(), log);
  for (const { name, value } of settings) env.set(name, bytesOf(value));
  if ((options.streams.stdout ?? options.streams.stderr) !== undefined) {
    // Only loaded if there are files.
    const { checkExec } = await import('../../target/exec-check.ts');
    await checkExec(executable, recoverWords(options.command), env.entries, options.cwd);
  }
  // As late as possible: what fails before leaves the files as they are.
  streams.empty();
  const target = await launchTarget({
    command: recoverWords(options.command),
    joinFiles: leaf?.joinFiles ?? [],
    cwd: options.cwd,
    env,
    user: options.user,
    noNewPrivs: options.noNewPrivs,
    stdio: streams.stdio,
    inherited,
  }).catch((error: unknown) => {
    streams.restore();
    throw error;
  });
  streams.keep();
  if (target.startedBy === 'shell') {
    const { SHELL_DIFFERENCES } = await import('../../target/launch-by-shell.ts');
    log.warn(SHELL_DIFFERENCES);
  }
  return target;
}

/**
 * @throws LaunchError if the target was never executed because the shell that starts it could not join the
 * leaf.
 */
export function throwUnlessJoined(
  measurement: Measurement,
  { startedBy }: Target,
  exit: TargetExit,
  { command }: RunOptions,
): void {
  if (startedBy !== 'shell') return;
  if (exit.code !== EXIT_CODES.FAILED || !measurement.wasNeverCharged) return;
  const problem = `the target could not join its cgroup ${measurement.placement.leaf?.directory}`;
  throw new LaunchError(command[0] ?? '', 125, problem);
}
