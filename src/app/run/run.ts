/**
 * The main flow: runs a command in a fresh memory cgroup, measured from before its first instruction until
 * after its last. This file shows the sequence; the details of each step are in its module.
 */
import { InterruptedError, LaunchError, UnsupportedError } from '../../errors.ts';
import { readChildUsage } from '../../kernel/bpf/sys/libc.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { SummaryRecord } from '../../model/recording.ts';
import { OutputWait } from '../../output/output-wait.ts';
import type { Sink } from '../../output/sink.ts';
import { shellStatus } from '../../target/exit-status.ts';
import { ExitWait, untilStarted } from '../../target/exit-wait.ts';
import { readDescriptorLimit } from '../../target/inherited-state.ts';
import type { Target } from '../../target/launch-request.ts';
import {
  type BufferedSignals,
  bufferSignals,
  forwardSignals,
  type SignalActions,
  type SignalForwarding,
} from '../../target/signals.ts';
import type { Attachment } from './attached/attached-target.ts';
import { type CleanUp, withCleanUp } from './clean-up.ts';
import { controlOf, type RunControl, startTimeout } from './control.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { placeTarget, type TargetPlace } from './preparation.ts';
import { type MeasuredRun, resultOf } from './result.ts';
import { openStage, type Stage } from './stage.ts';
import { startTarget, throwUnlessJoined } from './start-target.ts';

/** How long a reader of the output is waited for after the signal that ends an attachment. */
const ATTACHED_WAIT_MS = 10_000;

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
 * @throws ToolError if the target could not be started; InterruptedError if a signal ended the wait for a
 * reader of the output.
 */
export async function measureRun(options: RunOptions, watch?: Watch): Promise<MeasuredRun> {
  const wait = new OutputWait();
  try {
    return await withCleanUp((cleanUp) => measure(options, watch, wait, cleanUp));
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: no other error could be printed.
    if (wait.endedBy !== undefined) throw new InterruptedError(wait.endedBy);
  }
}

async function measure(
  options: RunOptions,
  watch: Watch | undefined,
  wait: OutputWait,
  cleanUp: CleanUp,
): Promise<MeasuredRun> {
  // Until everything else is undone, the terminal and the outputs too, signals must not end cmemstat.
  const buffered = bufferSignals();
  let signals: SignalForwarding | undefined;
  cleanUp.defer(() => {
    signals?.stop();
    buffered.flush();
  });
  const exits = new ExitWait();
  cleanUp.defer(() => exits.close());
  // Detect errors before anything is started.
  requireDescriptors();
  cleanUp.reserveDescriptors();
  const stage = await openStage(options, cleanUp, wait, () => throwIfEnded(buffered, options));
  await throwIfEnded(buffered, options);
  if (options.explain.size > 0 || options.failOnLeftover) await testPageScan();
  const { attachment } = options;
  const place =
    attachment === undefined
      ? await placeTarget(options, { log: stage.log, cleanUp, exits })
      : placeOf(attachment);
  await throwIfEnded(buffered, options);

  // Where the leaf has no CPU time of its own, that of all children before the launch is subtracted.
  const cpuBefore = place.leaf?.version === 2 ? undefined : readChildUsage();
  const starting = attachment?.attach() ?? startTarget(options, stage, place.leaf);
  const preparing = prepareMeasurement(options, stage, place);
  // If both fail, the failure of the start is reported.
  cleanUp.defer(() =>
    preparing.then(
      (prepared) => prepared.close(),
      () => {},
    ),
  );
  const target = await untilStarted(
    starting,
    { command: options.command, leaf: place.leaf, buffered },
    exits,
  );
  // Without a leaf nothing else would end it after an error.
  cleanUp.defer(async () => {
    exits.begin();
    target.kill('SIGKILL');
    await exits.until(target.ended);
  });
  stage.outputs.begin();
  const measurement = await preparing;
  measurement.begin(target);
  const actions = actionsOf(measurement, exits);
  signals = forwardSignals(actions, options.killAfterMs, stage.view, buffered);
  const control = controlOf(measurement, signals);
  await startMeasuring(measurement, target, () => sinksOf(stage, measurement, target, control, watch));
  measurement.follow();

  const timeout = startTimeout(options.timeoutMs, measurement, control);
  cleanUp.defer(() => clearTimeout(timeout));
  const exit = await exits.until(target.ended);
  if (options.wait === 'target') clearTimeout(timeout);
  cleanUp.releaseDescriptors();
  if (attachment !== undefined) measurement.endedBy ??= attachment.isGone ? 'removed' : 'signal';
  const { finishRun } = await import('./finish.ts');
  const summary = await finishRun(measurement, exit, await cpuBefore, options, { log: stage.log, exits });
  clearTimeout(timeout);
  throwUnlessJoined(measurement, target, exit ?? {}, options);

  // A view may stay open for hours, and a reader of the output may stand still: remove the leaf first.
  await place.remove();
  const limitMs = attachment === undefined ? options.killAfterMs : ATTACHED_WAIT_MS;
  const bounds = { received: signals.received, limitMs, view: stage.view };
  await wait.until(deliverSummary(stage, measurement, summary), bounds);
  return resultOf(summary, { options, measurement, signals, ...stage });
}

