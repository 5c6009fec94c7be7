/**
 * Connects the terminal view to a run: opening it, its operations on the run, and the output of the target.
 */
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { describeErrno, errnoOf, OutputError, ToolError, UnsupportedError } from '../../errors.ts';
import { formatShortCommand, safeText } from '../../format/safe-text.ts';
import { readPidStat } from '../../kernel/procfs/pid-stat.ts';
import type { Explanation } from '../../model/explain/explanation.ts';
import { ChunkWriter } from '../../output/chunk-writer.ts';
import type { Outputs } from '../../output/open-outputs.ts';
import type { Sink } from '../../output/sink.ts';
import type { ProcessFacts } from '../../sampler/process-facts.ts';
import type { Target } from '../../target/launch-request.ts';
import type { SignalWatcher } from '../../target/signals.ts';
import type { StreamFiles } from '../../target/standard-streams.ts';
import type { LiveControls, LiveView } from '../../view/live-view.ts';
import type { ExplainOptions } from '../explain/explain.ts';
import { optimiseLate } from '../v8-flags.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';
import { KeptOutput } from './streams/kept-output.ts';
import { OutputPump } from './streams/output-pump.ts';
import { findTerminalReader, readsTerminal } from './streams/reads-terminal.ts';

/** A run with its view. */
export interface LiveRun extends SignalWatcher {
  /** Shows the run; the sink receives its records. */
  connect(
    measurement: Measurement,
    target: Target,
    copies: { stdout?: number; stderr?: number },
    stop: (why: 'view') => void,
  ): Sink;
  /** Resolves when all output of the target is written and its processes have exited. */
  flush(): Promise<void>;
  /** Writes the output of the target and the buffered messages to the terminal, after the view is closed. */
  print(): Promise<void>;
  /** Restores the terminal; may be called more than once. */
  close(): void;
}

/**
 * Opens the view if it is requested and the terminal supports it; otherwise reports the reason, unless that
 * is the default behaviour.
 * @throws only errors other than ToolError.
 */
export async function openLiveView(
  { command, attachment, view, exitOnEnd, streams, outputs: { json, quiet, output } }: RunOptions,
  outputs: Outputs,
): Promise<LiveRun | undefined> {
  if (view === 'auto' && ![0, 1, 2].every(isatty)) return undefined;
  // Only loaded if the view opens.
  const { openOwnScreen } = await import('../../view/terminal/screen.ts');
  try {
    const screen = await openOwnScreen();
    const { LiveView } = await import('../../view/live-view.ts');
    optimiseLate();
    const hint =
      attachment === undefined && streams.stdin === undefined && isatty(0)
        ? `in the view stdin is /dev/null; interactive: cmemstat --no-tui -- ${formatShortCommand(command, MAX_HINT_COMMAND)}`
        : undefined;
    const live = new LiveView(screen, { exitOnEnd, recording: output, stdinHint: hint });
    // Shown in the view now, and on standard error after the view is closed.
    outputs.log.buffer((line) => live.showMessage(line));
    const isKnown = hint !== undefined && readsTerminal(command);
    if (isKnown) outputs.log.warn(hint);
    return new LiveRunView(live, outputs, json, streams, isKnown ? undefined : hint);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    outputs.log.warn(`no terminal view: ${error.message}; ${inItsPlace(json, quiet)}`);
    return undefined;
  }
}

function inItsPlace(json: boolean, quiet: boolean): string {
  if (json) return 'printing only JSON lines';
  return quiet ? 'printing only the summary' : 'printing a table instead (as with --no-tui)';
}

/**
 * How long to read from a pipe after the leaf is empty: a process that left the leaf may hold it open. Unit:
 * milliseconds.
 */
const PIPE_TIMEOUT_MS = 1000;

const [STDOUT, STDERR] = [1, 2];

/** Length of the command in a hint. Unit: characters. */
const MAX_HINT_COMMAND = 60;

