/** The growth of a figure whose readings are only recorded when they change. */
import { evaluateGrowth, GROWTH_MIN_MS, GROWTH_MIN_READINGS, type Growth } from './trend.ts';

/**
 * The readings that differ from the previous one, oldest first: time in milliseconds and value alternate.
 * Never modified.
 */
export type Steps = Float64Array;

/** Maximum number of stored readings. */
const MAX_STEPS = 64;

/** Maximum number of points that growth is estimated from. */
const MAX_POINTS = 40;

/** The steps with another reading; `fromMs` is the time of the first reading ever. */
export function addStep(steps: Steps, elapsedMs: number, value: number, fromMs: number): Steps {
  if (steps.at(-1) === value) return steps;
  const pairs: [number, number][] = [];
  const middleMs = (fromMs + elapsedMs) / 2;
  for (let at = 0; at < steps.length; at += 2) {
    const [ms = 0, then = 0, nextMs] = steps.subarray(at, at + 3);
    // Growth is that of the second half of the time: only the value that is valid at its start is older.
    if (nextMs === undefined || nextMs > middleMs) pairs.push([ms, then]);
  }
  pairs.push([elapsedMs, value]);
  if (pairs.length > MAX_STEPS) pairs.splice(closest(pairs), 1);
  return Float64Array.from(pairs.flat());
}

/** The reading whose neighbours are closest to each other, so that the others remain evenly distributed. */
function closest(pairs: readonly [number, number][]): number {
  let least = Number.POSITIVE_INFINITY;
  let found = 1;
  for (let at = 1; at + 1 < pairs.length; at++) {
    const apartMs = (pairs[at + 1]?.[0] ?? 0) - (pairs[at - 1]?.[0] ?? 0);
    if (apartMs >= least) continue;
    least = apartMs;
    found = at;
  }
  return found;
}

/**
 * Growth over the second half of the time from `fromMs` to `toMs`, as of `GrowthReadings` with a reading
 * every `intervalMs`; undefined with too few of them or in too short a time.
 */
export function growthOfSteps(
  steps: Steps,
  fromMs: number,
  toMs: number,
  intervalMs: number,
): Growth | undefined {
  const spanMs = toMs - fromMs;
  const readings = Math.floor(spanMs / intervalMs) + 1;
  if (spanMs < GROWTH_MIN_MS || readings < GROWTH_MIN_READINGS) return undefined;
  if (steps.length <= 2) return { slope: 0, certain: 0 };
  const middleMs = fromMs + spanMs / 2;
  const changes = steps.filter((_, at) => (steps[at - (at % 2)] ?? 0) >= middleMs);
  // A value that changes all the time is known at these moments, and was not constant between them.
  if (changes.length >= 2 * MAX_POINTS) {
    return evaluateGrowth(
      changes.filter((_, at) => at % 2 === 0),
      changes.filter((_, at) => at % 2 === 1),
    );
  }
  const inHalf = Math.ceil(readings / 2);
  const strideMs = intervalMs * Math.ceil(inHalf / MAX_POINTS);
  const points = Math.floor(((inHalf - 1) * intervalMs) / strideMs) + 1;
  const times = Array.from({ length: points }, (_, at) => toMs - (points - 1 - at) * strideMs);
  let step = 0;
  const values = times.map((ms) => {
    while (step + 2 < steps.length && (steps[step + 2] ?? 0) <= ms) step += 2;
    return steps[step + 1] ?? 0;
  });
  return evaluateGrowth(times, values);
}
