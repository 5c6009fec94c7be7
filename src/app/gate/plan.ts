import type { RegressionRule } from '../../budget/comparison/max-regression.ts';
import type { EvaluatedOn } from '../../budget/evaluation/combine-runs.ts';
import type { NamedBudget } from '../../budget/expression/budget.ts';
import type { StatusRules } from '../../budget/make-verdict.ts';
import type { SamplingIntervals } from '../../format/intervals.ts';
import type { ReportRequest } from '../../report/render-report.ts';

/** All evaluation options from the command line and the budget file. */
export interface GatePlan {
  budgets: NamedBudget[];
  evaluatedOn: EvaluatedOn;
  /** The intervals of the budget file. */
  sampling: Partial<SamplingIntervals>;
  /** Whether a maximum that may have been missed counts as not measured. */
  strictSampling: boolean;
  rules: StatusRules;
  reports: ReportRequest[];
  /** A file to compare with. */
  baseline: string | undefined;
  regression: RegressionRule | undefined;
}

/** Actions around the runs. */
export interface SeriesPlan {
  /** At least 1. */
  runs: number;
  warmup: number;
  prepare: string | undefined;
  cleanup: string | undefined;
  dropCaches: boolean;
  warm: boolean;
}
