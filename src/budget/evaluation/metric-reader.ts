/** How a metric's value is taken from a sample: settled once, so that a sample costs no look-up by name. */
import { metricOf } from '../../model/metrics.ts';
import type { Sample } from '../../model/sample.ts';

/** Takes a metric's value from a sample; undefined where it does not have it. */
export type MetricReader = (sample: Sample) => number | undefined;

/** The reader of a metric of samples. */
export function readerOf(metric: string): MetricReader {
  const known = KNOWN[metric];
  if (known !== undefined) return known;
  if (NOT_IN_STAT.has(metric)) return (sample) => metricOf(sample, metric);
  const key = metric.startsWith('stat.') ? metric.slice('stat.'.length) : metric;
  return ({ stat }) => stat?.[key];
}

const KNOWN: Readonly<Record<string, MetricReader>> = {
  current: (sample) => sample.current,
  // A kernel that keeps no high-water mark leaves what was sampled.
  peak: (sample) => sample.peak ?? sample.current,
  workingset: (sample) => sample.workingset,
  kernel: (sample) => sample.kernel,
  processes: (sample) => sample.processes,
};

/** The other metrics of `metricOf` that are no key of memory.stat. */
const NOT_IN_STAT: ReadonlySet<string> = new Set([
  'swap',
  'rss',
  'pss',
  'oom_kill',
  'bpf',
  'bpf.maps',
  'bpf.programs',
  'bpf.uncharged',
  'unexplained',
]);
