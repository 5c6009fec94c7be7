/** The points of thinned series. */
import type { Channel, ThinnedSeries } from '../data/thinner.ts';

/** The times of the points. Buckets with a range have two. Unit: seconds. */
export interface Axis {
  seconds: number[];
  /** The bucket of each point, and whether it is the first one of two. */
  buckets: number[];
  isFirst: boolean[];
}

/** The common axis of all series of a run. */
export function axisOf({ fromMs, toMs, channels }: ThinnedSeries): Axis {
  const axis: Axis = { seconds: [], buckets: [], isFirst: [] };
  const all = Object.values(channels);
  for (let index = 0; index < toMs.length; index += 1) {
    const [from, to] = [fromMs[index] as number, toMs[index] as number];
    const hasRange = all.some(({ min, max }) => (max[index] as number) > (min[index] as number));
    if (hasRange) {
      // A maximum between two readings lies between them.
      const before = index === 0 ? from : (toMs[index - 1] as number);
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
    const value = last[bucket] as number;
    return Number.isNaN(value) ? null : value;
  });
}
