/** The view of a recording: the same panels, with play, step and jump. */
import { ToolError } from '../errors.ts';
import { formatDuration } from '../format/units.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import type { StartRecord, SummaryRecord } from '../model/recording.ts';
import type { Effect } from './state/effect.ts';
import { parseMoment } from './state/moment.ts';
import type { Explained, ViewStatus } from './state/view.ts';
import type { ViewBuilder } from './state/view-builder.ts';
import type { Screen } from './terminal/terminal-screen.ts';
import { Viewer } from './viewer.ts';

/** A recording with random access to any time. Unit of times: milliseconds since the launch. */
export interface ReplaySource {
  readonly start: StartRecord | undefined;
  readonly summary: SummaryRecord | undefined;
  readonly endMs: number;
  readonly peakMs: number | undefined;
  readonly counts: { readonly damaged: number };
  readonly following: boolean;
  seek(elapsedMs: number): ViewBuilder;
  nextEvent(afterMs: number): number | undefined;
  previousEvent(beforeMs: number): number | undefined;
  nextSample(afterMs: number): number | undefined;
  previousSample(beforeMs: number): number | undefined;
}

/** Interval between steps while playing. Unit: milliseconds. */
const TICK_MS = 100;

const MIN_SPEED = 1 / 16;
const MAX_SPEED = 1024;

/** The start position of a replay. */
export interface ReplayStart {
  /** A time in the syntax of `goto`; undefined for the beginning, or with `--follow` the end. */
  at: string | undefined;
  speed: number;
}

