/** What keys choose from: units and intervals. */
import { formatDuration } from '../../format/units.ts';
import type { UiState } from './view.ts';

const UNITS: readonly UiState['units'][] = ['readable', 'KiB', 'bytes'];

/** The intervals selected with `+` and `-`. Unit: milliseconds. */
const INTERVALS_MS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/** The choice after `now`; the first one after the last, and if `now` is none of them. */
export function nextChoice<T>(choices: readonly T[], now: T): T {
  return choices[(choices.indexOf(now) + 1) % choices.length] ?? (choices[0] as T);
}

/** The units that the key `u` selects. */
export function nextUnits(now: UiState['units']): UiState['units'] {
  return nextChoice(UNITS, now);
}

/**
 * The next longer or shorter interval, or why there is none. Unit: milliseconds.
 * @param minMs below which `--interval` is refused, too.
 */
export function nextInterval(nowMs: number, step: 1 | -1, minMs = 0): { ms: number } | { message: string } {
  const ms =
    step > 0
      ? INTERVALS_MS.find((each) => each > nowMs)
      : INTERVALS_MS.findLast((each) => each < nowMs && each >= minMs);
  if (ms !== undefined) return { ms };
  const now = formatDuration(nowMs);
  if (step < 0 && nowMs <= minMs) return { message: `the interval is ${now}, which is the shortest` };
  const longer = step > 0 ? 'longer' : 'shorter';
  return { message: `the interval is ${now}; for a ${longer} one use --interval` };
}
