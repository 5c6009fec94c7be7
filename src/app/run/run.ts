/**
 * The main job: a command in a fresh memory cgroup, measured from before its first instruction to after its last. This
 * file joins the parts; each of them is explained where it lives.
 */
import type { Leaf } from '../../cgroup/leaf.ts';
import { placeLeaf } from '../../cgroup/placement.ts';
import { LaunchError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { EventRecord, SummaryRecord } from '../../model/recording.ts';
import { type Outputs, openOutputs } from '../../output/open-outputs.ts';
import type { Sink } from '../../output/sink.ts';
import { targetEnvironment } from '../../target/environment.ts';
import { findExecutable } from '../../target/find-executable.ts';
import { type LaunchRequest, launchTarget, type Target } from '../../target/launch.ts';
import { forwardSignals, type SignalForwarding } from '../../target/signals.ts';
import { openStreams } from '../../target/standard-streams.ts';
import { guardAgainstCrash, removeLeaf } from './clean-up.ts';
import { finishRun } from './finish.ts';
import { type LiveRun, openLiveView } from './live-run.ts';
import { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { limitSettings, reportPlacement } from './preparation.ts';

/** What somebody who watches a run may do to it. */
export interface RunControl {
  /** Puts an event into the stream. */
  emit(event: EventRecord): void;
  /** Has the processes told as they are now, out of turn. */
  snapshotProcesses(): Promise<void>;
  /** Ends the target. */
  stop(why: EndedBy): void;
}

type EndedBy = NonNullable<SummaryRecord['exit']['endedBy']>;

/** A run that has come to its end. */
export interface MeasuredRun {
  summary: SummaryRecord;
  /** What cmemstat exits with for this run alone. */
  status: number;
  /** Which output or reading failed; undefined when none did. */
  fault: string | undefined;
  /** Somebody wants us to end: no further run. */
  interrupted: boolean;
}

/**
 * Runs and measures the command; returns the exit status for cmemstat.
 * @throws ToolError when the target could not be started as asked.
 */
export async function run(options: RunOptions): Promise<number> {
  return (await measureRun(options)).status;
}

/**
 * Runs and measures the command. `watch` gives a sink of its own that sees every record and may act on the run.
 * @throws ToolError when the target could not be started as asked.
 */
export async function measureRun(
  options: RunOptions,
  watch?: (control: RunControl) => Sink,
): Promise<MeasuredRun> {
  const env = targetEnvironment(process.env, options.env, options.user);
  findExecutable(options.command[0] ?? '', env.PATH, options.cwd ?? process.cwd());
  const outputs = openOutputs(options.outputs);
  const view = await openLiveView(options, outputs);
  try {
    return await measureWith(options, env, outputs, view, watch);
  } finally {
    view?.close();
    await outputs.flush();
    outputs.close();
  }
}

async function measureWith(
  options: RunOptions,
  env: NodeJS.ProcessEnv,
  outputs: Outputs,
  view: LiveRun | undefined,
  watch: ((control: RunControl) => Sink) | undefined,
): Promise<MeasuredRun> {
  const say = (line: string) => (view ?? outputs).say(`cmemstat: ${line}`);
  const streams = openStreams(options.streams, {
    stdoutToStderr: options.stdoutToStderr,
    forView: view !== undefined,
  });
  const placement = await placeLeaf({
    cgroupParent: options.cgroupParent,
    only: options.placement,
    needsPids: options.limits.pidsMax !== undefined,
  });
  const { leaf } = placement;
  const guard = guardAgainstCrash(leaf);
  let signals: SignalForwarding | undefined;
  let removed: Promise<void> | undefined;
  const cleanUp = () => {
    removed ??= removeLeaf(placement, say);
    return removed;
  };
  try {
    reportPlacement(placement, options, say);
    leaf?.setLimits(options.limits);
    const target = await launch(leaf, options, env, streams.stdio, say);
    const wantsDetails = options.wantsDetails || view !== undefined;
    const measurement = new Measurement({ ...options, wantsDetails }, placement, target, say);
    signals = forwardSignals(measurement.signalActions, options.killAfterMs, view);
    const control = controlOf(measurement, signals);
    try {
      const watcher = watch?.(control);
      const shown = view?.connect(measurement, target, streams.copies, control.stop) ?? outputs.table;
      await measurement.start([...outputs.recorders, watcher, shown].filter((sink) => sink !== undefined));
    } catch (error) {
      // It may not have joined the leaf yet, and without a leaf nobody else would end it.
      measurement.killAll();
      target.kill('SIGKILL');
      await target.ended;
      throw error;
    }
    const timer = startTimeout(options.timeoutMs, measurement, control);
    const exit = await target.ended;
    if (options.wait === 'target') clearTimeout(timer);
    const summary = await finishRun(measurement, exit, options, say);
    clearTimeout(timer);
    if (exit.code === EXIT_CODES.FAILED && measurement.wasNeverCharged) {
      const problem = `the target could not join its leaf ${leaf?.directory}`;
      throw new LaunchError(options.command[0] ?? '', 125, problem);
    }
    // A view may stay open for hours: the leaf does not wait for it.
    if (view !== undefined) await cleanUp();
    await Promise.all([measurement.finish(summary), view?.flush()]);
    if (view !== undefined) await outputs.table?.stop(summary);
    const fault =
      outputs.failure?.message ?? (measurement.failed ? 'a sample could not be taken' : undefined);
    const status = statusOf(summary, fault !== undefined, options.failOnLeftover, say);
    return { summary, status, fault, interrupted: signals.received !== undefined };
  } finally {
    streams.close();
    await cleanUp();
    signals?.stop();
    guard.release();
  }
}

/** Starts the target in the leaf, and tells it about the limits there where that was asked for. */
function launch(
  leaf: Leaf | undefined,
  options: RunOptions,
  env: NodeJS.ProcessEnv,
  stdio: LaunchRequest['stdio'],
  say: (line: string) => void,
): Promise<Target> {
  const settings = leaf === undefined ? [] : limitSettings(leaf, options, env, say);
  return launchTarget({
    command: options.command,
    joinFiles: leaf?.joinFiles ?? [],
    cwd: options.cwd,
    env: { ...env, ...Object.fromEntries(settings.map(({ name, value }) => [name, value])) },
    user: options.user,
    stdio,
  });
}

function controlOf(measurement: Measurement, signals: SignalForwarding): RunControl {
  return {
    emit: (event) => measurement.emit(event),
    snapshotProcesses: () => measurement.snapshotProcesses(),
    stop: (why) => {
      measurement.endedBy ??= why;
      signals.endTarget();
    },
  };
}

function startTimeout(
  timeoutMs: number | undefined,
  measurement: Measurement,
  control: RunControl,
): NodeJS.Timeout | undefined {
  if (timeoutMs === undefined) return undefined;
  const onTime = () => {
    // With `--wait all` the clock goes on until all is summed up: by then there may be nobody left to end.
    if (!measurement.hasEnded) control.stop('timeout');
  };
  return setTimeout(onTime, timeoutMs);
}

function statusOf(
  summary: SummaryRecord,
  isIncomplete: boolean,
  failOnLeftover: boolean,
  say: (line: string) => void,
): number {
  if (summary.exit.status !== 0) return summary.exit.status;
  if (isIncomplete) return EXIT_CODES.FAILED;
  if (!failOnLeftover) return 0;
  const leftovers = summary.bpf?.leftovers;
  if (leftovers !== undefined) return leftovers.length > 0 ? EXIT_CODES.LEFTOVER : 0;
  say('--fail-on-leftover: what outlived the run could not be told: BPF memory is not attributed here');
  return EXIT_CODES.NOT_MEASURED;
}
