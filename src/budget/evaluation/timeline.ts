/** Collects the values of a report's chart, in constant memory. */
import { Series } from '../../model/series.ts';
import type { Timeline } from '../../model/verdict.ts';

/** The number of steps of a chart. */
const STEPS = 120;

/** The values of one metric over a run. */
export class TimelineCollector {
  readonly #figure: string;
  readonly #series: Series;

  constructor(figure: string) {
    this.#figure = figure;
    this.#series = new Series([figure], 4 * STEPS);
  }

  /** Adds a reading, which is valid until the next one. */
  add(elapsedMs: number, value: number | undefined): void {
    this.#series.add(elapsedMs, { [this.#figure]: value });
  }

  /** Undefined before the second sample. */
  get timeline(): Timeline | undefined {
    const { range } = this.#series;
    if (range === undefined || range.toMs <= range.fromMs) return undefined;
    const columns = this.#series.columns(this.#figure, range.fromMs, range.toMs, STEPS);
    return { figure: this.#figure, ...range, max: columns.map((column) => column?.max ?? null) };
  }
}
