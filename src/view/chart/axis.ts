/** Computes round numbers for chart axes. */
import { formatDuration } from '../../format/units.ts';

/** The range of an axis and its labels. */
export interface Axis {
  from: number;
  to: number;
  /** Distance between two labels. */
  step: number;
}

const FACTORS = [1, 2, 5, 10, 20, 50, 100, 200, 256, 512];

/** From this value on, sizes use the next unit, in which only multiples of 0.5 are round. */
const NEXT_UNIT = 1000;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TIME_STEPS_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 96, 168].map((hours) => hours * HOUR),
];

/** The smallest round sizes that cover a range including 0 in at most `most` steps. Unit: bytes. */
export function sizeAxis(low: number, high: number, steps: number): Axis {
  const least = Math.min(0, low);
  const most = Math.max(0, high);
  for (let unit = 1; ; unit *= 1024) {
    for (const factor of FACTORS) {
      const step = factor * unit;
      const from = Math.floor(least / step) * step;
      const to = Math.max(Math.ceil(most / step) * step, from + step);
      const isRound = factor === 512 || Math.max(to, -from) < NEXT_UNIT * unit;
      const isFine = (to - from) / step <= Math.max(1, steps, from < 0 ? 3 : 0);
      if ((isRound && isFine) || !Number.isFinite(step)) return { from, to, step };
    }
  }
}

/** The times to label in a range, at most `wanted`. Unit: milliseconds. */
export function timeTicks(fromMs: number, toMs: number, count: number): number[] {
  const wanted = (toMs - fromMs) / Math.max(1, count);
  const step = TIME_STEPS_MS.find((ms) => ms >= wanted) ?? Math.ceil(wanted / (168 * HOUR)) * 168 * HOUR;
  const ticks: number[] = [];
  for (let ms = Math.ceil(fromMs / step) * step; ms <= toMs && ticks.length <= count; ms += step)
    ticks.push(ms);
  return ticks;
}

/** Formats a time since the launch as short as possible: `30s`, `2m`, `2m30s`, `1h05m`. */
export function formatTick(ms: number): string {
  if (ms < MINUTE) return ms % SECOND === 0 ? `${ms / SECOND}s` : formatDuration(ms);
  const text = formatDuration(ms);
  return text.replace(/^(\d+[hm])00[ms]$/, '$1');
}
