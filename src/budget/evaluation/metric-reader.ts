/** Reads the value of a metric from a sample; the lookup by name is done once instead of per sample. */
import { metricOf } from '../../model/metrics.ts';
import { ownValue } from '../../model/own-value.ts';
import type { Sample } from '../../model/sample.ts';

/** Returns the value of a metric in a sample; undefined if the sample does not have it. */
export type MetricReader = (sample: Sample) => number | undefined;

/** Creates the reader for a metric of samples. */
export function readerOf(metric: string): MetricReader {
  const known = ownValue(KNOWN, metric);
  if (known !== undefined) return known;
  if (NOT_IN_STAT.has(metric)) return (sample) => metricOf(sample, metric);
  const key = metric.startsWith('stat.') ? metric.slice('stat.'.length) : metric;
  return ({ stat }) => ownValue(stat, key);
}

const KNOWN: Readonly<Record<string, MetricReader>> = {
  current: (sample) => sample.current,
  // Without a high-water mark of the kernel, use the sampled maximum.
  peak: (sample) => sample.peak ?? sample.current,
  workingset: (sample) => sample.workingset,
  kernel: (sample) => sample.kernel,
  processes: (sample) => sample.processes,
};

/** The other metrics of `metricOf` that are not keys of memory.stat. */
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
