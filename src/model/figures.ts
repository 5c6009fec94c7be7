/** The figures of one sample by id, and their units. */
import { ownValue } from './own-value.ts';
import type { Sample } from './sample.ts';

/** The value of a field in a sample; undefined if it is absent. */
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
      return ownValue(sample.stat, id);
  }
}

/**
 * The keys of memory.stat that count events or pages; all others are in bytes.
 * Source: `memcg_vm_event_stat` and `memory_page_state_output_unit` in mm/memcontrol.c; v1's `pgpgin` and
 * `pgpgout`.
 */
const COUNTED =
  /^(total_)?(pg(fault|majfault|refill|scan|steal|activate|deactivate|lazyfree|rotated|pgin|pgout|demote|promote)|pswp|swpin_|swpout_|zswp(in|out|wb)|thp_|numa_|workingset_)/;

/** The unit of a metric's maximum or average, by name. */
export function unitOfMetric(metric: string): 'bytes' | 'count' {
  const name = metric.replace(/\.avg$/, '');
  return name === 'processes' || name === 'oom_kill' || COUNTED.test(name) ? 'count' : 'bytes';
}
