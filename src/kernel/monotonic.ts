/**
 * Time since an arbitrary fixed point in the past, unaffected by clock changes. Unit: milliseconds,
 * fractional.
 *
 * The global `performance` is equivalent, but loads ten modules of Node.js on first use.
 * Source: clock_gettime(2), CLOCK_MONOTONIC.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
