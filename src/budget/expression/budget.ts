/** What a budget is once it is understood. Types alone. */
import type { BudgetResult, BudgetUnit } from '../../model/verdict.ts';

/** How the many readings of a run become one value. */
export type Aggregate =
  | 'max'
  | 'min'
  | 'avg'
  | 'median'
  | 'p90'
  | 'p95'
  | 'p99'
  | 'last'
  | 'final'
  | 'growth';

/** A comparison. */
export type Op = BudgetResult['op'];

/** A limit of the leaf that a percentage is of. */
export type LimitName = 'memory.max' | 'memory.high' | 'memory.swap.max';

/** What a value is compared with. */
export type Threshold =
  /** In the budget's unit. */
  | { kind: 'fixed'; value: number }
  | { kind: 'share'; percent: number; of: LimitName }
  /** `baseline + |baseline| * percent / 100 + plus`; `plus` in the budget's unit. Both may be negative. */
  | { kind: 'baseline'; percent: number; plus: number };

/** One expression, understood. */
export interface Budget {
  /** As it was written. */
  expression: string;
  /** `anon`, `bpf.maps`, `psi.some`, `stat.<key>` for a key that was forced, `bpf.map:<glob>`. */
  metric: string;
  aggregate: Aggregate;
  op: Op;
  unit: BudgetUnit;
  threshold: Threshold;
}

/** A budget with what a budget file says about it. */
export interface NamedBudget {
  budget: Budget;
  name?: string;
  description?: string;
  owner?: string;
  /** Not measured is a warning: `optional` in a file, or `--budget-optional`. */
  optional: boolean;
}

/** What budgets against a baseline need of it. */
export interface BaselineValues {
  /**
   * The baseline's value of a budget, in its unit; undefined where it does not have it. `metric` may be
   * `bpf.map:<glob>`. Growth is a minute's.
   */
  valueOf(metric: string, aggregate: Aggregate): number | undefined;
  /** The line of the baseline's breakdown with this id. Unit: bytes. */
  breakdownOf?(id: string): number | undefined;
}

/** The moment from which a budget can no longer pass. */
export interface ExceededBudget {
  /** Of the budget, in the order in which they were given. */
  index: number;
  budget: NamedBudget;
  elapsedMs: number;
  value: number;
  limit: number;
}

/** The result of one run. */
export interface RunResult extends BudgetResult {
  /**
   * Set where it was not measured because no map of the run has this name: beside a run that has one, it is
   * 0.
   */
  isUnknownMap?: true;
}
