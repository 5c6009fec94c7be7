/** Thins time series to a bounded number of points; minima and maxima are kept. */

/** One thinned channel. NaN where no reading of a bucket has a value. */
export interface Channel {
  min: Float64Array;
  max: Float64Array;
  last: Float64Array;
  /** 1 where the maximum came after the minimum. */
  late: Uint8Array;
}

/** Thinned channels on a common time axis: the times of the first and the last reading of each bucket. */
export interface ThinnedSeries {
  /** Unit: milliseconds since the launch. */
  fromMs: Float64Array;
  toMs: Float64Array;
  channels: Record<string, Channel>;
}

/** The highest value; undefined if none is known. */
export function highestOf(values: Float64Array | undefined): number | undefined {
  let highest: number | undefined;
  for (const value of values ?? []) if (value > (highest ?? -1)) highest = value;
  return highest;
}

/** Whether a series has a value other than 0. */
export function hasValues(values: Float64Array): boolean {
  return values.some((value) => value > 0);
}

/** Two points for each bucket: at most 4,000 points. */
export const MAX_BUCKETS = 2000;

/**
 * Buckets with the same number of readings each; when all are full, neighbours are merged. Memory does not
 * grow with the number of readings.
 */
export class Thinner {
  readonly #names: readonly string[];
  readonly #capacity: number;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #channels: Channel[];
  #length = 0;
  /** Readings of a full bucket. */
  #stride = 1;
  /** Readings of the last bucket. */
  #filled = 0;

  /** @param capacity the maximum number of buckets, even. */
  constructor(names: readonly string[], capacity = MAX_BUCKETS) {
    this.#names = names;
    this.#capacity = capacity;
    this.#from = new Float64Array(capacity);
    this.#to = new Float64Array(capacity);
    this.#channels = names.map(() => ({
      min: new Float64Array(capacity),
      max: new Float64Array(capacity),
      last: new Float64Array(capacity),
      late: new Uint8Array(capacity),
    }));
  }

  /**
   * Adds a reading, in the order of the names; NaN for an absent value. `highs` are the maxima since the
   * previous reading, at least the values.
   */
  add(elapsedMs: number, values: ArrayLike<number>, highs: ArrayLike<number> = values): void {
    if (this.#length === 0 || this.#filled >= this.#stride) this.#open(elapsedMs);
    const index = this.#length - 1;
    // Times in a damaged recording may decrease.
    this.#to[index] = Math.max(elapsedMs, this.#to[index] ?? elapsedMs);
    this.#filled += 1;
    for (let each = 0; each < this.#channels.length; each += 1) {
      const value = values[each] ?? Number.NaN;
      if (!Number.isNaN(value)) absorb(this.#channels[each] as Channel, index, value, highs[each] ?? value);
    }
  }

  /** The next reading does not continue the previous one: it starts a bucket. */
  cut(): void {
    this.#filled = this.#stride;
  }

  /** A copy of what was added. */
  finish(): ThinnedSeries {
    const length = this.#length;
    const channels: Record<string, Channel> = {};
    for (const [index, name] of this.#names.entries()) {
      const { min, max, last, late } = this.#channels[index] as Channel;
      channels[name] = {
        min: min.slice(0, length),
        max: max.slice(0, length),
        last: last.slice(0, length),
        late: late.slice(0, length),
      };
    }
    return { fromMs: this.#from.slice(0, length), toMs: this.#to.slice(0, length), channels };
  }

  #open(elapsedMs: number): void {
    if (this.#length === this.#capacity) this.#halve();
    const index = this.#length;
    const before = index === 0 ? elapsedMs : (this.#to[index - 1] ?? elapsedMs);
    this.#from[index] = Math.max(elapsedMs, before);
    this.#to[index] = this.#from[index] ?? elapsedMs;
    for (const { min, max, last, late } of this.#channels) {
      min[index] = Number.NaN;
      max[index] = Number.NaN;
      last[index] = Number.NaN;
      late[index] = 0;
    }
    this.#length += 1;
    this.#filled = 0;
  }

  #halve(): void {
    const half = this.#length / 2;
    for (let index = 0; index < half; index += 1) {
      this.#from[index] = this.#from[2 * index] as number;
      this.#to[index] = this.#to[2 * index + 1] as number;
      for (const channel of this.#channels) mergePair(channel, index);
    }
    this.#length = half;
    this.#stride *= 2;
  }
}

/** `high` was reached before `value` was read. */
function absorb({ min, max, last, late }: Channel, index: number, value: number, high: number): void {
  if (Number.isNaN(last[index])) {
    min[index] = value;
    max[index] = high;
  } else {
    if (high > (max[index] as number)) {
      max[index] = high;
      late[index] = 1;
    }
    if (value < (min[index] as number)) {
      min[index] = value;
      late[index] = 0;
    }
  }
  last[index] = value;
}

/** Merges the buckets 2 i and 2 i + 1 into bucket i. */
function mergePair({ min, max, last, late }: Channel, index: number): void {
  const [a, b] = [2 * index, 2 * index + 1];
  if (Number.isNaN(last[b])) {
    min[index] = min[a] as number;
    max[index] = max[a] as number;
    last[index] = last[a] as number;
    late[index] = late[a] as number;
    return;
  }
  const isFirst = Number.isNaN(last[a]);
  const isMaxLater = isFirst || (max[b] as number) > (max[a] as number);
  const isMinLater = isFirst || (min[b] as number) < (min[a] as number);
  const order = isMaxLater === isMinLater ? (late[isMaxLater ? b : a] as number) : Number(isMaxLater);
  max[index] = max[isMaxLater ? b : a] as number;
  min[index] = min[isMinLater ? b : a] as number;
  last[index] = last[b] as number;
  late[index] = order;
}
