/** Figures over time in memory that does not grow with the run: the older part is thinned out, peaks are kept. Pure. */

/** One column of a chart. */
export interface SeriesColumn {
  min: number;
  max: number;
  last: number;
}

/** The highest value ever, and when. */
export interface SeriesPeak {
  value: number;
  elapsedMs: number;
}

/** Some channels over one time axis. */
export class Series {
  readonly channels: readonly string[];
  constructor(channels: readonly string[], _capacity = 4096) {
    this.channels = channels;
  }
  /** Adds one reading; a channel that is absent has a hole there. Times never go back. */
  add(_elapsedMs: number, _values: Readonly<Record<string, number | undefined>>): void {}
  /** The time of the first and the last reading; undefined before the first. */
  get range(): { fromMs: number; toMs: number } | undefined {
    return undefined;
  }
  /**
   * `count` columns of equal time from `fromMs` to `toMs`. A value holds until the next reading; columns before the first
   * and after the last reading, and holes, are undefined.
   */
  columns(_channel: string, _fromMs: number, _toMs: number, _count: number): (SeriesColumn | undefined)[] {
    return [];
  }
  peak(_channel: string): SeriesPeak | undefined {
    return undefined;
  }
  /** A copy that stays as it is. */
  clone(): Series {
    return this;
  }
}
