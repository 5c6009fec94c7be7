/** BPF totals on a clock of their own: reading them costs more than a sample. */
import { ToolError } from '../../errors.ts';
import type { BpfTotals } from '../../model/bpf-totals.ts';
import type { LiveMap } from '../../model/recording.ts';
import type { RowDifference } from '../../model/row-changes.ts';

/** Timers drop fractions of a millisecond: a tick may come this much before it is due. */
const EARLY_MS = 1;

/**
 * One reading of BPF memory: the totals, and the maps that are new or have changed since the reading before.
 */
export interface BpfReading {
  totals: BpfTotals;
  /** Undefined when nothing has changed, or maps are not listed. */
  maps: RowDifference<LiveMap> | undefined;
}

/** What reads BPF memory: see run-bpf.ts. */
export interface BpfReader {
  /** @throws ToolError when it may not read (any more). */
  collect(pids: readonly number[]): BpfReading;
  close(): void;
}

/** Why there are no BPF totals. */
export interface BpfUnavailable {
  reason: string;
  hint: string | undefined;
}

/** Reads BPF totals when they are due, until that fails for the first time. */
export class BpfClock {
  readonly #intervalMs: number;
  readonly #elapsedMs: () => number;
  #collector: BpfReader | undefined;
  #dueMs = 0;
  #unavailable: BpfUnavailable | undefined;

  private constructor(intervalMs: number, elapsedMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#elapsedMs = elapsedMs;
  }

  /** Opens a collector; where that is refused the clock says why, once, and stands still. */
  static async open(
    intervalMs: number,
    elapsedMs: () => number,
    openCollector: () => Promise<BpfReader>,
  ): Promise<BpfClock> {
    const clock = new BpfClock(intervalMs, elapsedMs);
    try {
      clock.#collector = await openCollector();
    } catch (error) {
      clock.#giveUp(error);
    }
    return clock;
  }

  /** Set from the moment on when reading was refused. */
  get unavailable(): BpfUnavailable | undefined {
    return this.#unavailable;
  }

  /** Reads when a reading is due; `now` makes it due. */
  read(pids: () => number[], now: boolean): BpfReading | undefined {
    const elapsedMs = this.#elapsedMs() + EARLY_MS;
    if (this.#collector === undefined || (!now && elapsedMs < this.#dueMs)) return undefined;
    // On a grid that starts with the launch, as the samples are: they fall on the same ticks.
    // The reading at the launch is no tick: the first tick reads too.
    if (!now) this.#dueMs = (Math.floor(elapsedMs / this.#intervalMs) + 1) * this.#intervalMs;
    try {
      return this.#collector.collect(pids());
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  close(): void {
    this.#collector?.close();
    this.#collector = undefined;
  }

  #giveUp(error: unknown): void {
    if (!(error instanceof ToolError)) throw error;
    this.#unavailable = { reason: error.message, hint: error.hint };
    this.close();
  }
}
