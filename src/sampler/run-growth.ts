/** The growth of the main figures of a run, for its summary. */
import { figureOf } from '../model/figures.ts';
import type { Sample } from '../model/sample.ts';
import { GrowthReadings, shownGrowth } from '../statistics/trend.ts';

/** The figures in the order of the summary. */
const FIGURES = ['current', 'anon', 'file', 'kernel', 'rss', 'pss'] as const;

/** Accepts every sample of a run; memory is bounded. */
export class RunGrowth {
  readonly #readings = new Map<string, GrowthReadings>();

  add(sample: Sample): void {
    if (sample.reason !== 'tick') return;
    for (const id of FIGURES) {
      const value = figureOf(sample, id);
      if (value === undefined) continue;
      const readings = this.#readings.get(id) ?? new GrowthReadings();
      this.#readings.set(id, readings);
      readings.add(sample.elapsedMs, value);
    }
  }

  /**
   * The estimated growth of the figures that certainly grew or shrank over the second half of the run;
   * undefined if none did, or if the run was too short. Unit: bytes per minute.
   */
  summary(): Record<string, number> | undefined {
    const growth: Record<string, number> = {};
    for (const [id, readings] of this.#readings) {
      const slope = shownGrowth(readings.growth());
      if (slope !== undefined && Math.round(slope) !== 0) growth[id] = Math.round(slope);
    }
    return Object.keys(growth).length === 0 ? undefined : growth;
  }
}