class LiveRunView implements LiveRun {
  readonly #view: LiveView;
  readonly #outputs: Outputs;
  readonly #isJsonOnStdout: boolean;
  readonly #files: StreamFiles;
  readonly #pumps: OutputPump[] = [];
  readonly #writers: ChunkWriter[] = [];
  readonly #kept = new KeptOutput();
  #printing: Promise<void> | undefined;
  #isFlushing = false;
  #hasOutput = false;
  readonly #stdinHint: string | undefined;

  /** `stdinHint` is for a target that ends at once without any output. */
  constructor(
    view: LiveView,
    outputs: Outputs,
    isJsonOnStdout: boolean,
    files: StreamFiles,
    stdinHint: string | undefined,
  ) {
    this.#stdinHint = stdinHint;
    this.#view = view;
    this.#outputs = outputs;
    this.#isJsonOnStdout = isJsonOnStdout;
    this.#files = files;
  }

  connect(
    measurement: Measurement,
    target: Target,
    copies: { stdout?: number; stderr?: number },
    stop: (why: 'view') => void,
  ): Sink {
    this.#view.connect(this.#controlsOf(measurement, target, stop));
    this.#follow('stdout', target.stdout, copies.stdout);
    this.#follow('stderr', target.stderr, copies.stderr);
    return this.#view;
  }

  get hasKeyboard(): boolean {
    return this.#view.isShown;
  }

  signalled(): void {
    this.#view.closeAtEnd();
    // Slow readers are waited for, but the user can cancel the wait.
    if (this.#isFlushing) this.#stopOutput();
  }

  async flush(): Promise<void> {
    this.#isFlushing = true;
    await Promise.all(this.#pumps.map((pump) => pump.finish(PIPE_TIMEOUT_MS)));
  }

  print(): Promise<void> {
    this.#printing ??= this.#print();
    return this.#printing;
  }

  async #print(): Promise<void> {
    // The terminal may be gone: the error cannot be reported.
    const writers = new Map([STDOUT, STDERR].map((fd) => [fd, this.#writerTo(fd, () => {})]));
    const { log } = this.#outputs;
    if (this.#stdinHint !== undefined && !this.#view.wasShown && !this.#hasOutput) log.warn(this.#stdinHint);
    const leftOut = await this.#kept.print(async (fd, bytes) => writers.get(fd)?.write(bytes));
    log.writeBuffered();
    if (leftOut !== undefined) log.warn(leftOut);
  }

  close(): void {
    this.#stopOutput();
    this.#view.close();
    this.#outputs.log.writeBuffered();
  }

  #stopOutput(): void {
    for (const pump of this.#pumps) pump.stop();
    for (const writer of this.#writers) writer.close();
  }

  #controlsOf(measurement: Measurement, target: Target, stop: (why: 'view') => void): LiveControls {
    return {
      intervalMs: () => measurement.sampler.intervalMs,
      setIntervalMs: (ms) => measurement.sampler.setIntervalMs(ms),
      punctuality: () => measurement.sampler.punctuality,
      elapsedMs: measurement.elapsedMs,
      isStopped: () => isStopped(target.pid),
      hasTargetEnded: () => measurement.processes.hasTargetEnded,
      advice: () => measurement.bpf.advice(),
      processFacts: (pid) => readFacts(measurement, pid),
      explain: (onProgress, signal) => readLeaf(measurement, { onProgress, signal }),
      signal: (pid, signal) => sendSignal(measurement, pid, signal as NodeJS.Signals),
      interrupt: () => this.#interrupt(measurement),
      stop: () => stop('view'),
      // What was started elsewhere has another terminal.
      terminalReader: () =>
        measurement.attached === undefined ? findTerminalReader(processesOf(measurement)) : undefined,
      yielded: (pid, comm) => this.#yielded(pid, comm),
      left: (failure) => this.#left(measurement, target.pid, failure),
    };
  }

  #yielded(pid: number, comm: string): void {
    void this.print();
    this.#outputs.log.warn(
      `the view is closed: process ${pid} (${safeText(comm)}) reads from the terminal; the target continues and is measured (hint: --no-tui)`,
    );
  }

  /** Ctrl-C ends an attachment, and a target as it likes. */
  #interrupt(measurement: Measurement): void {
    if (measurement.attached !== undefined) this.#view.closeAtEnd();
    measurement.processes.signalActions.passOn('SIGINT');
  }

  #left({ attached }: Measurement, pid: number, failure: unknown): void {
    void this.print();
    const { log } = this.#outputs;
    if (failure === undefined) {
      const what = attached === undefined ? `the target (pid ${pid})` : safeText(attached.target);
      log.info(`the view is closed; ${what} continues and is measured`);
    } else {
      const why = failure instanceof Error ? failure.message : String(failure);
      log.warn(`the view failed: ${why}; the target continues and is measured`);
    }
  }

  /**
   * Writes to the view, and to the file given by the user or the place that it has without a view: a terminal
   * when the view is closed, anything else immediately.
   */
  #follow(stream: 'stdout' | 'stderr', from: Readable | null, copy: number | undefined): void {
    if (from === null) return;
    const file = copy === undefined ? undefined : this.#writerTo(copy, (error) => this.#fail(stream, error));
    const fd = stream === 'stdout' && !this.#isJsonOnStdout ? STDOUT : STDERR;
    let own: ChunkWriter | undefined;
    const writeOwn = (chunk: Buffer) => {
      // The terminal may be gone, or the reader of a pipe: the target continues.
      own ??= this.#writerTo(fd, () => {});
      return own.write(chunk);
    };
    const take = async (chunk: Buffer): Promise<void> => {
      this.#hasOutput = true;
      if (this.#view.isOpen) this.#view.takeOutput(stream, chunk);
      if (file !== undefined) await file.write(chunk);
      else if (!isatty(fd)) await writeOwn(chunk);
      else if (this.#printing === undefined) await this.#kept.push(fd, chunk);
      else {
        await this.#printing;
        await writeOwn(chunk);
      }
    };
    this.#pumps.push(new OutputPump(from, take));
  }

  #writerTo(fd: number, onError: (error: NodeJS.ErrnoException) => void): ChunkWriter {
    const writer = new ChunkWriter(fd, onError);
    this.#writers.push(writer);
    return writer;
  }

  #fail(stream: 'stdout' | 'stderr', cause: NodeJS.ErrnoException): void {
    const path = this.#files[stream] ?? '';
    const message = `--${stream}: cannot write to ${path}: ${describeErrno(errnoOf(cause))}`;
    this.#outputs.fail(new OutputError(path, message, { cause }));
  }
}

