/** Estimates how fast a figure grows, with a confidence interval. */
import { MAD_TO_SIGMA } from './statistics.ts';

/** With fewer readings, growth is undefined. */
export const GROWTH_MIN_READINGS = 10;
/** In a shorter run, growth is undefined. */
export const GROWTH_MIN_MS = 5000;

/** Maximum number of stored readings; older ones are merged in pairs. */
const CAPACITY = 8192;
/** Number of points between which all pairwise slopes are computed. */
const MAX_POINTS = 400;
/**
 * One-sided; a flat series is reported as growing in about 1 of 10,000 cases, including the inefficiency of
 * the slope estimator.
 */
const NORMAL_QUANTILE = 4;
/**
 * Residuals are clipped at this many deviations, for at most this many consecutive points: a spike must not
 * hide a leak.
 */
const CLIP_DEVIATIONS = 3;
const SPIKE_POINTS = 3;
const MINUTE_MS = 60_000;

/** Unit: that of the readings, per minute. */
export interface Growth {
  /** The estimated slope. */
  slope: number;
  /** The bound of the slope's confidence interval that is closer to 0; 0 if the interval contains 0. */
  certain: number;
}

/** The estimated slope, 0 if the interval contains 0: what is shown to people. Undefined if it is unknown. */
export function shownGrowth(growth: Growth | undefined): number | undefined {
  return growth?.certain === 0 ? 0 : growth?.slope;
}

/** Accepts readings one by one; `growth()` may be called at any time. */
export class GrowthReadings {
  readonly #capacity: number;
  readonly #ms: Float64Array;
  readonly #values: Float64Array;
  #length = 0;
  /** Number of readings averaged in one entry. */
  #merged = 1;
  #pendingCount = 0;
  #pendingMs = 0;
  #pendingValue = 0;
  #count = 0;
  /** The result for the readings so far, computed on request. */
  #growth: Growth | undefined;

