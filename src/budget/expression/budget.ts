/** The types of a parsed budget. */
import type { BudgetResult, BudgetUnit } from '../../model/verdict.ts';

/** How the readings of a run are aggregated to one value. */
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

/** A comparison operator. */
export type Op = BudgetResult['op'];

/** A limit of the leaf that a percentage refers to. */
export type LimitName = 'memory.max' | 'memory.high' | 'memory.swap.max';

/** The right side of a comparison. */
export type Threshold =
  /** In the budget's unit. */
  | { kind: 'fixed'; value: number }
  | { kind: 'share'; percent: number; of: LimitName }
  /** `baseline + |baseline| * percent / 100 + plus`; `plus` in the budget's unit. Both may be negative. */
  | { kind: 'baseline'; percent: number; plus: number };

/** A parsed expression. */
export interface Budget {
  /** The expression as given. */
  expression: string;
  /** `anon`, `bpf.maps`, `psi.some`, `stat.<key>` for an explicit key, `bpf.map:<glob>`. */
  metric: string;
  aggregate: Aggregate;
  op: Op;
  unit: BudgetUnit;
  threshold: Threshold;
}

/** A budget with its properties in a budget file. */
export interface NamedBudget {
  budget: Budget;
  name?: string;
  description?: string;
  owner?: string;
  /** Not measured is only a warning: `optional` in a file, or `--budget-optional`. */
  optional: boolean;
}

/** The values of a baseline that budgets relative to it need. */
export interface BaselineValues {
  /**
   * The baseline's value for a budget, in its unit; undefined if it has none. `metric` may be
   * `bpf.map:<glob>`. Growth is per minute.
   */
  valueOf(metric: string, aggregate: Aggregate): number | undefined;
  /** The line of the baseline's breakdown with this id. Unit: bytes. */
  breakdownOf?(id: string): number | undefined;
}

/** When a budget can no longer pass. */
export interface ExceededBudget {
  /** Index of the budget, in the given order. */
  index: number;
  budget: NamedBudget;
  elapsedMs: number;
  value: number;
  limit: number;
}

/** The result of one run. */
export interface RunResult extends BudgetResult {
  /**
   * Set if it was not measured because no map of the run has this name: it counts as 0 if another run has the
   * map.
   */
  isUnknownMap?: true;
}
