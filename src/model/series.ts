/**
 * Time series in constant memory: older data is downsampled while peaks are kept.
 */

/** One column of a chart. */
export interface SeriesColumn {
  min: number;
  max: number;
  last: number;
}

/** The maximum and its time. */
export interface SeriesPeak {
  value: number;
  elapsedMs: number;
}

/** The buckets of one channel; NaN if no reading of a bucket has the channel. */
interface Channel {
  min: Float64Array;
  max: Float64Array;
  last: Float64Array;
  peak: SeriesPeak | undefined;
}

/** Initial capacity in buckets. */
const INITIAL_CAPACITY = 64;

/**
 * Several channels on a common time axis. A bucket holds one reading, or several consecutive ones in the
 * older part: when all buckets are full, those of the older three quarters are merged until at most two
 * thirds of them remain, with the smallest possible maximum time span. The older part therefore keeps an even
 * resolution, and the last quarter is exact.
 */
export class Series {
  readonly channels: readonly string[];
  readonly #capacity: number;
  #from: Float64Array;
  #to: Float64Array;
  readonly #data = new Map<string, Channel>();
  #length = 0;
  /** The maximum time span of a merged bucket. */
  #grainMs = 0;

  /** @param capacity the maximum number of buckets, at least 8. */
  constructor(channels: readonly string[], capacity = 4096) {
    this.channels = channels;
    this.#capacity = Math.max(8, capacity);
    const room = Math.min(this.#capacity, INITIAL_CAPACITY);
    this.#from = new Float64Array(room);
    this.#to = new Float64Array(room);
    for (const channel of channels) {
      this.#data.set(channel, {
        min: new Float64Array(room),
        max: new Float64Array(room),
        last: new Float64Array(room),
        peak: undefined,
      });
    }
  }

  /** Current number of buckets; never exceeds the capacity. */
  get buckets(): number {
    return this.#length;
  }

  /** The times of the first and the last reading; undefined before the first. */
  get range(): { fromMs: number; toMs: number } | undefined {
    if (this.#length === 0) return undefined;
    return { fromMs: at(this.#from, 0), toMs: at(this.#to, this.#length - 1) };
  }

  /** Adds one reading; an absent channel leaves a gap. Times never decrease. */
  add(elapsedMs: number, values: Readonly<Record<string, number | undefined>>): void {
    if (this.#length === this.#capacity) this.#thinOut();
    if (this.#length === this.#from.length) this.#grow();
    const index = this.#length;
    // Times in a damaged recording may decrease.
    const time = index === 0 ? elapsedMs : Math.max(elapsedMs, at(this.#to, index - 1));
    this.#from[index] = time;
    this.#to[index] = time;
    for (const [name, channel] of this.#data) {
      const value = values[name] ?? Number.NaN;
      channel.min[index] = value;
      channel.max[index] = value;
      channel.last[index] = value;
      if (value > (channel.peak?.value ?? Number.NEGATIVE_INFINITY))
        channel.peak = { value, elapsedMs: time };
    }
    this.#length += 1;
  }

  /**
   * The maximum of a channel and the time when it was first reached, exact over the whole run; undefined
   * without readings.
   */
  peak(channel: string): SeriesPeak | undefined {
    return this.#data.get(channel)?.peak;
  }

  /**
   * `count` columns of equal duration from `fromMs` to `toMs`. A value is valid until the next reading;
   * columns before the first and after the last reading, and in gaps, are undefined. In the older part a
   * column includes every bucket that it overlaps.
   */
  columns(channel: string, fromMs: number, toMs: number, count: number): (SeriesColumn | undefined)[] {
    const columns = new Array<SeriesColumn | undefined>(count).fill(undefined);
    const data = this.#data.get(channel);
    if (data === undefined || count === 0) return columns;
    const perColumn = count / (toMs - fromMs);
    for (let index = this.#firstTouching(fromMs); index < this.#length; index += 1) {
      const from = at(this.#from, index);
      if (from > toMs) break;
      const to = at(this.#to, index);
      const last = at(data.last, index);
      if (Number.isNaN(last)) continue;
      const end = to < fromMs ? -1 : columnOf(to, fromMs, perColumn, count);
      if (end >= 0) {
        const min = at(data.min, index);
        const max = at(data.max, index);
        const start = columnOf(from, fromMs, perColumn, count);
        for (let column = start; column <= end; column += 1) widen(columns, column, min, max, last);
      }
      // The value is valid up to the next reading, including the column of that reading unless it starts
      // there.
      const nextMs = index === this.#length - 1 ? to : at(this.#from, index + 1);
      const held = Math.min(count, Math.ceil((nextMs - fromMs) * perColumn)) - 1;
      for (let column = end + 1; column <= held; column += 1) widen(columns, column, last, last, last);
    }
    return columns;
  }

  /** An independent copy. */
  clone(): Series {
    const copy = new Series(this.channels, this.#capacity);
    const length = Math.max(this.#length, 1);
    copy.#from = this.#from.slice(0, length);
    copy.#to = this.#to.slice(0, length);
    copy.#length = this.#length;
    copy.#grainMs = this.#grainMs;
    for (const [name, { min, max, last, peak }] of this.#data) {
      copy.#data.set(name, {
        min: min.slice(0, length),
        max: max.slice(0, length),
        last: last.slice(0, length),
        peak,
      });
    }
    return copy;
  }

  #grow(): void {
    const room = Math.min(this.#capacity, this.#from.length * 2);
    const larger = (array: Float64Array) => {
      const copy = new Float64Array(room);
      copy.set(array);
      return copy;
    };
    this.#from = larger(this.#from);
    this.#to = larger(this.#to);
    for (const channel of this.#data.values()) {
      channel.min = larger(channel.min);
      channel.max = larger(channel.max);
      channel.last = larger(channel.last);
    }
  }

  #thinOut(): void {
    const older = Math.floor((this.#length * 3) / 4);
    const wanted = Math.floor(this.#length / 2);
    if (this.#grainMs === 0) {
      const spanMs = at(this.#to, older - 1) - at(this.#from, 0);
      this.#grainMs = Math.max(spanMs / wanted, Number.MIN_VALUE);
    }
    let kept = this.#merge(older);
    while (kept > wanted) {
      this.#grainMs *= 2;
      kept = this.#merge(kept);
    }
    const recent = this.#length - older;
    this.#move(older, kept, recent);
    this.#length = kept + recent;
  }

  /** Merges neighbours among the first `count` buckets; returns the remaining number. */
  #merge(count: number): number {
    let target = 0;
    for (let index = 1; index < count; index += 1) {
      if (at(this.#to, index) - at(this.#from, target) <= this.#grainMs) this.#absorb(target, index);
      else {
        target += 1;
        this.#copy(index, target);
      }
    }
    return target + 1;
  }

  #absorb(target: number, index: number): void {
    this.#to[target] = at(this.#to, index);
    for (const { min, max, last } of this.#data.values()) {
      const added = at(last, index);
      if (Number.isNaN(added)) continue;
      const isHole = Number.isNaN(at(last, target));
      min[target] = isHole ? at(min, index) : Math.min(at(min, target), at(min, index));
      max[target] = isHole ? at(max, index) : Math.max(at(max, target), at(max, index));
      last[target] = added;
    }
  }

  #copy(from: number, to: number): void {
    this.#from[to] = at(this.#from, from);
    this.#to[to] = at(this.#to, from);
    for (const { min, max, last } of this.#data.values()) {
      min[to] = at(min, from);
      max[to] = at(max, from);
      last[to] = at(last, from);
    }
  }

  #move(from: number, to: number, count: number): void {
    const end = from + count;
    this.#from.copyWithin(to, from, end);
    this.#to.copyWithin(to, from, end);
    for (const { min, max, last } of this.#data.values()) {
      min.copyWithin(to, from, end);
      max.copyWithin(to, from, end);
      last.copyWithin(to, from, end);
    }
  }

  /** The last bucket that starts at or before a time, whose value may still be valid; otherwise the first. */
  #firstTouching(ms: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(this.#from, middle) < ms) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** The value at an index that is known to be in range. */
function at(array: Float64Array, index: number): number {
  return array[index] ?? Number.NaN;
}

/**
 * The column of a time, clamped to the range; the first column if columns have no duration.
 */
function columnOf(ms: number, fromMs: number, perColumn: number, count: number): number {
  const column = Math.floor((ms - fromMs) * perColumn);
  return Number.isNaN(column) ? 0 : Math.min(count - 1, Math.max(0, column));
}

function widen(
  columns: (SeriesColumn | undefined)[],
  index: number,
  min: number,
  max: number,
  last: number,
): void {
  const column = columns[index];
  if (column === undefined) {
    columns[index] = { min, max, last };
    return;
  }
  if (min < column.min) column.min = min;
  if (max > column.max) column.max = max;
  column.last = last;
}
