/** Computes the summary of a run sample by sample, in constant memory. */

import type { BpfSize, BpfTotals } from './bpf-totals.ts';
import { FIELDS, sourceOf } from './field-catalogue.ts';
import { figureOf } from './figures.ts';
import { type BpfMoment, bpfOf, breakKernelDown } from './kernel-breakdown.ts';
import { KeyMaxima } from './key-maxima.ts';
import { metricOf } from './metrics.ts';
import type { BpfSummary, Peak, SummaryRecord } from './recording.ts';
import { addCounts } from './restarts.ts';
import type { Mode, Sample, SampleMaxima } from './sample.ts';

/** The part of a summary that depends only on the samples. */
export type SampleSummary = Pick<
  SummaryRecord,
  | 'peak'
  | 'highest'
  | 'highestWithBpf'
  | 'averages'
  | 'maxima'
  | 'kernelBreakdown'
  | 'events'
  | 'eventsLocal'
  | 'stallUs'
  | 'processes'
  | 'nestedCgroups'
  | 'sources'
> & {
  count: number;
  longestGapMs: number;
  /** Of the fast clock; undefined without one. */
  readings: number | undefined;
  longestReadingGapMs: number | undefined;
  bpf: BpfSummary;
};

/** Accepts samples one at a time; `summary()` may be called at any time. */
export class SampleAggregate {
  readonly #mode: Mode;
  readonly #isAttached: boolean;
  #last: Sample | undefined;
  /** The sample that is valid until the next; undefined if that is of another cgroup. */
  #previous: Sample | undefined;
  /** The counters of the cgroups before. */
  #before: Pick<Sample, 'events' | 'eventsLocal'> & { stallUs?: SummaryRecord['stallUs'] } = {};
  #highest: Sample | undefined;
  #peakBytes: number | undefined;
  #count = 0;
  #longestGapMs = 0;
  #readings: number | undefined;
  #longestReadingGapMs: number | undefined;
  #unseenBytes: number | undefined;
  #nestedMax: number | undefined;
  #bpfLast: BpfTotals | undefined;
  #bpfHeldPeak: BpfTotals['held'];
  #bpfLargest: BpfTotals | undefined;
  #bpfElsewhere: BpfSize | undefined;
  #bpfOrphaned: BpfSize | undefined;
  #bpfRunningReadings = 0;
  /** The last reading of charged BPF memory, and the one that belongs to the highest sample. */
  #bpfMoment: BpfMoment | undefined;
  #bpfAtHighest: BpfTotals | undefined;
  /** The highest sample whose charge of BPF memory is known, and that memory. */
  #explained: { sample: Sample; bpf: BpfTotals } | undefined;
  readonly #weighted = new Map<string, { sum: number; ms: number }>();
  readonly #maxima = new KeyMaxima();
  readonly #statMaxima = new KeyMaxima();

  /** `isAttached`: the cgroup existed before, so that every sample is one of what runs in it. */
  constructor(mode: Mode, isAttached = false) {
    this.#mode = mode;
    this.#isAttached = isAttached;
  }

