/** The maxima of a sample. */
import { metricOf } from './metrics.ts';
import type { Sample, SampleMaxima } from './sample.ts';

/** Removes the maxima that are not above the sample's own values. */
export function withoutOwnValues(maxima: SampleMaxima, sample: Sample): SampleMaxima {
  const bytes: Record<string, number> = {};
  for (const [metric, value] of Object.entries(maxima.bytes)) {
    if (value > (metricOf(sample, metric) ?? -1)) bytes[metric] = value;
  }
  return { ...maxima, bytes };
}
