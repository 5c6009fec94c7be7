/** The comparison of two sets of runs. `schema/comparison.schema.json`. */

import type { GrownNames } from './explain/grown-names.ts';
import type { NamesComparison } from './explain/name-differences.ts';
import type { Mode } from './sample.ts';

/** The version of the document. */
export const COMPARISON_VERSION = 2;

/** One side of a comparison. */
export interface ComparedSide {
  /** The file, or `this run`. */
  name: string;
  runs: number;
  command: string[];
  host?: { kernel: string; arch: string; cpus: number; possibleCpus: number; pageSizeBytes: number };
  mode: Mode;
}

/** One metric, or one BPF map name (`bpf.map:<name>`). */
export interface MetricDifference {
  metric: string;
  unit: 'bytes' | 'count';
  /** Medians; absent if the side does not have the metric. */
  base?: number;
  now?: number;
  /** `now - base`. */
  difference?: number;
  /** Relative to `base`; absent if that is 0. */
  percent?: number;
  /** Two-sided p of a rank test; absent with fewer than 3 runs on a side. */
  p?: number;
  /**
   * The same, corrected for the number of evaluated metrics (Holm); absent if `p` is or if the metric is not
   * evaluated.
   */
  adjustedP?: number;
  /** 95 % bootstrap interval of the difference of the medians; absent with fewer than 3 runs on a side. */
  interval?: [low: number, high: number];
  /** Smaller differences cannot be distinguished from noise. In `unit`. */
  noise: number;
  /** The difference allowed by `--max-regression`, in `unit`; absent if no threshold applies. */
  allowed?: number;
  /** `regressed` exceeds both; `within-noise` exceeds the threshold but not the noise. */
  verdict: 'regressed' | 'within-noise' | 'passed' | 'improved' | 'not-evaluated' | 'not-measured';
  /** Of a metric that regressed in a run with `--explain`. */
  names?: GrownNames;
}

/** The whole document. */
export interface Comparison {
  type: 'comparison';
  version: typeof COMPARISON_VERSION;
  base: ComparedSide;
  now: ComparedSide;
  /** Why the comparison is doubtful: different kernels, CPU counts, page sizes, modes. */
  doubts: string[];
  /** Set if some of the doubts concern host or mode: `--strict-host` refuses to compare such runs. */
  otherHost?: true;
  /** Most important first. */
  metrics: MetricDifference[];
  regressed: boolean;
  /** What grew by name, if both sides have an explanation of the same moment (`--explain`). */
  names?: NamesComparison;
}

/** Significance level of the rank test. */
export const SIGNIFICANCE = 0.05;

/** Whether the difference is statistically significant, evaluated or not. */
export function isBeyondNoise({ difference = 0, noise, p }: MetricDifference): boolean {
  return Math.abs(difference) > noise && (p === undefined || p < SIGNIFICANCE);
}
