/** Estimates how much two sets of runs of one program differ by chance. */
import { unitOfMetric } from '../../model/figures.ts';
import { MAD_TO_SIGMA, medianAbsoluteDeviation } from '../../statistics/statistics.ts';
import type { RunHost } from './run-figures.ts';

/** With fewer runs on a side, its spread is unknown. */
export const MIN_RUNS_FOR_SPREAD = 3;

/**
 * A CPU flushes its charges and counters when they reach this number of pages. Source: MEMCG_CHARGE_BATCH.
 */
const BATCH_PAGES = 64;

/** The assumed host of a summary, since summaries do not describe the host. */
const USUAL_HOST = { cpus: 2, pageSizeBytes: 4096 };

/**
 * Assumed difference between single runs of one program: with a spread of 1 %, 2 of 100 runs differ more.
 * Share of the larger value.
 */
const ASSUMED_SHARE = 0.03;

/**
 * The same for figures that include page cache: how much of it is charged to the run depends on the machine,
 * and a spread of 14 % is common.
 */
const ASSUMED_SHARE_OF_CACHE = 0.4;

const HAS_PAGE_CACHE =
  /^(current|peak|workingset|file|file_.*|(in)?active_file|mapped_file|cache|dirty|writeback)$/;

/** Figures that are exact counts: they have no assumed spread. */
const EXACT = /^(bpf|bpf\..*|bpf\.map:.*|processes|oom_kill)$/;

/** The ratio of the standard error of a median to that of a mean: √(π/2). */
const MEDIAN_TO_MEAN_ERROR = 1.2533;

/** The data of one metric on one side. */
export interface MeasuredSide {
  values: readonly number[];
  host: RunHost | undefined;
}

/**
 * The difference of medians that may be due to chance. Unit: that of the metric.
 * - Fewer than 3 runs on both sides: an assumption. 3 % (40 % with page cache) plus what CPUs have not
 * flushed, 64 pages each. 0 for BPF objects and counts of processes.
 * - 3 runs or more on one side: additionally its spread, as far as a further run may deviate.
 * - On both sides: from both spreads, at least 64 pages. `isTested` means that a rank test also guards
 * against chance: then the bound is 95 % and robust to outliers, otherwise 99 % and not robust.
 */
export function noiseOf(metric: string, base: MeasuredSide, now: MeasuredSide, isTested: boolean): number {
  // A named metric that no run has.
  if (base.values.length + now.values.length === 0) return 0;
  const floor = floorOf(metric, [base, now]);
  const spread = [base, now].filter(({ values }) => values.length >= MIN_RUNS_FOR_SPREAD);
  if (spread.length === 2) {
    const freedom = base.values.length + now.values.length - 2;
    const error = Math.hypot(...spread.map(({ values }) => medianError(values, isTested)));
    return Math.max(floor.batchBytes, error * studentQuantile(isTested ? Z_95 : Z_99, freedom));
  }
  const [known] = spread;
  if (known === undefined) return floor.assumed;
  const { values } = known;
  const beyond = sigmaOf(values, false) * studentQuantile(Z_99, values.length - 1);
  return Math.max(floor.assumed, beyond * Math.sqrt(1 + 1 / values.length));
}

function floorOf(metric: string, sides: readonly MeasuredSide[]): { batchBytes: number; assumed: number } {
  const name = metric.replace(/\.avg$/, '');
  if (EXACT.test(name)) return { batchBytes: 0, assumed: 0 };
  const largest = Math.max(...sides.flatMap(({ values }) => values.map(Math.abs)));
  const share = HAS_PAGE_CACHE.test(name) ? ASSUMED_SHARE_OF_CACHE : ASSUMED_SHARE;
  if (unitOfMetric(name) === 'count') return { batchBytes: 0, assumed: Math.ceil(largest * share) };
  const hosts = sides.map(({ host }) => host ?? USUAL_HOST);
  const batchBytes = Math.max(...hosts.map(({ pageSizeBytes }) => BATCH_PAGES * pageSizeBytes));
  const ofAllCpus = Math.max(...hosts.map(({ cpus, pageSizeBytes }) => BATCH_PAGES * pageSizeBytes * cpus));
  return { batchBytes, assumed: Math.ceil(ofAllCpus + largest * share) };
}

function medianError(values: readonly number[], isRobust: boolean): number {
  return (sigmaOf(values, isRobust) * MEDIAN_TO_MEAN_ERROR) / Math.sqrt(values.length);
}

/** The standard deviation estimated from the MAD; if not robust, the ordinary one if larger. */
function sigmaOf(values: readonly number[], isRobust: boolean): number {
  const count = values.length;
  // Of few values the MAD comes out too small. Source: Croux and Rousseeuw 1992, for more than 9 values.
  const fromMad = (medianAbsoluteDeviation(values) ?? 0) * MAD_TO_SIGMA * (count / (count - 0.8));
  if (isRobust) return fromMad;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.max(fromMad, Math.sqrt(squares / (count - 1)));
}

/** Normal quantiles for 95 % and 99 %, two-sided. */
const Z_95 = 1.96;
const Z_99 = 2.5758;

/**
 * Student's t from the normal quantile: an expansion in 1 / degrees of freedom, 1 % below at 4 of them and 12
 * % at 2. Source: Abramowitz and Stegun 26.7.5.
 */
function studentQuantile(z: number, freedom: number): number {
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, power) => sum + term / freedom ** power, 0);
}
