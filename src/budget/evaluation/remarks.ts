/** Remarks for readers of results: what they do not contain, and up to where they were evaluated. */
import { hasWildcards } from '../../format/glob.ts';
import { plural } from '../../format/plural.ts';
import { formatBytes } from '../../format/units.ts';
import type { SummaryRecord } from '../../model/recording.ts';
import type { Mode } from '../../model/sample.ts';
import type { NamedBudget } from '../expression/budget.ts';
import type { MapMetric } from './metric.ts';
import { describeElsewhere } from './missing-map.ts';
import type { GrowthTables } from './top-grown.ts';

/** One evaluated run. */
export interface EvaluatedRun extends Pick<GrowthTables, 'mapNames' | 'mapsElsewhere'> {
  /** Absent if the recording ends before. */
  summary: SummaryRecord | undefined;
  /** Absent without a start record. */
  mode: Mode | undefined;
  budgets: readonly NamedBudget[];
  /** Number of cgroups that were followed into. */
  restarts: number;
  ofMaps: readonly MapMetric[];
}

/** The remarks, one sentence each. */
export function remarksOn({
  summary,
  mode,
  budgets,
  restarts,
  ofMaps,
  mapNames,
  mapsElsewhere,
}: EvaluatedRun): string[] {
  const warnings: string[] = [];
  if (summary === undefined) {
    warnings.push('the recording ends before its target: budgets are evaluated up to that point');
  }
  if (summary?.exit.endedBy === 'budget') {
    const isAlone = budgets.length === 1;
    const others = isAlone ? '' : ': the other budgets are evaluated up to that point';
    // If a signal ended it, the report names it for the target; a target that catches the signal appears to
    // have exited by itself.
    if (!isAlone || summary.exit.signal === undefined) {
      warnings.push(`the target was ended when a limit was exceeded${others}`);
    }
  }
  if (restarts > 0 && budgets.length > 0) {
    warnings.push(
      `budgets apply to ${restarts + 1} cgroups, one after the other: maxima of any, counters in all, growth in the one where it was strongest`,
    );
  }
  const elsewhere = summary?.bpf?.heldElsewhere;
  const usesBpf = budgets.some(({ budget: { metric } }) => metric === 'bpf' || metric === 'bpf.maps');
  if (usesBpf && elsewhere !== undefined) {
    warnings.push(
      `bpf is what is charged to the run: ${plural(elsewhere.count, 'map')} of ${formatBytes(elsewhere.bytes)} that it held but that are charged elsewhere are not in it`,
    );
  }
  const usesPeak = budgets.some(({ budget }) => budget.metric === 'peak');
  if (usesPeak && summary?.peak?.source === 'sampled' && summary.mode !== 'process-tree') {
    warnings.push(
      'peak is the highest reading, because the kernel has no high-water mark (memory.peak requires Linux 5.19): peaks between two readings are missed',
    );
  }
  for (const { metric, names, track } of ofMaps) {
    // In the other modes the budget is not measured, and the result contains the reason.
    const isMeasured = track.runningCount > 0 && mode !== 'process-tree';
    const isFit = [...mapNames].some((name) => names.test(name));
    if (isMeasured && !isFit && hasWildcards(metric)) {
      warnings.push(`${metric}: no map of the run matches`);
    }
    const elsewhere = describeElsewhere(metric, mapsElsewhere);
    if (hasWildcards(metric) && elsewhere !== undefined) warnings.push(`${metric}: ${elsewhere.reason}`);
  }
  return warnings;
}
