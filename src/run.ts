/**
 * The main job: a command in a fresh memory cgroup, measured from before its first instruction to after its last. This
 * file joins the parts; each of them is explained where it lives.
 */
import { placeLeaf } from './cgroup/placement.ts';
import { LaunchError } from './errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { RunOptions } from './run-options.ts';
import { guardAgainstCrash, removeLeaf } from './session/clean-up.ts';
import { finishRun } from './session/ending.ts';
import { Measurement } from './session/measurement.ts';
import { limitSettings, reportPlacement } from './session/preparation.ts';
import { openOutputs } from './sinks/open-sinks.ts';
import { targetEnvironment } from './target/environment.ts';
import { findExecutable } from './target/find-executable.ts';
import { launchTarget } from './target/launch.ts';
import { forwardSignals, type SignalForwarding } from './target/signals.ts';
import { openStreams } from './target/standard-streams.ts';

/**
 * Runs and measures the command; returns the exit status for cmemstat.
 * @throws ToolError when the target could not be started as asked.
 */
export async function run(options: RunOptions): Promise<number> {
  const env = targetEnvironment(process.env, options.env, options.user);
  findExecutable(options.command[0] ?? '', env.PATH, options.cwd ?? process.cwd());
  const streams = openStreams(options.streams, options.outputs.json);
  const outputs = openOutputs(options.outputs);
  const say = (line: string) => outputs.say(`cmemstat: ${line}`);
  const placement = await placeLeaf({
    cgroupParent: options.cgroupParent,
    only: options.placement,
    needsPids: options.limits.pidsMax !== undefined,
  });
  const { leaf } = placement;
  const guard = guardAgainstCrash(leaf);
  let signals: SignalForwarding | undefined;
  try {
    reportPlacement(placement, options, say);
    leaf?.setLimits(options.limits);
    const settings = leaf === undefined ? [] : limitSettings(leaf, options, env, say);
    const target = await launchTarget({
      command: options.command,
      joinFiles: leaf?.joinFiles ?? [],
      cwd: options.cwd,
      env: { ...env, ...Object.fromEntries(settings.map(({ name, value }) => [name, value])) },
      user: options.user,
      stdio: streams.stdio,
    });
    const measurement = new Measurement(options, placement, target, outputs.sinks, say);
    signals = forwardSignals(measurement.signalActions, options.killAfterMs);
    await measurement.start();
    const exit = await target.ended;
    const summary = await finishRun(measurement, exit, options, say);
    if (exit.code === EXIT_CODES.FAILED && measurement.wasNeverCharged) {
      throw new LaunchError(
        options.command[0] ?? '',
        125,
        `the target could not join its leaf ${leaf?.directory}`,
      );
    }
    await Promise.all(outputs.sinks.map((sink) => sink.stop(summary)));
    if (summary.exit.status !== 0) return summary.exit.status;
    if (outputs.failure !== undefined || measurement.failed) return EXIT_CODES.FAILED;
    if (!options.failOnLeftover) return 0;
    if (summary.bpf?.leftovers !== undefined)
      return summary.bpf.leftovers.length > 0 ? EXIT_CODES.LEFTOVER : 0;
    say('--fail-on-leftover: what outlived the run could not be told: BPF memory is not attributed here');
    return EXIT_CODES.FAILED;
  } finally {
    streams.close();
    await removeLeaf(placement, say);
    signals?.stop();
    guard.release();
    await outputs.flush();
    outputs.close();
  }
}