  add(sample: Sample): void {
    this.#count += 1;
    const previous = this.#previous;
    if (previous !== undefined) {
      const gapMs = sample.elapsedMs - previous.elapsedMs;
      this.#longestGapMs = Math.max(this.#longestGapMs, gapMs);
      this.#weigh(previous, gapMs);
    }
    this.#peakBytes = largest(this.#peakBytes, sample.peak);
    this.#nestedMax = largest(this.#nestedMax, sample.nestedCgroups);
    if (sample.bpf !== undefined) this.#addBpf(sample.bpf, sample);
    this.#raiseMaxima(sample);
    if (sample.maxima !== undefined) this.#addMaxima(sample.maxima);
    if (isAbove(sample, this.#highest)) this.#setHighest(sample);
    this.#explain(sample);
    this.#last = sample;
    this.#previous = sample;
  }

  /** What follows is of another cgroup: its counters start at 0, and nothing is known of the time between. */
  cut(): void {
    this.#before = this.#counters();
    this.#previous = undefined;
    this.#bpfMoment = undefined;
  }

  /**
   * Whether a sample is so much higher than all whose BPF memory is known that BPF memory should be read for
   * it, due or not. That is at most once for every 5 % of growth.
   */
  needsBpf(sample: Sample): boolean {
    if (this.#bpfLast?.charged === undefined || bpfOf(sample, this.#bpfMoment)?.charged !== undefined)
      return false;
    const explained = this.#explained === undefined ? 0 : (totalOf(this.#explained.sample) ?? 0);
    return (totalOf(sample) ?? 0) > explained * NEW_HIGH;
  }

  summary(): SampleSummary {
    const summary: SampleSummary = {
      averages: this.#averages(),
      sources: this.#sources(),
      count: this.#count,
      longestGapMs: this.#longestGapMs,
      readings: this.#readings,
      longestReadingGapMs: this.#longestReadingGapMs,
      bpf: {},
    };
    const peak = this.#peak();
    if (peak !== undefined) summary.peak = peak;
    if (this.#highest !== undefined) summary.highest = this.#highest;
    const maxima = Object.fromEntries([...this.#statMaxima.entries(), ...this.#maxima.entries()]);
    if (Object.keys(maxima).length > 0) summary.maxima = maxima;
    Object.assign(summary, this.#counters());
    if (maxima.processes !== undefined) summary.processes = { max: maxima.processes };
    if (this.#nestedMax !== undefined) summary.nestedCgroups = { max: this.#nestedMax };
    if (this.#highest !== undefined) {
      const instead = this.#bpfAtHighest?.charged === undefined ? this.#explained : undefined;
      const { sample: shown, bpf } = instead ?? { sample: this.#highest, bpf: this.#bpfAtHighest };
      if (instead !== undefined) summary.highestWithBpf = shown;
      const breakdown = breakKernelDown(shown, bpf, this.#bpfNote());
      if (breakdown !== undefined) summary.kernelBreakdown = breakdown;
    }
    if (this.#bpfLast !== undefined) summary.bpf.last = this.#bpfLast;
    if (this.#bpfLargest !== undefined) {
      summary.bpf.largest = this.#bpfLargest;
      summary.bpf.runningReadings = this.#bpfRunningReadings;
    }
    if (this.#bpfElsewhere !== undefined) summary.bpf.heldElsewhere = this.#bpfElsewhere;
    if (this.#bpfOrphaned !== undefined) summary.bpf.orphaned = this.#bpfOrphaned;
    if (this.#bpfHeldPeak !== undefined) summary.bpf.heldPeak = this.#bpfHeldPeak;
    if (this.#isUnread(maxima)) this.#omitUnread(summary);
    return summary;
  }

  /** The counters at the last sample, with those of the cgroups before. */
  #counters(): Pick<SummaryRecord, 'events' | 'eventsLocal' | 'stallUs'> {
    const now = this.#previous;
    const before = this.#before;
    const counters: Pick<SummaryRecord, 'events' | 'eventsLocal' | 'stallUs'> = {};
    const events = addCounts(before.events, now?.events);
    const eventsLocal = addCounts(before.eventsLocal, now?.eventsLocal);
    if (events !== undefined) counters.events = events;
    if (eventsLocal !== undefined) counters.eventsLocal = eventsLocal;
    const stallUs = addCounts(before.stallUs, now?.pressure && stallsOf(now.pressure));
    if (stallUs !== undefined) counters.stallUs = stallUs;
    return counters;
  }

  /** Whether no reading saw the target: it ended before the first one. */
  #isUnread({ processes, anon = 0 }: Record<string, number>): boolean {
    if (this.#isAttached) return false;
    return this.#mode === 'process-tree' ? processes === 0 : this.#readings === 0 && anon === 0;
  }

  /** Leaves the kernel's high-water mark alone: the other figures are those of nothing. */
  #omitUnread(summary: SampleSummary): void {
    summary.averages = {};
    delete summary.maxima;
    if (this.#mode === 'process-tree') {
      delete summary.peak;
      delete summary.highest;
    } else if (summary.peak !== undefined) summary.maxima = { current: summary.peak.bytes };
  }

  #weigh(sample: Sample, ms: number): void {
    for (const id of AVERAGED) {
      const value = figureOf(sample, id);
      if (value === undefined) continue;
      const entry = this.#weighted.get(id);
      if (entry === undefined) this.#weighted.set(id, { sum: value * ms, ms });
      else {
        entry.sum += value * ms;
        entry.ms += ms;
      }
    }
  }

  #averages(): Record<string, number> {
    const averages: Record<string, number> = {};
    for (const [id, { sum, ms }] of this.#weighted) if (ms > 0) averages[id] = Math.round(sum / ms);
    return averages;
  }

  #raiseMaxima(sample: Sample): void {
    if (sample.stat !== undefined) this.#statMaxima.add(sample.stat);
    for (const metric of GAUGES) this.#maxima.raise(metric, metricOf(sample, metric));
    if (sample.bpf === undefined) return;
    for (const metric of BPF_GAUGES) this.#maxima.raise(metric, metricOf(sample, metric));
  }

  /** `kernel` is a key of memory.stat on cgroup v2, and a metric of its own. */
  #addMaxima({ readings, longestGapMs, bytes, unseenBytes }: SampleMaxima): void {
    this.#readings = (this.#readings ?? 0) + readings;
    this.#longestReadingGapMs = largest(this.#longestReadingGapMs, longestGapMs);
    this.#unseenBytes = largest(this.#unseenBytes, unseenBytes);
    for (const [metric, value] of Object.entries(bytes)) {
      const isOfStat = this.#statMaxima.has(metric);
      if (isOfStat) this.#statMaxima.raise(metric, value);
      if (!isOfStat || this.#maxima.has(metric)) this.#maxima.raise(metric, value);
    }
  }

  #peak(): Peak | undefined {
    if (this.#peakBytes !== undefined) {
      const peak: Peak = {
        bytes: this.#peakBytes,
        source: this.#mode === 'cgroup1' ? 'memory.max_usage_in_bytes' : 'memory.peak',
      };
      return this.#unseenBytes === undefined ? peak : { ...peak, unseenBytes: this.#unseenBytes };
    }
    const bytes = largest(
      this.#highest === undefined ? undefined : totalOf(this.#highest),
      this.#maxima.valueOf('current'),
    );
    return bytes === undefined ? undefined : { bytes, source: 'sampled' };
  }

  /** The launch and the end are not when memory is used. */
  #explain(sample: Sample): void {
    const bpf = sample.reason === 'tick' ? bpfOf(sample, this.#bpfMoment) : undefined;
    if (bpf?.charged !== undefined && isAbove(sample, this.#explained?.sample))
      this.#explained = { sample, bpf };
  }

  #setHighest(sample: Sample): void {
    this.#highest = sample;
    this.#bpfAtHighest = bpfOf(sample, this.#bpfMoment);
  }

  #addBpf(bpf: BpfTotals, { elapsedMs, reason, kernel, stat }: Sample): void {
    this.#bpfLast = bpf;
    const { held } = bpf;
    const before = this.#bpfHeldPeak;
    if (held !== undefined && (before === undefined || heldBytes(held) >= heldBytes(before)))
      this.#bpfHeldPeak = held;
    const elsewhere = bpf.heldElsewhere?.maps;
    if (elsewhere !== undefined && elsewhere.count > 0) {
      if (elsewhere.bytes >= (this.#bpfElsewhere?.bytes ?? 0)) this.#bpfElsewhere = { ...elsewhere };
    }
    const orphaned = bpf.orphaned?.maps;
    if (orphaned !== undefined && orphaned.bytes >= (this.#bpfOrphaned?.bytes ?? 0))
      this.#bpfOrphaned = { ...orphaned };
    const isLarger = this.#bpfLargest === undefined || leafBytes(bpf) >= leafBytes(this.#bpfLargest);
    if (bpf.charged !== undefined && isLarger) this.#bpfLargest = bpf;
    if (bpf.charged !== undefined && reason === 'tick') this.#bpfRunningReadings += 1;
    // After the target has exited its maps no longer exist: that reading is not valid for an earlier time.
    if (reason === 'final' || bpf.charged === undefined) return;
    this.#bpfMoment = {
      elapsedMs,
      bpf,
      ...(kernel === undefined ? {} : { kernel }),
      ...(stat === undefined ? {} : { stat }),
    };
    if (this.#highest !== undefined && this.#bpfAtHighest?.charged === undefined) {
      this.#bpfAtHighest = bpfOf(this.#highest, this.#bpfMoment);
    }
  }

  /** Why the highest sample has no BPF memory. */
  #bpfNote(): string {
    if (this.#bpfLast === undefined) return 'BPF memory was not read';
    return this.#bpfLargest === undefined
      ? 'BPF memory could not be attributed'
      : 'BPF memory was not read at that time';
  }

  #sources(): Record<string, string> {
    const sources: Record<string, string> = {};
    for (const { id } of FIELDS) {
      const source = sourceOf(id, this.#mode);
      if (source !== undefined && this.#last !== undefined && figureOf(this.#last, id) !== undefined) {
        sources[id] = source;
      }
    }
    const peak = this.#peak();
    if (peak !== undefined) sources.peak = peak.source;
    return sources;
  }
}

/** Averages are computed for gauges only: the mean of a counter is meaningless. */
const AVERAGED = FIELDS.filter((field) => field.kind === 'gauge' && field.id !== 'peak').map(
  (field) => field.id,
);

/**
 * The metrics whose maximum is recorded in addition to the keys of memory.stat, before them; `peak` is the
 * kernel's own.
 */
const GAUGES = ['current', 'workingset', 'swap', 'kernel', 'rss', 'pss', 'processes'] as const;

/** The metrics that only samples with a reading of BPF memory have. */
const BPF_GAUGES = ['unexplained', 'bpf', 'bpf.maps', 'bpf.programs', 'bpf.uncharged'] as const;

/** How far a sample must be above the highest one with BPF memory for another reading. */
const NEW_HIGH = 1.05;

function stallsOf({ some, full }: NonNullable<Sample['pressure']>): Record<string, number> {
  return {
    ...(some === undefined ? {} : { some: some.total }),
    ...(full === undefined ? {} : { full: full.total }),
  };
}

function isAbove(sample: Sample, other: Sample | undefined): boolean {
  const [total, before] = [totalOf(sample), other === undefined ? undefined : totalOf(other)];
  return total !== undefined && (before === undefined || total > before);
}

/** Undefined if the leaf was removed. */
function totalOf(sample: Sample): number | undefined {
  return sample.current ?? sample.tree?.rss;
}

function heldBytes(held: NonNullable<BpfTotals['held']>): number {
  return held.maps.memlock + held.programs.memlock;
}

function leafBytes({ charged, uncharged }: BpfTotals): number {
  return (charged?.maps.bytes ?? 0) + (charged?.programs.bytes ?? 0) + (uncharged?.maps.bytes ?? 0);
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
