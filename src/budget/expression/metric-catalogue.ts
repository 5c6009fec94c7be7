/** The metrics that a budget may refer to, with their units and valid aggregates. */
import { FIELDS } from '../../model/field-catalogue.ts';
import { unitOfMetric } from '../../model/figures.ts';
import { METRICS, mapNameIn } from '../../model/metrics.ts';
import type { Aggregate } from './budget.ts';

/** All aggregates, in the order of the help. */
export const AGGREGATES: readonly Aggregate[] = [
  'max',
  'avg',
  'median',
  'p90',
  'p95',
  'p99',
  'last',
  'min',
  'growth',
  'final',
];

/**
 * Keys of memory.stat from Linux 5.10 to 7.3, and those of cgroup v1 that have no twin in v2.
 * Source: memory.stat of these kernels; `memory_stats` and `memcg_vm_event_stat` in mm/memcontrol.c.
 */
const STAT_KEYS = `
active_anon active_file anon anon_thp cache dirty file file_dirty file_mapped file_thp file_writeback hugetlb
hierarchical_memory_limit hierarchical_memsw_limit inactive_anon inactive_file kernel kernel_stack mapped_file
numa_hint_faults numa_pages_migrated numa_pte_updates pagetables percpu pgactivate pgdeactivate pgdemote_direct
pgdemote_khugepaged pgdemote_kswapd pgdemote_proactive pgfault pglazyfree pglazyfreed pgmajfault pgpgin pgpgout
pgpromote_success pgrefill pgscan pgscan_direct pgscan_khugepaged pgscan_kswapd pgscan_proactive pgsteal pgsteal_direct
pgsteal_khugepaged pgsteal_kswapd pgsteal_proactive pswpin pswpout rss rss_huge sec_pagetables shmem shmem_thp slab
slab_reclaimable slab_unreclaimable sock swap swapcached swpin_zero swpout_zero thp_collapse_alloc thp_fault_alloc
thp_swpout thp_swpout_fallback total_active_anon total_active_file total_cache total_dirty total_inactive_anon
total_inactive_file total_mapped_file total_pgfault total_pgmajfault total_pgpgin total_pgpgout total_rss
total_rss_huge total_shmem total_swap total_swapcached total_unevictable total_workingset_refault_anon
total_workingset_refault_file total_writeback unevictable vmalloc workingset_activate_anon workingset_activate_file
workingset_nodereclaim workingset_refault_anon workingset_refault_file workingset_restore_anon
workingset_restore_file writeback zswap zswap_incomp zswapped zswpin zswpout zswpwb
`;

/** Metrics in addition to METRICS and memory.stat. */
const OWN = ['psi.some', 'psi.full', 'leftover'] as const;

/** All metric names, except for `bpf.map:GLOB` and `stat.KEY`. */
export const METRIC_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(METRICS),
  ...OWN,
  ...FIELDS.map(({ id }) => id),
  ...STAT_KEYS.trim().split(/\s+/),
]);

/** The category of a metric, which determines how it is read, aggregated and explained. */
export type MetricKind = 'figure' | 'peak' | 'counter' | 'bpf' | 'maps' | 'psi' | 'leftover';

/** The kind of a metric. */
export function kindOf(metric: string): MetricKind {
  if (mapNameIn(metric) !== undefined) return 'maps';
  if (metric.startsWith('psi.')) return 'psi';
  if (metric === 'peak' || metric === 'leftover') return metric;
  if (metric === 'bpf' || metric.startsWith('bpf.') || metric === 'unexplained') return 'bpf';
  return unitOf(metric) === 'count' && metric !== 'processes' ? 'counter' : 'figure';
}

/** The unit of a metric's readings. */
export function unitOf(metric: string): 'bytes' | 'count' | 'percent' {
  if (metric.startsWith('psi.')) return 'percent';
  if (metric === 'leftover') return 'count';
  return unitOfMetric(metric.replace(/^stat\./, ''));
}

/** The default aggregate of a metric. */
export function defaultAggregateOf(metric: string): Aggregate {
  const byKind: Partial<Record<MetricKind, Aggregate>> = { counter: 'final', leftover: 'final', psi: 'avg' };
  return byKind[kindOf(metric)] ?? 'max';
}

/** The valid aggregates of a metric. */
export function aggregatesOf(metric: string): readonly Aggregate[] {
  switch (kindOf(metric)) {
    case 'peak':
      return ['max'];
    case 'leftover':
      return ['final'];
    case 'counter':
      return ['max', 'last', 'final', 'growth'];
    case 'psi':
      return AGGREGATES.filter((aggregate) => aggregate !== 'final');
    default:
      return AGGREGATES;
  }
}

/**
 * Whether a baseline contains the values for a budget relative to it: maxima, averages of gauges, and totals
 * of counters.
 */
export function isInBaseline(metric: string, aggregate: Aggregate): boolean {
  const kind = kindOf(metric);
  if (kind === 'psi' || kind === 'leftover' || aggregate === 'growth') return false;
  if (aggregate === 'max' || kind === 'counter') return true;
  const name = metric.replace(/^stat\./, '');
  return (
    aggregate === 'avg' &&
    FIELDS.some((field) => field.id === name && field.kind === 'gauge' && name !== 'peak')
  );
}

/** Why the other aggregates are invalid; undefined if all are valid. */
export function explainAggregates(metric: string): string | undefined {
  switch (kindOf(metric)) {
    case 'peak':
      return 'it is one value already; the readings over time are those of current';
    case 'leftover':
      return 'it is one value, determined after the run';
    case 'counter':
      return 'it only increases';
    case 'psi':
      return 'it is a share of the time between two samples';
    default:
      return undefined;
  }
}
