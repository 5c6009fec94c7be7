/** What is reported if a metric may have exceeded its limit between two readings. */
import { formatBytes } from '../../format/units.ts';
import type { BudgetResult } from '../../model/verdict.ts';
import { meetsLimit } from './combine-runs.ts';

/** Results, and the remarks on those that passed although their readings may have missed a maximum. */
export interface Doubted {
  results: BudgetResult[];
  warnings: string[];
}

/** With `--strict-sampling` a doubtful result is not measured; otherwise it is reported. */
export function applyDoubt(results: readonly BudgetResult[], isStrict: boolean): Doubted {
  const warnings: string[] = [];
  const doubted = results.map((result) => {
    const { possible, status, expression, name, op, limit } = result;
    if (possible === undefined || status !== 'passed') return result;
    if (limit !== undefined && meetsLimit(possible, op, limit)) return result;
    const doubt = `may have reached ${formatBytes(possible)} between two readings: the kernel's peak is above all of them`;
    if (!isStrict) {
      warnings.push(`${name ?? expression} passed by its readings, but ${result.metric} ${doubt}`);
      return result;
    }
    const { value: _value, excess: _excess, ...rest } = result;
    return {
      ...rest,
      status: 'not-measured' as const,
      reason: `${result.metric} ${doubt}`,
      hint: 'omit --strict-sampling, or raise the limit',
    };
  });
  return { results: doubted, warnings };
}
