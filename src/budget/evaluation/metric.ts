/** A metric while the records of a run are evaluated. */
import type { NamePattern } from '../../format/glob.ts';
import type { Sample } from '../../model/sample.ts';
import { kindOf } from '../expression/metric-catalogue.ts';
import type { BudgetWatch } from './budget-watch.ts';
import { type MetricReader, readerOf } from './metric-reader.ts';
import { MetricTrack } from './metric-track.ts';
import type { PressureShare } from './pressure-share.ts';
import { TimelineCollector } from './timeline.ts';
import { isPartOfCurrent } from './unseen-memory.ts';

/** A metric that at least one budget refers to. */
export interface Metric {
  readonly track: MetricTrack;
  readonly read: MetricReader;
  /** What a counter had reached in the cgroups before; 0 for sizes. */
  before: number;
  /** The last reading of a counter, with `before`. */
  reached: number;
  readonly isCounter: boolean;
  /** The key of its maximum between two samples. */
  readonly key: string;
  /** Whether it is a part of `current`, so that the kernel's high-water mark limits it. */
  readonly isPart: boolean;
  readonly watches: BudgetWatch[];
  readonly chart: TimelineCollector;
}

/** The sum of the maps with matching names. */
export interface MapMetric extends Metric {
  readonly metric: string;
  readonly names: NamePattern;
}

/** A metric without readings. @param pressure what reads it, if it is a share of waiting time. */
export function createMetric(metric: string, pressure: PressureShare | undefined): Metric {
  return {
    track: new MetricTrack(),
    read: pressure === undefined ? readerOf(metric) : (sample: Sample) => pressure.read(sample),
    before: 0,
    reached: 0,
    isCounter: kindOf(metric) === 'counter',
    key: metric.replace(/^stat\./, ''),
    isPart: isPartOfCurrent(metric),
    watches: [],
    chart: new TimelineCollector(metric),
  };
}

/** The reading of a counter starts at 0 in each cgroup: with what it had reached in those before. */
export function counted(metric: Metric, value: number): number {
  if (!metric.isCounter) return value;
  metric.reached = Math.max(metric.reached, metric.before + value);
  return metric.before + value;
}