function isStopped(pid: number): boolean {
  try {
    const { state } = readPidStat(pid);
    return state === 'T' || state === 't';
  } catch {
    // It has exited.
    return false;
  }
}

/** Only loaded, and read, when a process is opened. */
async function readFacts(measurement: Measurement, pid: number): Promise<ProcessFacts | undefined> {
  const { readProcessFacts } = await import('../../sampler/process-facts.ts');
  return isOfRun(measurement, pid) ? readProcessFacts(pid) : undefined;
}

/** Only loaded when it is requested. */
async function readLeaf({ placement }: Measurement, options: ExplainOptions): Promise<Explanation> {
  const { leaf, reason } = placement;
  if (leaf === undefined) {
    throw new UnsupportedError(
      'explain',
      `memory by name requires a memory cgroup, and the process tree is measured: ${reason}`,
      { hint: 'cmemstat doctor' },
    );
  }
  const { explainLeaf } = await import('./readings/run-explainer.ts');
  return explainLeaf(leaf, options);
}

/** Whether it is a process of the run. */
function isOfRun(measurement: Measurement, pid: number): boolean {
  return processesOf(measurement).includes(pid);
}

/** None after the end, when the cgroup is removed. */
function processesOf(measurement: Measurement): number[] {
  try {
    return measurement.processes.list();
  } catch {
    return [];
  }
}

/** Only pids of the leaf: the list may be a second old. */
function sendSignal(measurement: Measurement, pid: number, signal: NodeJS.Signals): string | undefined {
  if (!measurement.processes.list().includes(pid)) return `process ${pid} is no longer in the cgroup`;
  try {
    process.kill(pid, signal);
    return undefined;
  } catch (error) {
    return `${signal} to ${pid}: ${(error as Error).message}`;
  }
}
