/**
 * The result of evaluating one or several runs; the only source of every report. Schema:
 * `schema/verdict.schema.json`.
 */
import type { BpfAdvice } from './bpf-advice.ts';
import type { Comparison } from './comparison.ts';
import type { Mode } from './sample.ts';

/** The version of the document. */
export const VERDICT_VERSION = 2;

/** `not-measured` fails; `not-measured-optional` is the same with `--budget-optional`: a warning. */
export type BudgetStatus = 'passed' | 'failed' | 'not-measured' | 'not-measured-optional';

/**
 * The unit of a value and its limit; those a minute are of `growth`, `percent` is the share of time that PSI
 * counts.
 */
export type BudgetUnit = 'bytes' | 'bytes/min' | 'count' | 'count/min' | 'percent' | 'percent/min';

/** One thing that grew, or that is shown for comparison. */
export interface Grown {
  name: string;
  /** A pid, or a map's id; absent for a figure or a group of several. */
  id?: number;
  fromBytes: number;
  toBytes: number;
}

/** One line of the breakdown at the moment when a limit was exceeded. */
export interface BreakdownLine {
  id: string;
  bytes: number;
  /** The same at the baseline. */
  baselineBytes?: number;
}

/** How a limit was exceeded: when, and what memory consisted of then. */
export interface Exceedance {
  /**
   * When the limit was first exceeded. Absent where the aggregate has no moment (average, growth,
   * percentiles).
   */
  elapsedMs?: number;
  /** The moment whose breakdown is shown: when the limit was exceeded, or where the metric was highest. */
  shownMs: number;
  /** Which of several runs, from 1. */
  run?: number;
  breakdown: BreakdownLine[];
  /** The five that grew most up to then. */
  processes: Grown[];
  maps: Grown[];
  /** For those maps. */
  advice: BpfAdvice[];
  /** The command that shows it. */
  replay?: string;
}

/** One budget and its result. */
export interface BudgetResult {
  /** From a budget file. */
  name?: string;
  description?: string;
  owner?: string;
  /** As it was written. */
  expression: string;
  metric: string;
  aggregate: string;
  op: '<=' | '<' | '>=' | '>' | '==';
  unit: BudgetUnit;
  status: BudgetStatus;
  /**
   * Absent when not measured. Of `growth` it is what is certain: the end of its interval that is nearer to 0.
   */
  value?: number;
  /** Of `growth`: the slope itself. */
  estimate?: number;
  /** In `unit`; absent where a percentage of a limit could not be determined. */
  limit?: number;
  /** `value - limit`: negative is what is left. */
  excess?: number;
  /** The value of every run, in order; absent for one run. A run that did not measure it is null. */
  values?: (number | null)[];
  /** Median absolute deviation of `values`. */
  spread?: number;
  /** Why it was not measured, and how to get it measured. */
  reason?: string;
  hint?: string;
  exceeded?: Exceedance;
}

/** The whole of it. */
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
   * `failed` when a budget failed or a metric regressed; else `not-measured` when one could not be measured.
   */
  status: 'passed' | 'failed' | 'not-measured';
  /** How many runs were evaluated, and which of their values. */
  runs: { count: number; evaluatedOn: 'run' | 'median' | 'worst' };
  /**
   * How the target ended: the first run that failed, else the last. `unknown`: the recording ends before;
   * `status` is 0 then.
   */
  target: { status: number; code?: number; signal?: string; timedOut?: true; unknown?: true };
  /** What cmemstat exits with. */
  exitStatus: number;
  budgets: BudgetResult[];
  /** Against a baseline. */
  comparison?: Comparison;
  /** BPF maps that outlived the run; absent where that was not asked for. */
  leftovers?: { id: number; name: string; bytes: number }[];
  /** Set where leftovers were asked for and could not be determined. */
  leftoversUnknown?: true;
  /** Set where the baseline is of another kind of host and `--strict-host` forbids that. */
  strictHost?: true;
  /** What was to be compared and is not measured on one side. Absent when none. */
  missingMetrics?: string[];
  /** What cmemstat itself failed at: 125 where nothing else decides. Absent when nothing. */
  faults?: string[];
  /**
   * `current` (process-tree: rss) of the evaluated run in at most 120 equal steps, for a small chart; null
   * where unknown.
   */
  timeline?: { figure: string; fromMs: number; toMs: number; max: (number | null)[] };
  warnings: string[];
}
