/** The view of a live run: a sink that draws, with the output of the target. */

import { ToolError, UnsupportedError } from '../errors.ts';
import { hintSuffix } from '../format/hint.ts';
import { safeText } from '../format/safe-text.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import type { BpfAdvice } from '../model/bpf-advice.ts';
import type { Explanation } from '../model/explain/explanation.ts';
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { Sink } from '../output/sink.ts';
import type { ProcessFacts } from '../sampler/process-facts.ts';
import { nextInterval } from './state/choices.ts';
import type { Effect } from './state/effect.ts';
import { OutputBuffer } from './state/output-buffer.ts';
import type { Explained, ViewStatus } from './state/view.ts';
import { ViewBuilder } from './state/view-builder.ts';
import type { Screen } from './terminal/terminal-screen.ts';
import { Viewer } from './viewer.ts';

/** The operations of the view on the run. */
export interface LiveControls {
  intervalMs(): number;
  setIntervalMs(ms: number): void;
  punctuality(): { late: number; missed: number };
  /** Milliseconds since the launch. */
  elapsedMs(): number;
  /** Whether the target is stopped by a signal. */
  isStopped(): boolean;
  /** Whether the target has exited; its descendants may continue with `--wait all`. */
  hasTargetEnded(): boolean;
  advice(): readonly BpfAdvice[];
  /** Reads the details of a process of the run; undefined if it is none any more. */
  processFacts(pid: number): Promise<ProcessFacts | undefined>;
  /**
   * Reads the memory of the leaf by name; `onProgress` receives how much was read, from 0 to 1.
   * @throws ToolError if it cannot be read.
   */
  explain(onProgress: (share: number) => void, signal: AbortSignal): Promise<Explanation>;
  /** Sends a signal; returns the reason if that failed. */
  signal(pid: number, signal: string): string | undefined;
  interrupt(): void;
  /** Ends the target. */
  stop(): void;
  /** The process that waits for input from the terminal, if there is one. */
  terminalReader(): { pid: number; comm: string } | undefined;
  /** The view was closed for a process that reads from the terminal; the run continues. */
  yielded(pid: number, comm: string): void;
  /** The view was closed and the run continues; with the error if the view failed. */
  left(failure?: unknown): void;
}

/** The options of a live view. */
export interface LiveViewOptions {
  /** Whether to close the view when the target has exited. */
  exitOnEnd: boolean;
  /** The file that the run is recorded to. */
  recording: string | undefined;
  /** Shown while there is no output, which may be because the target reads from the terminal. */
  stdinHint: string | undefined;
}

/**
 * A target that ends within this time after the launch gets no view: its output and the summary say it all.
 * Unit: milliseconds.
 */
export const DRAW_AFTER_MS = 300;

/** Age from which the details of a process are read again while they are shown. Unit: milliseconds. */
const FACTS_MS = 2000;

/** Milliseconds of rest for each that reading them took. */
const FACTS_REST = 20;

/** Unit: bytes. */
const MAX_EARLY_BYTES = 1024 ** 2;

/** The view, from before the launch until it is closed. */
export class LiveView implements Sink {
  readonly #builder = new ViewBuilder();
  readonly #output = new OutputBuffer();
  readonly #viewer: Viewer;
  readonly #options: LiveViewOptions;
  #exitOnEnd: boolean;
  readonly #clock: NodeJS.Timeout;
  #opening: NodeJS.Timeout | undefined;
  #controls: LiveControls | undefined;
  /** Output before the first frame; it is not needed if the target ends before that. */
  #early: { stream: 'stdout' | 'stderr'; chunk: Buffer }[] | undefined = [];
  #earlyBytes = 0;
  #isOpen = true;
  #endedMs: number | undefined;
  #onClosed: (() => void)[] = [];
  #explained: Explained | undefined;
  readonly #abort = new AbortController();
  #facts: { pid: number; readAtMs: number; last: ProcessFacts | undefined } | undefined;

