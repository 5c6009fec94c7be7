/** How often the fast clock reads: densely while memory moves, and seldom while it does not. */

/** Between two readings while memory moves, if a reading is cheap. Unit: milliseconds. */
const DENSE_MS = 10;
/** The first readings after the launch: a target of 20 ms gets some. Unit: milliseconds. */
const FIRST_MS = 2;
/** The share of the run's age between two readings at the beginning. */
const SHARE_OF_AGE = 0.1;
/** The share of the time since the last movement that passes between two readings. */
const SHARE_OF_QUIET = 0.1;
/** The share of one CPU that the clock may use while memory moves. */
const MOVING_SHARE = 0.023;
/** The share of one CPU that the clock may use while memory does not move: without budgets, and with them. */
const STEADY_SHARE = { run: 0.001, budgets: 0.003 } as const;
/** Longest time between two readings. Unit: milliseconds. */
const MAX_STEADY_MS = 1000;
/**
 * Memory that has not moved for this time is steady, or later if readings are more seldom. Unit:
 * milliseconds.
 */
const QUIET_MS = 100;
/** After a maximum was missed, readings stay dense for this time. Unit: milliseconds. */
const DENSE_AFTER_MISS_MS = 10_000;
/** Memory moves if it changes by more than this, or by this share of its maximum. Unit: bytes. */
const MOVE_BYTES = 128 * 1024;
const MOVE_SHARE = 1 / 256;
/** CPU time of waking up and reading once, until it has been measured. Unit: milliseconds. */
const ASSUMED_COST_MS = 0.2;
/** The weight of a new measurement of the cost that is above the estimate. */
const COST_WEIGHT = 1 / 16;

/** What one reading found. */
export interface Observation {
  /** Unit: milliseconds since the launch. */
  elapsedMs: number;
  current: number;
  anon: number;
  /** The kernel's high-water mark shows a maximum that no reading has seen. */
  hasMissed: boolean;
  /** CPU time since the previous reading, with everything else that was done. Unit: milliseconds. */
  cpuMs: number | undefined;
}

/** Decides when the next reading is due. */
export class Pace {
  readonly #steadyShare: number;
  #costMs = ASSUMED_COST_MS;
  #anchorCurrent = 0;
  #anchorAnon = 0;
  #highest = 0;
  #movedMs = 0;
  #denseUntilMs = 0;

  constructor(hasBudgets: boolean) {
    this.#steadyShare = hasBudgets ? STEADY_SHARE.budgets : STEADY_SHARE.run;
  }

  /** The longest interval, when memory has not moved for a while. Unit: milliseconds. */
  get #steadyMs(): number {
    return Math.min(MAX_STEADY_MS, Math.max(this.#denseMs, this.#costMs / this.#steadyShare));
  }

  /** Whether readings are as seldom as they get. */
  isSteady(elapsedMs: number): boolean {
    return elapsedMs >= this.#denseUntilMs && this.#quietMs(elapsedMs) >= Math.max(QUIET_MS, this.#steadyMs);
  }

  /** Takes a reading into account; returns the time until the next one. Unit: milliseconds. */
  next({ elapsedMs, current, anon, hasMissed, cpuMs }: Observation): number {
    if (cpuMs !== undefined) this.#measure(cpuMs);
    this.#highest = Math.max(this.#highest, current, anon);
    const step = Math.max(MOVE_BYTES, this.#highest * MOVE_SHARE);
    const hasMoved =
      Math.abs(current - this.#anchorCurrent) > step || Math.abs(anon - this.#anchorAnon) > step;
    if (hasMoved || hasMissed) {
      this.#anchorCurrent = current;
      this.#anchorAnon = anon;
      this.#movedMs = elapsedMs;
    }
    if (hasMissed) this.#denseUntilMs = elapsedMs + DENSE_AFTER_MISS_MS;
    return this.#intervalMs(elapsedMs);
  }

  /** Memory is known to move: readings are dense from now on. */
  wake(elapsedMs: number): void {
    this.#movedMs = elapsedMs;
  }

  #intervalMs(elapsedMs: number): number {
    if (elapsedMs < this.#denseUntilMs) return this.#denseMs;
    const early = Math.max(FIRST_MS, elapsedMs * SHARE_OF_AGE);
    const quiet = Math.min(this.#steadyMs, this.#quietMs(elapsedMs) * SHARE_OF_QUIET);
    // The first tenth of a second is dense whatever it costs: it is short.
    return Math.min(early, Math.max(this.#denseMs, quiet));
  }

  get #denseMs(): number {
    return Math.min(MAX_STEADY_MS, Math.max(DENSE_MS, this.#costMs / MOVING_SHARE));
  }

  #quietMs(elapsedMs: number): number {
    return elapsedMs - this.#movedMs;
  }

  /** Other work only adds to the CPU time, so lower values count at once and higher ones slowly. */
  #measure(cpuMs: number): void {
    if (cpuMs < this.#costMs) this.#costMs = cpuMs;
    else this.#costMs += (Math.min(cpuMs, 4 * this.#costMs) - this.#costMs) * COST_WEIGHT;
  }
}
