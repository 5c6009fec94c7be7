/** Detects when a budget can no longer pass. */
import type { LeafLimits, Sample, SampleReason } from '../../model/sample.ts';
import type { BaselineValues, Budget, LimitName, NamedBudget } from '../expression/budget.ts';
import { kindOf } from '../expression/metric-catalogue.ts';
import type { TopGrown } from './top-grown.ts';

/** The first time from which a budget can no longer pass, with the data to report. */
export interface FirstExceeded {
  elapsedMs: number;
  value: number;
  limit: number;
  /** The sample that exceeded the limit, or the last one before such an event. */
  sample: Sample | undefined;
  /** The last sample with a reading of BPF memory. */
  bpf: Sample | undefined;
  /** Set shortly after: the record of processes follows its sample. */
  grown: TopGrown | undefined;
  /** The processes at the next reading, if it follows soon or there was no earlier one. */
  processesAfter: TopGrown['processes'] | undefined;
}

/** One budget over one run. */
export class BudgetWatch {
  readonly index: number;
  readonly named: NamedBudget;
  /** An upper limit, or a lower limit. */
  readonly canExceedForGood: boolean;
  exceeded: FirstExceeded | undefined;
  readonly #baseline: number | undefined;
  readonly #isMinimum: boolean;

  constructor(index: number, named: NamedBudget, baseline: BaselineValues | undefined) {
    this.index = index;
    this.named = named;
    const { budget } = named;
    this.#isMinimum = budget.aggregate === 'min';
    this.canExceedForGood = isIrrevocable(budget);
    this.#baseline =
      budget.threshold.kind === 'baseline' ? baseline?.valueOf(budget.metric, budget.aggregate) : undefined;
  }

  /** The limit in the budget's unit; undefined if it is unknown. */
  limitBy(limits: LeafLimits | undefined): number | undefined {
    const { threshold, unit } = this.named.budget;
    switch (threshold.kind) {
      case 'fixed':
        return threshold.value;
      case 'share': {
        const limit = limits?.[LIMIT_KEYS[threshold.of]];
        return limit === undefined || limit === 'max'
          ? undefined
          : Math.floor((limit * threshold.percent) / 100);
      }
      case 'baseline': {
        if (this.#baseline === undefined) return undefined;
        // `unexplained` may be negative: the threshold is added in that case too.
        const percentage = (Math.abs(this.#baseline) * threshold.percent) / 100;
        const limit = this.#baseline + percentage + threshold.plus;
        return unit.startsWith('bytes') ? Math.round(limit) : limit;
      }
    }
  }

  /** Whether a reading makes it impossible to pass. */
  isExceededBy(value: number, limit: number, reason: SampleReason): boolean {
    const { op } = this.named.budget;
    if (this.#isMinimum) return reason === 'tick' && (op === '>' ? value <= limit : value < limit);
    return op === '<' ? value >= limit : value > limit;
  }
}

const LIMIT_KEYS: Readonly<Record<LimitName, 'max' | 'high' | 'swapMax'>> = {
  'memory.max': 'max',
  'memory.high': 'high',
  'memory.swap.max': 'swapMax',
};

function isIrrevocable({ metric, aggregate, op }: Budget): boolean {
  if (aggregate === 'min') return op !== '<=' && op !== '<';
  if (op === '>=' || op === '>') return false;
  return aggregate === 'max' || (kindOf(metric) === 'counter' && aggregate !== 'growth');
}
