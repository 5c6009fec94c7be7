/** Tracks one metric over a run, in constant memory. */
import type { Sample, SampleReason } from '../../model/sample.ts';
import { Quantiles } from '../../statistics/quantiles.ts';
import { type Growth, GrowthReadings } from '../../statistics/trend.ts';
import type { Aggregate } from '../expression/budget.ts';
import type { TopGrown } from './top-grown.ts';

const SHARES: Partial<Record<Aggregate, number>> = { median: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

/** Maximum number of growths of earlier cgroups that are kept. */
const MAX_GROWTHS = 8;

/** The reading that is reported if a budget is not exceeded at a single time. */
interface Highest {
  sample: Sample | undefined;
  /** The last sample with a reading of BPF memory up to then. */
  bpf: Sample | undefined;
  /** Set at the next sample: the record of processes follows its sample. */
  grown: TopGrown | undefined;
  /** The first reading of the same cgroup. */
  first: number | undefined;
}

/** Accepts the readings of one metric. */
export class MetricTrack {
  /** The first reading. */
  first: number | undefined;
  max: number | undefined;
  maxMs = 0;
  readonly highest: Highest = { sample: undefined, bpf: undefined, grown: undefined, first: undefined };
  /** For readings while the target runs. */
  min: number | undefined;
  minMs = 0;
  /** While the target ran. */
  last: number | undefined;
  /** After it has exited. */
  final: number | undefined;
  finalMs = 0;
  /** The largest value that the kernel's high-water mark does not exclude; undefined if it adds nothing. */
  possible: number | undefined;
  /** Readings while the target runs: excludes those at its launch and after its exit. */
  runningCount = 0;
  #weighted = 0;
  #weightMs = 0;
  #previousMs: number | undefined;
  #previousValue = 0;
  #quantiles: Quantiles | undefined;
  #growth: GrowthReadings | undefined;
  /** Those of the cgroups before. */
  readonly #growthsBefore: { growth: Growth | undefined; count: number; ms: number }[] = [];

  /** Starts collecting the data that this aggregate needs. */
  prepare(aggregate: Aggregate): void {
    if (SHARES[aggregate] !== undefined) this.#quantiles ??= new Quantiles();
    if (aggregate === 'growth') this.#growth ??= new GrowthReadings();
  }

  /** Adds a reading; returns true if it is a new maximum or minimum. */
  add(elapsedMs: number, reason: SampleReason, value: number, sample: Sample | undefined): boolean {
    if (this.#previousMs !== undefined) {
      const ms = elapsedMs - this.#previousMs;
      this.#weighted += this.#previousValue * ms;
      this.#weightMs += ms;
    }
    this.#previousMs = elapsedMs;
    this.#previousValue = value;
    this.first ??= value;
    let isExtreme = false;
    if (this.max === undefined || value > this.max) {
      this.max = value;
      this.maxMs = elapsedMs;
      this.highest.sample = sample;
      this.highest.grown = undefined;
      this.highest.first = this.first;
      isExtreme = true;
    }
    if (reason === 'tick') return this.#addRunning(elapsedMs, value) || isExtreme;
    if (reason === 'final') {
      this.final = value;
      this.finalMs = elapsedMs;
    }
    return isExtreme;
  }

  /** Adds the maximum of the readings before a sample; returns true if it is a new maximum of the run. */
  raise(elapsedMs: number, value: number, sample: Sample): boolean {
    if (this.max !== undefined && value <= this.max) return false;
    this.max = value;
    this.maxMs = elapsedMs;
    this.highest.sample = sample;
    this.highest.grown = undefined;
    this.highest.first = this.first;
    return true;
  }

  /** The time-weighted mean, where every reading is valid until the next; undefined before the second. */
  get average(): number | undefined {
    return this.#weightMs > 0 ? this.#weighted / this.#weightMs : undefined;
  }

  /**
   * What follows is of another cgroup: the mean and growth do not continue. Of the growths in earlier cgroups
   * the strongest and the weakest are kept.
   */
  cut(): void {
    this.first = undefined;
    this.#previousMs = undefined;
    if (this.#growth === undefined || this.#growth.count === 0) return;
    const before = this.#growthsBefore;
    before.push(spanOf(this.#growth));
    this.#growth = new GrowthReadings();
    before.sort((a, b) => (b.growth?.certain ?? 0) - (a.growth?.certain ?? 0) || b.ms - a.ms);
    if (before.length > MAX_GROWTHS) before.splice(1, 1);
  }

  /** Number of readings that growth is computed from, and their time span: in one cgroup, the longest. */
  get growthSpan(): { count: number; ms: number } {
    const spans = this.#growths();
    return {
      count: Math.max(0, ...spans.map(({ count }) => count)),
      ms: Math.max(0, ...spans.map(({ ms }) => ms)),
    };
  }

  /** Of several cgroups, the largest growth, or the smallest. */
  growth(which: 'largest' | 'smallest' = 'largest'): Growth | undefined {
    const known = this.#growths().flatMap(({ growth }) => growth ?? []);
    const sorted = known.sort((a, b) => a.certain - b.certain || a.slope - b.slope);
    return which === 'largest' ? sorted.at(-1) : sorted[0];
  }

  #growths(): { growth: Growth | undefined; count: number; ms: number }[] {
    return this.#growth === undefined ? [] : [...this.#growthsBefore, spanOf(this.#growth)];
  }

  /** The value of any aggregate; undefined if there are too few readings. */
  valueOf(aggregate: Aggregate, which?: 'largest' | 'smallest'): number | undefined {
    switch (aggregate) {
      case 'max':
      case 'min':
      case 'last':
      case 'final':
        return this[aggregate];
      case 'avg':
        return this.average;
      case 'growth':
        return this.growth(which)?.certain;
      default:
        return this.#quantiles?.at(SHARES[aggregate] ?? 0);
    }
  }

  #addRunning(elapsedMs: number, value: number): boolean {
    this.last = value;
    this.runningCount += 1;
    this.#quantiles?.add(value);
    this.#growth?.add(elapsedMs, value);
    if (this.min !== undefined && value >= this.min) return false;
    this.min = value;
    this.minMs = elapsedMs;
    return true;
  }
}

function spanOf(readings: GrowthReadings): { growth: Growth | undefined; count: number; ms: number } {
  return { growth: readings.growth(), count: readings.count, ms: readings.spanMs };
}
