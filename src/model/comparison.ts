/** Two sets of runs side by side. `schema/comparison.schema.json`. */

import type { Mode } from './sample.ts';

/** The version of the document. */
export const COMPARISON_VERSION = 2;

/** What one side is made of. */
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
  /** Medians; absent on the side that does not have it. */
  base?: number;
  now?: number;
  /** `now - base`. */
  difference?: number;
  /** Of `base`; absent when that is 0. */
  percent?: number;
  /** Two-sided p of a rank test; absent with fewer than 3 runs on a side. */
  p?: number;
  /**
   * The same, corrected for the number of metrics evaluated (Holm); absent where `p` is or where the metric
   * is not evaluated.
   */
  adjustedP?: number;
  /** 95 % bootstrap interval of the difference of the medians; absent with fewer than 3 runs on a side. */
  interval?: [low: number, high: number];
  /** Smaller differences cannot be distinguished from noise. Same unit. */
  noise: number;
  /** The allowed difference by `--max-regression`, in `unit`; absent where none applies. */
  allowed?: number;
  /** `regressed` exceeds both; `within-noise` exceeds what is allowed but not the noise. */
  verdict: 'regressed' | 'within-noise' | 'passed' | 'improved' | 'not-evaluated' | 'not-measured';
}

/** The whole of it. */
export interface Comparison {
  type: 'comparison';
  version: typeof COMPARISON_VERSION;
  base: ComparedSide;
  now: ComparedSide;
  /** Why it is doubtful: other kernels, CPU counts, page sizes, modes. */
  doubts: string[];
  /** Set when some of the doubts are about host or mode: `--strict-host` does not compare such runs. */
  otherHost?: true;
  /** The most important first. */
  metrics: MetricDifference[];
  regressed: boolean;
}

/** Differences that come by chance as often as this are not taken for real. */
export const SIGNIFICANCE = 0.05;

/** Whether the sides differ by more than chance explains, evaluated or not. */
export function isBeyondNoise({ difference = 0, noise, p }: MetricDifference): boolean {
  return Math.abs(difference) > noise && (p === undefined || p < SIGNIFICANCE);
}