  constructor(screen: Screen, options: LiveViewOptions) {
    this.#exitOnEnd = options.exitOnEnd;
    this.#options = options;
    this.#viewer = new Viewer(
      screen,
      {
        data: () => this.#builder.data,
        snapshot: () => this.#builder.snapshot(),
        status: () => this.#status(),
        output: () => this.#output.view(),
        facts: (pid) => this.#factsOf(pid),
        explained: () => this.#whatIsExplained(),
        advice: () => this.#builder.data.summary?.bpf?.advice ?? this.#controls?.advice(),
      },
      {
        effect: (effect) => this.#effect(effect),
        failed: (error) => this.#leave(error),
        lost: () => this.#leave(),
      },
    );
    // Update the elapsed time between samples of a long interval.
    this.#clock = setInterval(() => {
      this.#viewer.changed();
      this.#yieldToReader();
    }, 1000);
    this.#clock.unref();
  }

  /** Whether the view is still open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it is on the terminal and reads the keyboard. */
  get isShown(): boolean {
    return this.#isOpen && this.wasShown;
  }

  /** Whether it is or was on the terminal. */
  get wasShown(): boolean {
    return this.#viewer.isDrawn;
  }

  /** The run, after the launch. */
  connect(controls: LiveControls): void {
    this.#controls = controls;
  }

  start(record: StartRecord): void {
    this.#builder.apply(record);
    this.#opening = setTimeout(() => {
      this.#takeEarly();
      this.#viewer.drawNow();
    }, DRAW_AFTER_MS);
  }

  write(record: Exclude<RecordLine, StartRecord | SummaryRecord>): void {
    this.#builder.apply(record);
    this.#viewer.changed();
  }

  /**
   * Shows the summary until the user quits; closes immediately with `--exit-on-end`, and if nothing was drawn
   * yet.
   */
  async stop(summary: SummaryRecord): Promise<void> {
    this.#endedMs = summary.durationMs;
    this.#builder.apply(summary);
    if (!this.#isOpen) return;
    if (this.#exitOnEnd || !this.#viewer.isDrawn) {
      this.close();
      return;
    }
    this.#viewer.drawNow();
    await new Promise<void>((resolve) => {
      if (this.#isOpen) this.#onClosed.push(resolve);
      else resolve();
    });
  }

  /** Processes output of the target. */
  takeOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#earlyBytes += chunk.length;
    if (this.#early === undefined) this.#output.push(stream, chunk);
    else this.#early.push({ stream, chunk });
    if (this.#earlyBytes > MAX_EARLY_BYTES) this.#takeEarly();
    this.#viewer.changed();
  }

  #takeEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    // In one piece, of which only the last lines are processed.
    for (let from = 0, to = 0; from < early.length; from = to) {
      const { stream } = early[from] ?? { stream: 'stdout' };
      while (early[to]?.stream === stream) to += 1;
      this.#output.push(stream, Buffer.concat(early.slice(from, to).map(({ chunk }) => chunk)));
    }
  }

  /** Shows one line to the user. */
  showMessage(line: string): void {
    if (this.#isOpen) this.#viewer.showMessage(line);
  }

  /** Closes the view when the target has exited, or now if it already has. */
  closeAtEnd(): void {
    this.#exitOnEnd = true;
    if (this.#endedMs !== undefined) this.close();
  }

  /** Restores the terminal; may be called more than once. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#clock);
    clearTimeout(this.#opening);
    this.#abort.abort();
    this.#viewer.close();
    for (const resolve of this.#onClosed.splice(0)) resolve();
  }

  /** It gets the keys that are pressed, so that the view could not be quit any more. */
  #yieldToReader(): void {
    if (!this.isShown || this.#endedMs !== undefined) return;
    const reader = this.#controls?.terminalReader();
    if (reader === undefined) return;
    this.close();
    this.#controls?.yielded(reader.pid, reader.comm);
  }

  #leave(failure?: unknown): void {
    this.close();
    this.#controls?.left(failure);
  }

  #status(): ViewStatus {
    const controls = this.#controls;
    const { recording, stdinHint } = this.#options;
    return {
      state: this.#state(),
      elapsedMs: this.#endedMs ?? controls?.elapsedMs() ?? 0,
      intervalMs: controls?.intervalMs() ?? 0,
      ...(controls?.punctuality() ?? { late: 0, missed: 0 }),
      ...(recording === undefined ? {} : { recording }),
      absent: {
        ...absentIn(this.#builder),
        ...(stdinHint === undefined || this.#endedMs !== undefined
          ? {}
          : { output: `No output yet (${stdinHint}).` }),
      },
    };
  }

  /** The last details that were read; starts reading them again if they are old. */
  #factsOf(pid: number): ProcessFacts | undefined {
    const nowMs = monotonicMs();
    if (this.#facts?.pid !== pid) this.#facts = { pid, readAtMs: Number.NEGATIVE_INFINITY, last: undefined };
    const facts = this.#facts;
    if (nowMs - facts.readAtMs >= FACTS_MS && this.#controls !== undefined) {
      // Until it is read, it is not read again.
      facts.readAtMs = Number.POSITIVE_INFINITY;
      void this.#controls.processFacts(pid).then((read) => {
        facts.last = read ?? facts.last;
        const readAtMs = monotonicMs();
        facts.readAtMs =
          read === undefined ? Number.POSITIVE_INFINITY : readAtMs + (readAtMs - nowMs) * FACTS_REST;
        this.#viewer.changed();
      });
    }
    return facts.last;
  }

  /** The last that was requested; after the end of the run, what its records have. */
  #whatIsExplained(): Explained {
    const explained = this.#explained;
    const record = this.#builder.data.explained;
    if (explained !== undefined && (explained.state !== 'failed' || record === undefined)) return explained;
    if (record !== undefined) return { state: 'read', explanation: record };
    return {
      state: 'failed',
      message: 'the memory of the run was not read by name before its end',
      hint: 'press e while it runs, or start it with --explain end',
    };
  }

  async #explain(controls: LiveControls): Promise<void> {
    if (this.#explained?.state === 'reading') return;
    this.#explained = { state: 'reading', share: 0 };
    const elapsedMs = controls.elapsedMs();
    const onProgress = (share: number) => {
      this.#explained = { state: 'reading', share };
      this.#viewer.changed();
    };
    try {
      const explanation = await controls.explain(onProgress, this.#abort.signal);
      this.#explained = { state: 'read', explanation: { ...explanation, elapsedMs } };
    } catch (error) {
      // The leaf is removed meanwhile.
      const isGone = controls.hasTargetEnded() && !(error instanceof UnsupportedError);
      const message = error instanceof Error ? error.message : String(error);
      const hint = error instanceof ToolError ? error.hint : undefined;
      this.#explained = isGone
        ? undefined
        : { state: 'failed', message, ...(hint === undefined ? {} : { hint }) };
    }
    this.#viewer.changed();
  }

  #state(): ViewStatus['state'] {
    if (this.#endedMs !== undefined) return 'ended';
    if (this.#controls?.hasTargetEnded() === true) return 'waiting';
    return this.#controls?.isStopped() === true ? 'stopped' : 'running';
  }

  #effect(effect: Effect): void {
    const controls = this.#controls;
    if (effect.kind === 'close') this.close();
    if (this.#endedMs !== undefined) {
      if (effect.kind === 'stop' || effect.kind === 'leave') this.close();
      return;
    }
    if (controls === undefined) return;
    const [them, they] = controls.hasTargetEnded()
      ? ['the remaining processes', 'they have']
      : ['the target', 'it has'];
    switch (effect.kind) {
      case 'interrupt':
        controls.interrupt();
        this.#viewer.showMessage(`sent SIGINT to ${them}`);
        break;
      case 'signal': {
        const failure = controls.signal(effect.pid, effect.signal);
        this.#viewer.showMessage(failure ?? `sent ${effect.signal} to ${effect.pid}`);
        break;
      }
      case 'stop':
        this.closeAtEnd();
        controls.stop();
        this.#viewer.showMessage(`sent SIGTERM to ${them}; the view closes when ${they} ended`);
        break;
      case 'leave':
        this.#leave();
        break;
      case 'explain':
        void this.#explain(controls);
        break;
      case 'interval':
        this.#changeInterval(controls, effect.step);
        break;
    }
  }

  #changeInterval(controls: LiveControls, step: 1 | -1): void {
    const next = nextInterval(controls.intervalMs(), step);
    if ('ms' in next) controls.setIntervalMs(next.ms);
    else this.#viewer.showMessage(next.message);
  }
}

/** Why a panel will be empty. */
function absentIn(builder: ViewBuilder): ViewStatus['absent'] {
  const { start, events } = builder.data;
  const absent: ViewStatus['absent'] = {};
  if (start !== undefined && start.bpfIntervalMs === undefined)
    absent.maps = 'BPF memory is not read: --bpf-interval 0';
  const warning = events.find(
    ({ event, message }) => event === 'warning' && message?.startsWith('BPF') === true,
  );
  if (warning?.message !== undefined) {
    const hint = hintSuffix(warning.hint);
    absent.maps = safeText(`${warning.message}${hint}`);
  }
  return absent;
}
