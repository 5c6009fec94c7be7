/** A comparison as comma- or tab-separated values: a row for each metric, or for each name of memory. */
import { type Column, formatTable, type Separator } from '../../export/delimited-text.ts';
import type { MetricDifference } from '../../model/comparison.ts';
import type { NameDifference } from '../../model/explain/name-differences.ts';

const METRIC_COLUMNS: readonly Column<MetricDifference>[] = [
  ['metric', ({ metric }) => metric],
  ['unit', ({ unit }) => unit],
  ['base', ({ base }) => base],
  ['now', ({ now }) => now],
  ['difference', ({ difference }) => difference],
  ['percent', ({ percent }) => percent],
  ['p', ({ p }) => p],
  ['adjusted_p', ({ adjustedP }) => adjustedP],
  ['interval_low', ({ interval }) => interval?.[0]],
  ['interval_high', ({ interval }) => interval?.[1]],
  ['noise', ({ noise }) => noise],
  ['allowed', ({ allowed }) => allowed],
  ['verdict', ({ verdict }) => verdict],
];

const NAME_COLUMNS: readonly Column<NameDifference>[] = [
  ['kind', ({ kind }) => kind],
  ['name', ({ name }) => name],
  ['base_bytes', ({ base }) => base],
  ['now_bytes', ({ now }) => now],
  ['difference_bytes', ({ difference }) => difference],
  ['base_at_most_bytes', ({ baseAtMost }) => baseAtMost],
  ['now_at_most_bytes', ({ nowAtMost }) => nowAtMost],
];

/** All metrics of two sets of runs. */
export function metricRows(metrics: readonly MetricDifference[], separator: Separator): Iterable<string> {
  return formatTable(METRIC_COLUMNS, metrics, separator);
}

/** All names of two explanations. */
export function nameRows(names: readonly NameDifference[], separator: Separator): Iterable<string> {
  return formatTable(NAME_COLUMNS, names, separator);
}
