/** The points of thinned series. */
import type { Channel, ThinnedSeries } from '../data/thinner.ts';

/** The times of the points. Buckets with a range have two. Unit: seconds. */
export interface Axis {
  seconds: number[];
  /** The bucket of each point, -1 for a gap, and whether it is the first one of two. */
  buckets: number[];
  isFirst: boolean[];
}

/**
 * The common axis of all series of a run. Where another cgroup is measured from a time in `cuts` on
 * (ascending), there is a gap: figures do not continue across it. Unit: milliseconds.
 */
export function axisOf({ fromMs, toMs, channels }: ThinnedSeries, cuts: readonly number[] = []): Axis {
  const axis: Axis = { seconds: [], buckets: [], isFirst: [] };
  const all = Object.values(channels);
  let nextCut = 0;
  for (let index = 0; index < toMs.length; index += 1) {
    const [from, to] = [fromMs[index] as number, toMs[index] as number];
    const firstCut = nextCut;
    while ((cuts[nextCut] ?? Number.POSITIVE_INFINITY) <= from) nextCut += 1;
    if (nextCut > firstCut && index > 0) push(axis, ((toMs[index - 1] as number) + from) / 2, -1, false);
    const hasRange = all.some(({ min, max }) => (max[index] as number) > (min[index] as number));
    if (hasRange) {
      // A maximum between two readings lies between them.
      const before = index === 0 || axis.buckets.at(-1) === -1 ? from : (toMs[index - 1] as number);
      push(axis, from < to ? from : (before + from) / 2, index, true);
    }
    push(axis, to, index, false);
  }
  return axis;
}

function push({ seconds, buckets, isFirst }: Axis, ms: number, bucket: number, first: boolean): void {
  seconds.push(ms / 1000);
  buckets.push(bucket);
  isFirst.push(first);
}

/** The values of one series at the points of the axis; null without a reading. */
export function pointsOf({ buckets, isFirst }: Axis, { min, max, late }: Channel): (number | null)[] {
  return buckets.map((bucket, at) => {
    if (bucket < 0) return null;
    const hasTwo = isFirst[at] === true || isFirst[at - 1] === true;
    // A single point has no range.
    const isMax = hasTwo && (late[bucket] === 1) !== (isFirst[at] === true);
    const value = (isMax ? max : hasTwo ? min : max)[bucket] as number;
    return Number.isNaN(value) ? null : value;
  });
}

/** The last values at the points of the axis, which add up within one reading. */
export function levelsOf({ buckets }: Axis, { last }: Channel): (number | null)[] {
  return buckets.map((bucket) => {
    if (bucket < 0) return null;
    const value = last[bucket] as number;
    return Number.isNaN(value) ? null : value;
  });
}