  /** `capacity`: the number of stored readings, which is even. */
  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
    this.#ms = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  /** An independent copy. */
  clone(): GrowthReadings {
    const copy = new GrowthReadings(this.#capacity);
    copy.#ms.set(this.#ms);
    copy.#values.set(this.#values);
    copy.#length = this.#length;
    copy.#merged = this.#merged;
    copy.#pendingCount = this.#pendingCount;
    copy.#pendingMs = this.#pendingMs;
    copy.#pendingValue = this.#pendingValue;
    copy.#count = this.#count;
    return copy;
  }

  add(elapsedMs: number, value: number): void {
    this.#growth = undefined;
    this.#count += 1;
    this.#pendingMs += elapsedMs;
    this.#pendingValue += value;
    this.#pendingCount += 1;
    if (this.#pendingCount < this.#merged) return;
    if (this.#length === this.#capacity) this.#mergePairs();
    this.#ms[this.#length] = this.#pendingMs / this.#pendingCount;
    this.#values[this.#length] = this.#pendingValue / this.#pendingCount;
    this.#length += 1;
    this.#pendingMs = 0;
    this.#pendingValue = 0;
    this.#pendingCount = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Time from the first reading to the last. */
  get spanMs(): number {
    return this.#length === 0 ? 0 : (this.#ms[this.#length - 1] ?? 0) - (this.#ms[0] ?? 0);
  }

  /** Growth over the second half of the time; undefined with too few readings or in too short a run. */
  growth(): Growth | undefined {
    this.#growth ??= this.#evaluate();
    return this.#growth;
  }

  #evaluate(): Growth | undefined {
    if (this.#count < GROWTH_MIN_READINGS || this.spanMs < GROWTH_MIN_MS) return undefined;
    const middleMs = (this.#ms[0] ?? 0) + this.spanMs / 2;
    let from = 0;
    while (from < this.#length && (this.#ms[from] ?? 0) < middleMs) from += 1;
    const points = thin(this.#ms.subarray(from, this.#length), this.#values.subarray(from, this.#length));
    return points.ms.length < GROWTH_MIN_READINGS / 2 ? undefined : evaluateGrowth(points.ms, points.values);
  }

  #mergePairs(): void {
    for (let at = 0; at < this.#capacity / 2; at++) {
      this.#ms[at] = ((this.#ms[2 * at] ?? 0) + (this.#ms[2 * at + 1] ?? 0)) / 2;
      this.#values[at] = ((this.#values[2 * at] ?? 0) + (this.#values[2 * at + 1] ?? 0)) / 2;
    }
    this.#length = this.#capacity / 2;
    this.#merged *= 2;
    // The reading that caused the overflow is the first half of an entry of the new size.
  }
}

/** At most MAX_POINTS points, each the mean of the same number of consecutive readings. */
function thin(ms: Float64Array, values: Float64Array): { ms: Float64Array; values: Float64Array } {
  const each = Math.ceil(ms.length / MAX_POINTS);
  if (each <= 1) return { ms, values };
  const length = Math.floor(ms.length / each);
  const thinned = { ms: new Float64Array(length), values: new Float64Array(length) };
  for (let point = 0; point < length; point++) {
    for (let at = point * each; at < (point + 1) * each; at++) {
      thinned.ms[point] = (thinned.ms[point] ?? 0) + (ms[at] ?? 0) / each;
      thinned.values[point] = (thinned.values[point] ?? 0) + (values[at] ?? 0) / each;
    }
  }
  return thinned;
}

/**
 * The median of all pairwise slopes (Theil-Sen), which is robust to single spikes, and its confidence
 * interval: based on the deviation of the residuals, and widened if consecutive residuals are correlated,
 * because there are fewer independent readings then (sawtooth of a garbage collector, caches that fill).
 */
export function evaluateGrowth(ms: ArrayLike<number>, values: ArrayLike<number>): Growth {
  const count = ms.length;
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let pair = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const apartMs = at(ms, j) - at(ms, i);
      if (apartMs <= 0) continue;
      slopes[pair] = (at(values, j) - at(values, i)) / apartMs;
      pair += 1;
    }
  }
  const slope = medianOf(slopes.subarray(0, pair));
  const error = errorOf(ms, values, slope);
  const certain = Math.abs(slope) <= error ? 0 : slope - Math.sign(slope) * error;
  return { slope: slope * MINUTE_MS, certain: certain * MINUTE_MS };
}

/** Half the width of the interval. */
function errorOf(ms: ArrayLike<number>, values: ArrayLike<number>, slope: number): number {
  const count = ms.length;
  const residuals = Float64Array.from({ length: count }, (_, i) => at(values, i) - slope * at(ms, i));
  const middle = medianOf(residuals.slice());
  for (let i = 0; i < count; i++) residuals[i] = at(residuals, i) - middle;
  clipSpikes(residuals);
  let meanMs = 0;
  for (let i = 0; i < count; i++) meanMs += at(ms, i) / count;
  let squares = 0;
  let neighbours = 0;
  let spreadMs = 0;
  for (let i = 0; i < count; i++) {
    squares += at(residuals, i) ** 2;
    if (i > 0) neighbours += at(residuals, i) * at(residuals, i - 1);
    spreadMs += (at(ms, i) - meanMs) ** 2;
  }
  if (squares === 0 || spreadMs === 0) return 0;
  const alike = alikeness(neighbours / squares, count);
  const fewer = (1 + alike) / (1 - alike);
  const freedom = Math.max(2, count / fewer - 2);
  // The first correction term of Student's quantile relative to the normal one.
  const quantile = NORMAL_QUANTILE * (1 + (NORMAL_QUANTILE ** 2 + 1) / (4 * freedom));
  return quantile * Math.sqrt(((squares / (count - 2)) * fewer) / spreadMs);
}

/**
 * The autocorrelation of consecutive residuals, corrected for the bias of detrending few points; 0 if it may
 * be due to chance.
 */
function alikeness(correlation: number, count: number): number {
  if (correlation <= 2 / Math.sqrt(count)) return 0;
  return Math.min(0.98, correlation + (2 + 4 * correlation) / count);
}

/**
 * Longer excursions are not spikes: the level after a garbage collection contradicts the slope of a sawtooth.
 */
function clipSpikes(residuals: Float64Array): void {
  const deviation = MAD_TO_SIGMA * medianOf(residuals.map(Math.abs));
  // More than half of them are equal: the deviation is 0.
  if (deviation === 0) return;
  const most = CLIP_DEVIATIONS * deviation;
  for (let from = 0; from < residuals.length; from++) {
    let to = from;
    while (to < residuals.length && Math.abs(at(residuals, to)) > most) to += 1;
    if (to - from > SPIKE_POINTS) from = to;
    for (let i = from; i < to; i++) residuals[i] = most * Math.sign(at(residuals, i));
  }
}

/** Sorts in place. */
function medianOf(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? at(values, middle) : (at(values, middle - 1) + at(values, middle)) / 2;
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? 0;
}
