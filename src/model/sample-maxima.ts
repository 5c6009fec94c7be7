/** What the fast clock read between two samples. */
import { metricOf } from './metrics.ts';
import type { Sample } from './sample.ts';

/** The maxima since the previous sample. */
export interface SampleMaxima {
  /** Number of readings since the previous sample in which processes of the leaf had memory. */
  readings: number;
  /** Number of readings of BPF memory since the previous sample; absent if there were none. */
  bpfReadings?: number;
  /** The longest time between two readings, this sample and the previous one included. Unit: milliseconds. */
  longestGapMs: number;
  /**
   * By metric, the highest reading since the previous sample, where it is above the value of this sample:
   * sizes of memory.stat, `current`, `workingset`, `kernel`, `swap`, `bpf`, `bpf.maps`, `bpf.programs` and
   * `bpf.uncharged`. Unit: bytes.
   */
  bytes: Record<string, number>;
  /**
   * How far the kernel's high-water mark rose above the readings around it. Absent if it did not, or if the
   * kernel has none. Unit: bytes.
   */
  unseenBytes?: number;
}

/** Removes the maxima that are not above the sample's own values. */
export function withoutOwnValues(maxima: SampleMaxima, sample: Sample): SampleMaxima {
  const bytes: Record<string, number> = {};
  for (const [metric, value] of Object.entries(maxima.bytes)) {
    if (value > (metricOf(sample, metric) ?? -1)) bytes[metric] = value;
  }
  return { ...maxima, bytes };
}
