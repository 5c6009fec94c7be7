/** The points of many series in one pass over a recording, to be read series by series. */
import type { Scratch } from './export-format.ts';

/** Points that are kept in memory at most. */
const DEFAULT_SEGMENT_POINTS = 2 ** 19;

/** The points of one series in one segment, in the order in which they were added. */
export interface Points {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Points of a segment, sorted by series: those of `series[i]` are from `starts[i]` to `starts[i + 1]`. */
interface Segment {
  readonly series: Uint32Array;
  readonly starts: Uint32Array;
  readonly points: number;
  /** Absent if they are in memory. */
  readonly offset?: number;
  readonly kept?: Points;
}

/**
 * Memory: 20 bytes a point of one segment, the same again while it is sorted, and 8 for each series in each.
 */
export class PointStore {
  readonly #scratch: Scratch;
  readonly #segmentPoints: number;
  readonly #segments: Segment[] = [];
  #series: Uint32Array;
  #times: Float64Array;
  #values: Float64Array;
  #length = 0;

  /** `scratch` receives full segments. */
  constructor(scratch: Scratch, segmentPoints = DEFAULT_SEGMENT_POINTS) {
    this.#scratch = scratch;
    this.#segmentPoints = segmentPoints;
    this.#series = new Uint32Array(segmentPoints);
    this.#times = new Float64Array(segmentPoints);
    this.#values = new Float64Array(segmentPoints);
  }

  /** Adds a point to a series, which is a number from 0 on. */
  add(series: number, time: number, value: number): void {
    if (this.#length === this.#segmentPoints) this.#spill();
    this.#series[this.#length] = series;
    this.#times[this.#length] = time;
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** The points of a series; no more can be added then. */
  *read(series: number): Generator<Points> {
    this.#keepRest();
    for (const segment of this.#segments) {
      const index = findIndex(segment.series, series);
      if (index < 0) continue;
      yield this.#slice(segment, segment.starts[index] ?? 0, segment.starts[index + 1] ?? 0);
    }
  }

  #slice({ kept, offset = 0, points }: Segment, from: number, to: number): Points {
    if (kept !== undefined) {
      return { times: kept.times.subarray(from, to), values: kept.values.subarray(from, to) };
    }
    const [times, values] = [new Float64Array(to - from), new Float64Array(to - from)];
    this.#scratch.read(bytesOf(times), offset + from * 8);
    this.#scratch.read(bytesOf(values), offset + (points + from) * 8);
    return { times, values };
  }

  #spill(): void {
    const { kept, ...segment } = this.#sort();
    const offset = this.#scratch.append(bytesOf(kept.times));
    this.#scratch.append(bytesOf(kept.values));
    this.#segments.push({ ...segment, offset });
    this.#length = 0;
  }

  #keepRest(): void {
    if (this.#length === 0) return;
    this.#segments.push(this.#sort());
    this.#length = 0;
    this.#series = new Uint32Array(0);
    this.#times = new Float64Array(0);
    this.#values = new Float64Array(0);
  }

  /** A counting sort keeps the order within a series. */
  #sort(): Segment & { kept: Points } {
    const points = this.#length;
    let last = 0;
    for (let at = 0; at < points; at += 1) last = Math.max(last, this.#series[at] ?? 0);
    const next = new Uint32Array(last + 2);
    for (let at = 0; at < points; at += 1) {
      const index = (this.#series[at] ?? 0) + 1;
      next[index] = (next[index] ?? 0) + 1;
    }
    const present: number[] = [];
    for (let series = 0; series <= last; series += 1) {
      if ((next[series + 1] ?? 0) > 0) present.push(series);
      next[series + 1] = (next[series + 1] ?? 0) + (next[series] ?? 0);
    }
    const starts = Uint32Array.from([...present.map((series) => next[series] ?? 0), points]);
    const [times, values] = [new Float64Array(points), new Float64Array(points)];
    for (let at = 0; at < points; at += 1) {
      const series = this.#series[at] ?? 0;
      const to = next[series] ?? 0;
      next[series] = to + 1;
      times[to] = this.#times[at] ?? 0;
      values[to] = this.#values[at] ?? 0;
    }
    return { series: Uint32Array.from(present), starts, points, kept: { times, values } };
  }
}

/** The index of a number in an ascending list; below 0 if it is not there. */
function findIndex(list: Uint32Array, wanted: number): number {
  let [low, high] = [0, list.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = list[middle] ?? 0;
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
