/** Robust statistics of several runs, since a few runs on a shared machine include outliers. */

/**
 * Factor from the median absolute deviation to the standard deviation of a normal distribution: 1 / Φ⁻¹(3/4).
 */
export const MAD_TO_SIGMA = 1.4826;

/**
 * Modified z-scores above this are outliers. Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers,
 * 1993.
 */
const OUTLIER_SCORE = 3.5;

/** Factor from the mean absolute deviation to the standard deviation: √(π/2). */
const MEAN_DEVIATION_TO_SIGMA = 1.2533;

/**
 * If more than half of the values are equal, values this close to the median are not outliers. Share of the
 * median.
 */
const NEGLIGIBLE = 0.01;

/** Number of bootstrap resamples: 25 of them are beyond each bound of a 95 % interval. */
const RESAMPLES = 1000;

/** The median; undefined without values. */
export function median(values: readonly number[]): number | undefined {
  return quantile(values, 0.5);
}

/**
 * The quantile for a share from 0 to 1, interpolated linearly between the two nearest values: type 7 of
 * Hyndman and Fan, the default of R and NumPy. Undefined without values.
 */
export function quantile(values: readonly number[], share: number): number | undefined {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    share,
  );
}

function quantileOfSorted(sorted: ArrayLike<number>, share: number): number | undefined {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) return undefined;
  return low + (high - low) * (at - Math.floor(at));
}

/**
 * The median absolute deviation from the median, unscaled (multiply by `MAD_TO_SIGMA` for a standard
 * deviation). Undefined without values.
 */
export function medianAbsoluteDeviation(values: readonly number[]): number | undefined {
  const middle = median(values);
  return middle === undefined ? undefined : median(values.map((value) => Math.abs(value - middle)));
}

/**
 * The indices of outliers: those with a modified z-score, `(x - median) / (1.4826 MAD)`, above 3.5. If more
 * than half of the values are equal (MAD 0), the mean absolute deviation is used instead, and values within 1
 * % of the median are not outliers.
 */
export function outlierIndices(values: readonly number[]): number[] {
  const middle = median(values) ?? 0;
  const deviations = values.map((value) => Math.abs(value - middle));
  const mad = median(deviations) ?? 0;
  const mean = deviations.reduce((sum, each) => sum + each, 0) / Math.max(1, deviations.length);
  const sigma = mad > 0 ? mad * MAD_TO_SIGMA : mean * MEAN_DEVIATION_TO_SIGMA;
  const least = Math.max(OUTLIER_SCORE * sigma, mad > 0 ? 0 : NEGLIGIBLE * Math.abs(middle));
  return deviations.flatMap((deviation, index) => (deviation > least ? [index] : []));
}

/**
 * A generator of numbers from 0 (included) to 1: the same seed gives the same numbers. Source: mulberry32 by
 * T. Ettinger.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The 95 % bootstrap percentile interval of `median(now) - median(base)`. Deterministic: the same values
 * yield the same interval. Undefined if either side has no values.
 */
export function medianDifferenceInterval(
  base: readonly number[],
  now: readonly number[],
  seed = 1,
): [low: number, high: number] | undefined {
  const [firstBase, firstNow] = [base[0], now[0]];
  if (firstBase === undefined || firstNow === undefined) return undefined;
  if (base.every((value) => value === firstBase) && now.every((value) => value === firstNow)) {
    return [firstNow - firstBase, firstNow - firstBase];
  }
  const random = seededRandom(seed);
  const [scratchBase, scratchNow] = [new Float64Array(base.length), new Float64Array(now.length)];
  const differences = new Float64Array(RESAMPLES);
  for (let at = 0; at < RESAMPLES; at += 1) {
    differences[at] = resampledMedian(now, scratchNow, random) - resampledMedian(base, scratchBase, random);
  }
  differences.sort();
  return [quantileOfSorted(differences, 0.025) ?? 0, quantileOfSorted(differences, 0.975) ?? 0];
}

function resampledMedian(values: readonly number[], scratch: Float64Array, random: () => number): number {
  for (let at = 0; at < scratch.length; at += 1) {
    const value = values[Math.floor(random() * values.length)] ?? 0;
    // Insertion sort while filling: the fastest method for a handful of values.
    let slot = at;
    while (slot > 0 && (scratch[slot - 1] ?? 0) > value) {
      scratch[slot] = scratch[slot - 1] ?? 0;
      slot -= 1;
    }
    scratch[slot] = value;
  }
  return quantileOfSorted(scratch, 0.5) ?? 0;
}
