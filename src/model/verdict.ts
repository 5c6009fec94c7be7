/**
 * The result of evaluating one or several runs; the only source of every report. Schema:
 * `schema/verdict.schema.json`.
 */
import type { BpfAdvice } from './bpf-advice.ts';
import type { Comparison } from './comparison.ts';
import type { GrownNames } from './explain/grown-names.ts';
import type { LeftoverFile, SummaryRecord } from './recording.ts';
import type { Mode } from './sample.ts';

/** The format version. */
export const VERDICT_VERSION = 2;

/**
 * `not-measured` counts as failed; `not-measured-optional` is the same with `--budget-optional`: a warning.
 */
export type BudgetStatus = 'passed' | 'failed' | 'not-measured' | 'not-measured-optional';

/**
 * The unit of a value and its limit; units per minute are for `growth`, `percent` is the share of time in
 * PSI.
 */
export type BudgetUnit = 'bytes' | 'bytes/min' | 'count' | 'count/min' | 'percent' | 'percent/min';

/** One item that grew, or that is shown for comparison. */
export interface Grown {
  name: string;
  /** A pid or a map id; absent for a figure or a group of several items. */
  id?: number;
  fromBytes: number;
  toBytes: number;
}

/** One line of the breakdown at the time when a limit was exceeded. */
export interface BreakdownLine {
  id: string;
  bytes: number;
  /** The same figure in the baseline. */
  baselineBytes?: number;
}

/** A metric of a run in at most 120 equal steps, for a small chart: the maximum of each, null if unknown. */
export interface Timeline {
  figure: string;
  fromMs: number;
  toMs: number;
  max: (number | null)[];
}

/** How a limit was exceeded: the time, and the composition of memory then. */
export interface Exceedance {
  /**
   * When the limit was first exceeded. Absent if the aggregate has no specific time (average, growth,
   * percentiles).
   */
  elapsedMs?: number;
  /** The time of the breakdown: when the metric was at its maximum, or when the limit was exceeded. */
  shownMs: number;
  /** The number of the run, from 1. */
  run?: number;
  breakdown: BreakdownLine[];
  /**
   * How much the metric had grown by then: everything is created during the run, so this is its value. Absent
   * if its unit is not bytes. Unit: bytes.
   */
  growthBytes?: number;
  /** The five that grew most up to then; only those whose memory is part of the metric. */
  processes: Grown[];
  maps: Grown[];
  /** Only names that are part of the metric. Absent without `--explain`. */
  names?: GrownNames;
  /** Advice on those maps; in a verdict, the same advice is given for one budget only. */
  advice: BpfAdvice[];
  /** The metric over the run. Absent if it has no readings. */
  timeline?: Timeline;
  /** The command that displays it. */
  replay?: string;
}

/** One budget and its result. */
export interface BudgetResult {
  /** From a budget file. */
  name?: string;
  description?: string;
  owner?: string;
  /** The expression as given. */
  expression: string;
  metric: string;
  aggregate: string;
  op: '<=' | '<' | '>=' | '>' | '==';
  unit: BudgetUnit;
  status: BudgetStatus;
  /**
   * Absent if not measured. For `growth`, the bound of its confidence interval that is closer to 0.
   */
  value?: number;
  /** For `growth`: the estimated slope. */
  estimate?: number;
  /** In `unit`; absent if a percentage of a limit could not be determined. */
  limit?: number;
  /** `value - limit`: negative values are the remaining headroom. */
  excess?: number;
  /**
   * The value that the metric may have had between two readings: the kernel's high-water mark does not
   * exclude it. Absent if that is within the limit, unless nothing was read while the target ran. Unit:
   * bytes.
   */
  possible?: number;
  /** The value of every run, in order; absent for a single run. Null for a run that did not measure it. */
  values?: (number | null)[];
  /** Median absolute deviation of `values`. */
  spread?: number;
  /** Why it was not measured, and how to measure it. */
  reason?: string;
  hint?: string;
  exceeded?: Exceedance;
}

/** How long a run took. */
export type RunTimes = Pick<SummaryRecord, 'durationMs' | 'cpuUs'>;

/** The whole document. */
export interface Verdict {
  type: 'verdict';
  version: typeof VERDICT_VERSION;
  cmemstat: string;
  /** ISO 8601, UTC: when the first run started. */
  time: string;
  command: string[];
  mode: Mode;
  host: { kernel: string; arch: string; cpus: number };
  durationMs: number;
  /**
   * `failed` if a budget failed or a metric regressed; otherwise `not-measured` if one could not be measured.
   */
  status: 'passed' | 'failed' | 'not-measured';
  /**
   * Number of evaluated runs, which of their values counts, and how long each took. `times` is absent if a
   * run has no summary.
   */
  runs: { count: number; evaluatedOn: 'run' | 'median' | 'worst'; times?: RunTimes[] };
  /**
   * How the target ended: the first run that failed, otherwise the last. `unknown`: the recording is
   * incomplete, and `status` is 0. `attached`: `cmemstat attach`, which ends nothing. `timeoutExpected`:
   * `--timeout-ok`, so `status` is 0.
   */
  target: {
    status: number;
    code?: number;
    signal?: string;
    timedOut?: true;
    timeoutExpected?: true;
    unknown?: true;
    attached?: true;
  };
  /** The exit status of cmemstat. */
  exitStatus: number;
  budgets: BudgetResult[];
  /** Comparison with a baseline. */
  comparison?: Comparison;
  /** BPF maps that outlived the run; absent if they were not requested. */
  leftovers?: { id: number; name: string; bytes: number }[];
  /** Files in memory that outlived a run. Absent if they were not requested, or could not be determined. */
  leftoverFiles?: LeftoverFile[];
  /** Set if leftovers were requested but could not be determined. */
  leftoversUnknown?: true;
  /** Set if the baseline is from a different kind of host and `--strict-host` rejects that. */
  strictHost?: true;
  /** Metrics that were to be compared but are not measured on one side. Absent if there are none. */
  missingMetrics?: string[];
  /** Failures of cmemstat itself: exit status 125 if nothing else decides. Absent if there are none. */
  faults?: string[];
  /** `current` (process-tree: rss) of the evaluated run. */
  timeline?: Timeline;
  warnings: string[];
}
