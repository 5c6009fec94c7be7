/**
 * The time since a moment in the past that stays the same for this process; no change of the clock moves it.
 * Unit: milliseconds, with fractions.
 *
 * The global `performance` does the same, and loads ten modules of Node.js when it is first used.
 * Source: clock_gettime(2), CLOCK_MONOTONIC.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
