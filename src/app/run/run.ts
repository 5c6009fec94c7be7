/**
 * The main flow: runs a command in a fresh memory cgroup, measured from before its first instruction until
 * after its last. This file shows the sequence; the details of each step are in its module.
 */
import { LaunchError } from '../../errors.ts';
import { readChildUsage } from '../../kernel/bpf/sys/libc.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { SummaryRecord } from '../../model/recording.ts';
import type { Sink } from '../../output/sink.ts';
import { shellStatus } from '../../target/exit-status.ts';
import type { Target } from '../../target/launch-request.ts';
import {
  type BufferedSignals,
  bufferSignals,
  forwardSignals,
  type SignalForwarding,
} from '../../target/signals.ts';
import { withCleanUp } from './clean-up.ts';
import { controlOf, type RunControl, startTimeout } from './control.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { placeTarget, type TargetPlace } from './preparation.ts';
import { type MeasuredRun, resultOf } from './result.ts';
import { openStage, type Stage } from './stage.ts';
import { startTarget, throwUnlessJoined } from './start-target.ts';

/** Provides an additional sink that sees every record and may control the run. */
export type Watch = (control: RunControl) => Sink;

/**
 * Runs and measures the command; returns the exit status of cmemstat.
 * @throws ToolError if the target could not be started.
 */
export async function run(options: RunOptions): Promise<number> {
  return (await measureRun(options)).status;
}

/**
 * Runs and measures the command.
 * @throws ToolError if the target could not be started.
 */
export function measureRun(options: RunOptions, watch?: Watch): Promise<MeasuredRun> {
  return withCleanUp(async (cleanUp) => {
    const buffered = bufferSignals();
    cleanUp.defer(() => void buffered.flush());
    // Detect errors before anything is started.
    const stage = await openStage(options, cleanUp);
    let signals: SignalForwarding | undefined;
    // Undone after the leaf is removed: until then signals must not end cmemstat.
    cleanUp.defer(() => signals?.stop());
    const place = await placeTarget(options, stage.log, cleanUp);
    throwIfEnded(buffered, options);

    // Where the leaf has no CPU time of its own, that of all children is compared; read before the launch.
    const cpuBefore = place.leaf?.version === 2 ? undefined : readChildUsage();
    const starting = startTarget(options, stage, place.leaf);
    const preparing = prepareMeasurement(options, stage, place);
    // If both fail, the failure of the start is reported.
    preparing.catch(() => {});
    const target = await starting;
    const measurement = await preparing;
    measurement.begin(target);
    signals = forwardSignals(measurement.signalActions, options.killAfterMs, stage.view, buffered);
    const control = controlOf(measurement, signals);
    await startMeasuring(measurement, target, () => sinksOf(stage, measurement, target, control, watch));

    const timeout = startTimeout(options.timeoutMs, measurement, control);
    cleanUp.defer(() => clearTimeout(timeout));
    const exit = await target.ended;
    if (options.wait === 'target') clearTimeout(timeout);
    const { finishRun } = await import('./finish.ts');
    const summary = await finishRun(measurement, exit, await cpuBefore, options, stage.log);
    clearTimeout(timeout);
    throwUnlessJoined(measurement, target, exit, options);

    // A view may stay open for hours: remove the leaf first.
    if (stage.view !== undefined) await place.remove();
    await deliverSummary(stage, measurement, summary);
    return resultOf(summary, { options, measurement, signals, ...stage });
  });
}

/** @throws LaunchError if a signal has asked cmemstat to exit before the target was started. */
function throwIfEnded({ ending }: BufferedSignals, { command }: RunOptions): void {
  if (ending === undefined) return;
  const message = `ended by ${ending} before the target was started`;
  throw new LaunchError(command[0] ?? '', shellStatus({ signal: ending }), message);
}

/**
 * Prepares the measurement while the kernel moves the new process into its cgroup, which takes milliseconds.
 * The modules for it are only loaded then.
 */
async function prepareMeasurement(
  options: RunOptions,
  { view, log }: Stage,
  { placement }: TargetPlace,
): Promise<Measurement> {
  // The stub is started first.
  await yieldToEventLoop();
  const { Measurement } = await import('./measurement.ts');
  const wantsDetails = options.wantsDetails || view !== undefined;
  return new Measurement({ ...options, wantsDetails }, placement, log);
}

/** Starts the measurement; if that fails, ends the target. */
async function startMeasuring(
  measurement: Measurement,
  target: Target,
  openSinks: () => Sink[],
): Promise<void> {
  try {
    await measurement.start(target, openSinks());
  } catch (error) {
    // It may not have joined the leaf yet, and without a leaf nothing else would end it.
    measurement.killAll();
    target.kill('SIGKILL');
    await target.ended;
    throw error;
  }
}

/**
 * All sinks of the run: recordings first, then observers, then displays.
 */
function sinksOf(
  { outputs, view, streams }: Stage,
  measurement: Measurement,
  target: Target,
  control: RunControl,
  watch: Watch | undefined,
): Sink[] {
  const watcher = watch?.(control);
  const shown = view?.connect(measurement, target, streams.copies, control.stop) ?? outputs.table;
  return [...outputs.recorders, watcher, shown].filter((sink) => sink !== undefined);
}

/** Resolves when all outputs are written and the view is closed. */
async function deliverSummary(
  { outputs, view }: Stage,
  measurement: Measurement,
  summary: SummaryRecord,
): Promise<void> {
  await Promise.all([measurement.finish(summary), view?.flush()]);
  if (view === undefined) return;
  await view.print();
  await outputs.table?.stop(summary);
}
