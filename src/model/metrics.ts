/** The metrics of one sample, by the names that budgets and comparisons use. */
import { figureOf } from './figures.ts';
import { breakKernelDown } from './kernel-breakdown.ts';
import type { Sample } from './sample.ts';

/** The metrics that are not keys of memory.stat, with descriptions. */
export const METRICS: Readonly<Record<string, string>> = {
  current: 'all memory charged to the cgroup of the run, page cache included',
  peak: "the kernel's own high-water mark of current",
  workingset: 'current without the page cache that can be dropped',
  swap: 'swapped out',
  kernel: 'kernel memory, BPF maps and programs included',
  unexplained: 'kernel memory that no counter and no BPF object explains',
  bpf: 'BPF maps and programs that are charged to the cgroup of the run',
  'bpf.maps': 'BPF maps that are charged to the cgroup of the run',
  'bpf.programs': 'BPF programs of the cgroup of the run',
  'bpf.uncharged': 'per-CPU memory of BPF maps that no cgroup is charged for',
  rss: 'sum of resident set sizes (process-tree mode)',
  pss: 'sum of proportional set sizes (process-tree mode)',
  processes: 'number of processes',
  oom_kill: 'processes ended by the OOM killer',
};

/** Prefix of metrics of BPF maps, followed by a name or a pattern. */
export const MAP_PREFIX = 'bpf.map:';

/** The name or pattern in `bpf.map:NAME`; undefined for other metrics. */
export function mapNameIn(metric: string): string | undefined {
  return metric.startsWith(MAP_PREFIX) ? metric.slice(MAP_PREFIX.length) : undefined;
}

/** The value of a metric in one sample; undefined if the sample does not have it. Unit: bytes, or a count. */
export function metricOf(sample: Sample, metric: string): number | undefined {
  const { bpf } = sample;
  switch (metric) {
    case 'bpf':
      return bpf?.charged === undefined ? undefined : bpf.charged.maps.bytes + bpf.charged.programs.bytes;
    case 'bpf.maps':
      return bpf?.charged?.maps.bytes;
    case 'bpf.programs':
      return bpf?.charged?.programs.bytes;
    case 'bpf.uncharged':
      return bpf?.uncharged?.maps.bytes;
    case 'unexplained':
      return bpf?.charged === undefined ? undefined : termOf(sample, 'unexplained');
    case 'processes':
      return sample.processes;
    case 'oom_kill':
      return sample.events?.oom_kill ?? sample.eventsLocal?.oom_kill;
    default:
      return figureOf(sample, metric);
  }
}

function termOf(sample: Sample, id: string): number | undefined {
  return breakKernelDown(sample, sample.bpf)?.terms.find((term) => term.id === id)?.bytes;
}
