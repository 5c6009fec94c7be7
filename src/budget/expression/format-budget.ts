/** Formats budgets so that `parseBudget` returns the same budget. */
import { MAP_PREFIX, mapNameIn } from '../../model/metrics.ts';
import type { Budget, Threshold } from './budget.ts';
import { AGGREGATES, defaultAggregateOf } from './metric-catalogue.ts';

/** Formats a budget in canonical form: `anon.p95 <= 32MiB`; the default aggregate is omitted. */
export function formatBudget(budget: Omit<Budget, 'expression'>): string {
  const { metric, aggregate, op, unit, threshold } = budget;
  const suffix = aggregate === defaultAggregateOf(metric) ? '' : `.${aggregate}`;
  return `${formatMetric(metric)}${suffix} ${op} ${formatThreshold(threshold, unit)}`;
}

/** Globs are quoted if they could be misparsed. */
function formatMetric(metric: string): string {
  const glob = mapNameIn(metric);
  if (glob === undefined) return metric;
  const endsLikeAggregate = AGGREGATES.some((aggregate) => glob.endsWith(`.${aggregate}`));
  if (/^[\w.*?[\]!-]+$/.test(glob) && !endsLikeAggregate) return metric;
  const quote = glob.includes('"') ? "'" : '"';
  return `${MAP_PREFIX}${quote}${glob}${quote}`;
}

function formatThreshold(threshold: Threshold, unit: Budget['unit']): string {
  switch (threshold.kind) {
    case 'fixed':
      return formatAmount(threshold.value, unit);
    case 'share':
      return `${threshold.percent}% of ${threshold.of}`;
    case 'baseline':
      return [
        'baseline',
        ...signed(threshold.percent, `${Math.abs(threshold.percent)}%`),
        ...signed(threshold.plus, formatAmount(Math.abs(threshold.plus), unit)),
      ].join(' ');
  }
}

function signed(value: number, text: string): string[] {
  return value === 0 ? [] : [value < 0 ? '-' : '+', text];
}

function formatAmount(value: number, unit: Budget['unit']): string {
  const per = unit.endsWith('/min') ? '/min' : '';
  if (unit.startsWith('percent')) return `${value}%${per}`;
  if (unit.startsWith('count')) return `${value}${per}`;
  return `${formatExactSize(value)}${per}`;
}

const UNITS = ['', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Formats a size in the largest unit that divides it: `32MiB`, `1536KiB`, `1000`. */
export function formatExactSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value}${UNITS[unit]}`;
}