/** An open replay. */
export class ReplayView {
  /** Resolves when the user has closed it; rejects if drawing failed. */
  readonly closed: Promise<void>;
  readonly #source: ReplaySource;
  readonly #viewer: Viewer;
  readonly #timer: NodeJS.Timeout;
  #builder: ViewBuilder;
  #nowMs = 0;
  #speed: number;
  #isPlaying = false;
  /** With `--follow`: continues with appended data. */
  #isAtEdge: boolean;
  #tickedMs = monotonicMs();
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve() {}, reject() {} };

  /** @throws ToolError for an invalid start time. */
  constructor(screen: Screen, source: ReplaySource, { at, speed }: ReplayStart) {
    this.#source = source;
    this.#speed = clampSpeed(speed);
    this.#isAtEdge = source.following && at === undefined;
    this.#nowMs = this.#isAtEdge ? source.endMs : at === undefined ? 0 : parseMoment(at, '--at')(source);
    this.#builder = source.seek(this.#nowMs);
    this.#isPlaying = at === undefined && !this.#isAtEdge;
    this.closed = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#viewer = new Viewer(
      screen,
      {
        data: () => this.#builder.data,
        snapshot: () => this.#builder.snapshot(),
        status: () => this.#status(),
        output: () => ({ lines: [], dropped: 0 }),
        explained: () => this.#explained(),
        advice: () => source.summary?.bpf?.advice,
      },
      {
        effect: (effect) => this.#effect(effect),
        failed: (error) => this.#end(error),
        lost: () => this.#end(),
      },
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#viewer.drawNow();
  }

  /** Called when data was appended to the recording. @throws InputError if the file can no longer be read. */
  grown(): void {
    if (this.#isAtEdge) this.#goTo(this.#source.endMs);
    else this.#viewer.changed();
  }

  /** Restores the terminal; may be called more than once. */
  close(): void {
    this.#end();
  }

  #end(error?: unknown): void {
    clearInterval(this.#timer);
    this.#viewer.close();
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(error);
  }

  #tick(): void {
    const tickedMs = monotonicMs();
    const passedMs = (tickedMs - this.#tickedMs) * this.#speed;
    this.#tickedMs = tickedMs;
    if (!this.#isPlaying) return;
    this.#goTo(this.#nowMs + passedMs);
    if (this.#nowMs < this.#source.endMs) return;
    this.#isAtEdge = this.#source.following;
    this.#isPlaying = false;
  }

  #goTo(elapsedMs: number): void {
    this.#nowMs = Math.max(0, Math.min(this.#source.endMs, elapsedMs));
    this.#builder = this.#source.seek(this.#nowMs);
    this.#viewer.changed();
  }

  #jumpTo(elapsedMs: number | undefined, otherwise: string): void {
    this.#isPlaying = false;
    this.#isAtEdge = false;
    if (elapsedMs === undefined) this.#viewer.showMessage(otherwise);
    else this.#goTo(elapsedMs);
  }

  /** Jumping to the end of a recording that is still being written means following it. */
  #followAtEnd(): void {
    this.#isAtEdge = this.#source.following && this.#nowMs >= this.#source.endMs;
  }

  #effect(effect: Effect): void {
    const source = this.#source;
    switch (effect.kind) {
      case 'close':
        this.#end();
        break;
      case 'play':
        this.#togglePlay();
        break;
      case 'speed':
        this.#speed = clampSpeed(this.#speed * effect.factor);
        break;
      case 'step':
        this.#jumpTo(
          effect.samples > 0 ? source.nextSample(this.#nowMs) : source.previousSample(this.#nowMs),
          'no more samples',
        );
        break;
      case 'skip':
        this.#jumpTo(this.#nowMs + effect.ms, '');
        this.#followAtEnd();
        break;
      case 'peak':
        this.#jumpTo(source.peakMs, 'no sample has a total');
        break;
      case 'edge':
        this.#jumpTo(effect.to === 'start' ? 0 : source.endMs, '');
        this.#followAtEnd();
        break;
      case 'event':
        this.#jumpTo(
          effect.direction > 0 ? source.nextEvent(this.#nowMs) : source.previousEvent(this.#nowMs),
          effect.direction > 0 ? 'no later event' : 'no earlier event',
        );
        break;
      case 'goto':
        this.#goToText(effect.text);
        break;
      default:
        this.#viewer.showMessage('not available in a replay');
    }
  }

  #togglePlay(): void {
    if (this.#isAtEdge && this.#source.following) {
      this.#isAtEdge = false;
      return;
    }
    this.#isPlaying = !this.#isPlaying;
    if (this.#isPlaying && this.#nowMs >= this.#source.endMs && !this.#source.following) this.#goTo(0);
  }

  #goToText(text: string): void {
    if (text.trim() === '') return;
    try {
      this.#jumpTo(parseMoment(text, 'go to')(this.#source), '');
      this.#followAtEnd();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#viewer.showMessage(error.message);
    }
  }

  /** The last explanation up to the displayed time. */
  #explained(): Explained {
    const { explained } = this.#builder.data;
    if (explained !== undefined) return { state: 'read', explanation: explained };
    const later = this.#source.summary?.explained?.map(({ elapsedMs }) => elapsedMs) ?? [];
    if (later.length > 0) {
      return {
        state: 'failed',
        message: `the memory was read by name later, at ${formatDuration(Math.min(...later))}`,
        hint: 'g goes there; the timeline marks it with e',
      };
    }
    return {
      state: 'failed',
      message: 'the recording does not have the memory by name up to this time',
      hint: 'cmemstat --explain peak --output FILE -- COMMAND',
    };
  }

  #status(): ViewStatus {
    const { start, summary, endMs, following, counts } = this.#source;
    const atEnd = this.#nowMs >= endMs && (!following || this.#isAtEdge);
    return {
      state: this.#isPlaying ? 'playing' : atEnd ? 'at-end' : 'halted',
      elapsedMs: this.#nowMs,
      intervalMs: start?.intervalMs ?? 0,
      // Only the summary contains them.
      late: summary?.samples.late ?? 0,
      missed: summary?.samples.missed ?? 0,
      replay: { speed: this.#speed, endMs, damagedLines: counts.damaged, following },
      absent: {
        output: "recordings do not contain the target's output (use --stdout FILE and --stderr FILE)",
        ...(start?.bpfIntervalMs === undefined
          ? { maps: `no BPF memory was read in this recording of ${formatDuration(endMs)}` }
          : {}),
      },
    };
  }
}

function clampSpeed(speed: number): number {
  return Math.max(MIN_SPEED, Math.min(MAX_SPEED, speed));
}
