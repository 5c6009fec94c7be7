/** The figures of one sample by their ids, and their units. */
import type { Sample } from './sample.ts';

/** A field's value in a sample; undefined when it is absent. */
export function figureOf(sample: Sample, id: string): number | undefined {
  switch (id) {
    case 'current':
    case 'peak':
    case 'workingset':
    case 'kernel':
      return sample[id];
    case 'swap':
      return sample.swap?.current;
    case 'rss':
    case 'pss':
      return sample.tree?.[id];
    default:
      return sample.stat?.[id];
  }
}

/**
 * The keys of memory.stat that count events or pages and not bytes; all others are bytes.
 * Source: `memcg_vm_event_stat` and `memory_page_state_output_unit` in mm/memcontrol.c; v1's `pgpgin` and
 * `pgpgout`.
 */
const COUNTED =
  /^(total_)?(pg(fault|majfault|refill|scan|steal|activate|deactivate|lazyfree|rotated|pgin|pgout|demote|promote)|pswp|swpin_|swpout_|zswp(in|out|wb)|thp_|numa_|workingset_)/;

/** The unit of a metric's highest value or average, by its name. */
export function unitOfMetric(metric: string): 'bytes' | 'count' {
  const name = metric.replace(/\.avg$/, '');
  return name === 'processes' || name === 'oom_kill' || COUNTED.test(name) ? 'count' : 'bytes';
}
