/** The intervals of sampling, as options and budget files give them. */
import { UsageError } from '../errors.ts';
import { MAX_TIMER_MS } from './longest-timer.ts';
import { parseDuration } from './units.ts';

const MIN_INTERVAL_MS = 1;
const MIN_SLOW_INTERVAL_MS = 10;

/** How a run is sampled. Unit: milliseconds; 0 disables the readings. */
export interface SamplingIntervals {
  intervalMs: number;
  bpfIntervalMs: number;
  processIntervalMs: number;
}

/** The intervals without any option. */
export const DEFAULT_INTERVALS: SamplingIntervals = {
  intervalMs: 500,
  bpfIntervalMs: 1000,
  processIntervalMs: 2000,
};

/** The time between two samples. Unit: milliseconds. @throws UsageError that names `option`. */
export function parseInterval(text: string, option: string): number {
  return atLeast(parseDuration(text, option), MIN_INTERVAL_MS, option);
}

/**
 * The interval of readings that cost more than a sample; 0 disables them. Unit: milliseconds.
 * @throws UsageError that names `option`.
 */
export function parseSlowInterval(text: string, option: string): number {
  const ms = parseDuration(text, option);
  return ms === 0 ? 0 : atLeast(ms, MIN_SLOW_INTERVAL_MS, option);
}

/** Checks that a duration fits a timer. Unit: milliseconds. @throws UsageError that names `option`. */
export function atLeast(ms: number, minimumMs: number, option: string): number {
  if (ms < minimumMs) throw new UsageError(option, `${option}: must be at least ${minimumMs}ms`);
  if (ms > MAX_TIMER_MS) throw new UsageError(option, `${option}: must be at most 24 days`);
  return ms;
}
