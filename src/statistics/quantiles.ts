/**
 * Percentiles in constant memory: exact at first, later with a small relative error.
 */

/** Number of values that are stored exactly. */
const EXACT_VALUES = 100_000;
/** Relative error of values beyond that. */
const RELATIVE_ERROR = 0.005;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Smaller magnitudes count as 0: percentages have a resolution of a thousandth. */
const MIN_VALUE = 0.001;
/** One bin per power of GAMMA from there to 2^53. */
const BINS = Math.ceil(Math.log(2 ** 53 / MIN_VALUE) / LOG_GAMMA) + 2;

/**
 * Accepts values one by one. Percentiles are exact up to 100,000 values; beyond that, values are counted in
 * bins that are 1 % wide (a DDSketch), and a percentile has a relative error of at most 0.5 %; counts below
 * 100 stay exact.
 */
export class Quantiles {
  #exact = new Float64Array(1024);
  #sorted = true;
  #count = 0;
  #bins: { above: Float64Array; zero: number; below: Float64Array } | undefined;

  add(value: number): void {
    if (this.#bins !== undefined) this.#addToBins(value);
    else if (this.#count === EXACT_VALUES) {
      this.#toBins();
      this.#addToBins(value);
    } else {
      if (this.#count === this.#exact.length) this.#grow();
      this.#exact[this.#count] = value;
      this.#sorted = false;
    }
    this.#count += 1;
  }

  /**
   * The quantile for a share from 0 to 1, interpolated linearly between the two nearest values; undefined
   * without values.
   */
  at(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const place = (this.#count - 1) * share;
    const low = this.#ranked(Math.floor(place) + 1);
    const high = this.#ranked(Math.ceil(place) + 1);
    return low + (high - low) * (place - Math.floor(place));
  }

  /** The value at a 1-based rank. */
  #ranked(rank: number): number {
    if (this.#bins !== undefined) return this.#rankedInBins(rank, this.#bins);
    if (!this.#sorted) {
      this.#exact.subarray(0, this.#count).sort();
      this.#sorted = true;
    }
    return this.#exact[rank - 1] ?? 0;
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(EXACT_VALUES, this.#exact.length * 4));
    larger.set(this.#exact);
    this.#exact = larger;
  }

  #toBins(): void {
    this.#bins = { above: new Float64Array(BINS), zero: 0, below: new Float64Array(BINS) };
    for (const value of this.#exact) this.#addToBins(value);
    this.#exact = new Float64Array(0);
  }

  #addToBins(value: number): void {
    const bins = this.#bins;
    if (bins === undefined) return;
    const magnitude = Math.abs(value);
    if (magnitude < MIN_VALUE) bins.zero += 1;
    else {
      const side = value > 0 ? bins.above : bins.below;
      const bin = Math.min(BINS - 1, Math.ceil(Math.log(magnitude / MIN_VALUE) / LOG_GAMMA));
      side[bin] = (side[bin] ?? 0) + 1;
    }
  }

  #rankedInBins(
    rank: number,
    { above, zero, below }: { above: Float64Array; zero: number; below: Float64Array },
  ) {
    let left = rank;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      left -= below[bin] ?? 0;
      if (left <= 0) return -middleOf(bin);
    }
    left -= zero;
    if (left <= 0) return 0;
    for (let bin = 0; bin < BINS; bin++) {
      left -= above[bin] ?? 0;
      if (left <= 0) return middleOf(bin);
    }
    return middleOf(BINS - 1);
  }
}

/** Within RELATIVE_ERROR of every value in the bin; a whole number if the bin contains only one. */
function middleOf(bin: number): number {
  const upper = MIN_VALUE * GAMMA ** bin;
  const whole = Math.round(upper / Math.sqrt(GAMMA));
  const isAlone = whole > upper / GAMMA && whole <= upper && upper - upper / GAMMA < 1;
  return isAlone ? whole : (2 * upper) / (GAMMA + 1);
}
