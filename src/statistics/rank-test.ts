/**
 * The Mann-Whitney rank test (Wilcoxon rank sum): whether two sets of values differ in location. It assumes
 * no distribution, and an outlier only counts by its rank.
 */

/** Up to this number of values in total the p-value is exact. */
const EXACT_UP_TO = 20;

/** The result of the test. */
export interface RankTest {
  /** Pairs in which the second set's value is larger, ties counted half. */
  u: number;
  /** Two-sided. */
  p: number;
  /** The smallest p possible for this number of values and ties. */
  smallestP: number;
}

/** Compares two sets of values; undefined if either is empty. */
export function rankTest(first: readonly number[], second: readonly number[]): RankTest | undefined {
  const [n, m] = [first.length, second.length];
  if (n === 0 || m === 0) return undefined;
  const { ranks, tieSizes } = doubledRanks([...first, ...second]);
  const doubledSum = ranks.slice(n).reduce((sum, rank) => sum + rank, 0);
  const u = (doubledSum - m * (m + 1)) / 2;
  if (tieSizes.length === 1) return { u, p: 1, smallestP: 1 };
  const isSmall = n <= EXACT_UP_TO && m <= EXACT_UP_TO;
  return isSmall ? { u, ...exactP(ranks, m, doubledSum) } : { u, ...normalP(u, n, m, tieSizes) };
}

/**
 * Twice the ranks of the values, so that mean ranks of ties are whole numbers; and the sizes of groups of
 * ties.
 */
function doubledRanks(values: readonly number[]): { ranks: number[]; tieSizes: number[] } {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length).fill(0);
  const tieSizes: number[] = [];
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] ?? 0] === values[order[from] ?? 0]) to += 1;
    for (const index of order.slice(from, to + 1)) ranks[index] = from + to + 2;
    tieSizes.push(to - from + 1);
    from = to + 1;
  }
  return { ranks, tieSizes };
}

/**
 * Exact: counts the ways to draw `size` of the ranks whose sum is at least as far from the mean. Ties need no
 * correction because their mean ranks are drawn. At most C(40, 20) ways, which a double represents exactly.
 */
function exactP(ranks: readonly number[], size: number, sum: number): { p: number; smallestP: number } {
  const ways = waysBySum(ranks, size);
  const mean = (size * ranks.reduce((total, rank) => total + rank, 0)) / ranks.length;
  // Sums are whole numbers but the mean may not be: half a unit avoids rounding errors.
  const distance = Math.abs(sum - mean) - 1e-6;
  let [all, asFar, farthest, waysFarthest] = [0, 0, -1, 0];
  ways.forEach((count, each) => {
    if (count === 0) return;
    all += count;
    const away = Math.abs(each - mean);
    if (away >= distance) asFar += count;
    if (away > farthest + 1e-6) [farthest, waysFarthest] = [away, count];
    else if (away > farthest - 1e-6) waysFarthest += count;
  });
  return { p: asFar / all, smallestP: waysFarthest / all };
}

function waysBySum(ranks: readonly number[], size: number): Float64Array {
  const most = ranks
    .toSorted((a, b) => b - a)
    .slice(0, size)
    .reduce((sum, rank) => sum + rank, 0);
  const bySize = Array.from({ length: size + 1 }, () => new Float64Array(most + 1));
  const [none] = bySize;
  if (none !== undefined) none[0] = 1;
  for (const rank of ranks) {
    for (let drawn = size; drawn > 0; drawn -= 1) {
      const [before, after] = [bySize[drawn - 1], bySize[drawn]];
      if (before === undefined || after === undefined) continue;
      for (let sum = most; sum >= rank; sum -= 1) after[sum] = (after[sum] ?? 0) + (before[sum - rank] ?? 0);
    }
  }
  return bySize[size] ?? new Float64Array();
}

/** Normal approximation, corrected for ties and continuity. */
function normalP(
  u: number,
  n: number,
  m: number,
  tieSizes: readonly number[],
): { p: number; smallestP: number } {
  const all = n + m;
  const ties = tieSizes.reduce((sum, size) => sum + (size ** 3 - size), 0);
  const sigma = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  const pOf = (distance: number) => Math.min(1, 2 * upperTail(Math.max(0, distance - 0.5) / sigma));
  return { p: pOf(Math.abs(u - (n * m) / 2)), smallestP: pOf((n * m) / 2) };
}

/**
 * The upper tail probability of the normal distribution at `z` >= 0. Relative error below 1.2e-7.
 * Source: erfc by a Chebyshev fit, Press et al., Numerical Recipes, 2nd ed., section 6.2.
 */
function upperTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const polynomial = coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  return (t * Math.exp(-x * x + polynomial)) / 2;
}
