/** Schedules readings of BPF totals, which cost more than a sample. */
import { ToolError } from '../../errors.ts';
import type { BpfTotals } from '../../model/bpf-totals.ts';
import type { LiveMap } from '../../model/recording.ts';
import type { RowDifference } from '../../model/row-changes.ts';

/** Timers drop fractions of a millisecond: a tick may be early by this much. */
const EARLY_MS = 1;

/**
 * One reading of BPF memory: the totals, and the maps that are new or changed since the previous reading.
 */
export interface BpfReading {
  totals: BpfTotals;
  /** Undefined if nothing changed, or maps are not listed. */
  maps: RowDifference<LiveMap> | undefined;
}

/** The BPF memory of the leaf at one time. Unit: bytes. */
export interface BpfBytes {
  maps: number;
  programs: number;
  uncharged: number;
}

/** Reads BPF memory: see run-bpf.ts. */
export interface BpfReader {
  /** @throws ToolError if reading is not permitted, or no longer permitted. */
  collect(pids: readonly number[]): BpfReading;
  close(): void;
}

/** Why BPF totals are unavailable. */
export interface BpfUnavailable {
  reason: string;
  hint: string | undefined;
}

/** Reads BPF totals when they are due, until the first failure. */
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

  /** Opens a collector; if that fails, reports the reason once and stops. */
  static async open(
    intervalMs: number,
    elapsedMs: () => number,
    openCollector: () => Promise<BpfReader>,
  ): Promise<BpfClock> {
    const clock = new BpfClock(intervalMs, elapsedMs);
    try {
      clock.#collector = await openCollector();
    } catch (error) {
      clock.#disable(error);
    }
    return clock;
  }

  /** Set once reading has failed. */
  get unavailable(): BpfUnavailable | undefined {
    return this.#unavailable;
  }

  /** Reads if a reading is due, or always with `now`. @throws only errors other than ToolError. */
  read(pids: () => number[], now: boolean): BpfReading | undefined {
    const elapsedMs = this.#elapsedMs() + EARLY_MS;
    if (this.#collector === undefined || (!now && elapsedMs < this.#dueMs)) return undefined;
    // The ticks start at the launch, like those of samples, so they coincide.
    // The reading at the launch is not a tick: the first tick reads too.
    if (!now) this.#dueMs = (Math.floor(elapsedMs / this.#intervalMs) + 1) * this.#intervalMs;
    const collector = this.#collector;
    return this.attempt(() => collector.collect(pids()));
  }

  /**
   * Runs a reading apart from the schedule; undefined if reading has failed.
   * @throws only errors other than ToolError.
   */
  attempt<T>(read: () => T): T | undefined {
    if (this.#collector === undefined) return undefined;
    try {
      return read();
    } catch (error) {
      this.#disable(error);
      return undefined;
    }
  }

  close(): void {
    this.#collector?.close();
    this.#collector = undefined;
  }

  #disable(error: unknown): void {
    if (!(error instanceof ToolError)) throw error;
    this.#unavailable = { reason: error.message, hint: error.hint };
    this.close();
  }
}