/** What signals to cmemstat do: one that kills begins the wait for what it has killed. */
function actionsOf(measurement: Measurement, exits: ExitWait): SignalActions {
  const actions = measurement.processes.signalActions;
  const killAll = () => {
    exits.begin();
    actions.killAll();
  };
  return { ...actions, killAll };
}

/** A cgroup that exists: it is neither changed nor removed. */
function placeOf({ cgroup }: Attachment): TargetPlace {
  const placement = { kind: 'attached' as const, reason: 'it existed before', leaf: cgroup };
  return { placement, leaf: undefined, remove: async () => {} };
}

/** Before the cgroup of the run exists, whose name that of the self-test has. A failure is reported later. */
async function testPageScan(): Promise<void> {
  const { openScanReaders, orToolError } = await import('../explain/scan-readers.ts');
  await orToolError(openScanReaders);
}

/** What a run with a view and the list of processes opens at once, and some more. */
const NEEDED_DESCRIPTORS = 48;

/** @throws UnsupportedError if so few descriptors are left that a run would fail in the middle. */
function requireDescriptors(): void {
  const { limit, open } = readDescriptorLimit() ?? {};
  if (limit === undefined || open === undefined || limit >= BigInt(open + NEEDED_DESCRIPTORS)) return;
  const message = `the limit of open files is ${limit}, of which ${open} are in use; a run needs ${NEEDED_DESCRIPTORS} more`;
  throw new UnsupportedError('descriptors', message, { hint: 'ulimit -n 1024' });
}

/** @throws LaunchError if a signal has asked cmemstat to exit before the target was started. */
async function throwIfEnded(buffered: BufferedSignals, { command }: RunOptions): Promise<void> {
  // Signals are delivered between turns of the event loop.
  await yieldToEventLoop();
  const { ending } = buffered;
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
  place: TargetPlace,
): Promise<Measurement> {
  // The stub is started first.
  await yieldToEventLoop();
  const { Measurement } = await import('./measurement.ts');
  const wantsDetails = options.wantsDetails || view !== undefined;
  return new Measurement({ ...options, wantsDetails }, place, log);
}

/** Starts the measurement; if that fails, ends all processes of the target. */
async function startMeasuring(
  measurement: Measurement,
  target: Target,
  openSinks: () => Sink[],
): Promise<void> {
  try {
    await measurement.start(target, openSinks());
  } catch (error) {
    measurement.processes.killAll();
    throw error;
  }
}

/**
 * All sinks of the run: recordings first, then observers, then displays.
 */
function sinksOf(
  { outputs, view, launch }: Stage,
  measurement: Measurement,
  target: Target,
  control: RunControl,
  watch: Watch | undefined,
): Sink[] {
  const watcher = watch?.(control);
  const shown =
    view?.connect(measurement, target, launch?.streams.copies ?? {}, control.stop) ?? outputs.table;
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
