/** Evaluates budgets over the records of one run, in constant memory. */

import { compileGlob } from '../../format/glob.ts';
import { mapNameIn } from '../../model/metrics.ts';
import { ownValue } from '../../model/own-value.ts';
import type { ProcessesRecord } from '../../model/recorded-processes.ts';
import type {
  EventRecord,
  MapsRecord,
  RecordLine,
  StartRecord,
  SummaryRecord,
} from '../../model/recording.ts';
import { isCut } from '../../model/restarts.ts';
import type { LeafLimits, Sample, SampleReason } from '../../model/sample.ts';
import type { Grown } from '../../model/verdict.ts';
import type { BaselineValues, ExceededBudget, NamedBudget, RunResult } from '../expression/budget.ts';
import { kindOf } from '../expression/metric-catalogue.ts';
import { resultOf } from './budget-result.ts';
import { BudgetWatch, type FirstExceeded } from './budget-watch.ts';
import { counted, createMetric, type MapMetric, type Metric } from './metric.ts';
import { MetricTrack } from './metric-track.ts';
import type { Missing, RunFacts } from './not-measured.ts';
import { PressureShare } from './pressure-share.ts';
import { remarksOn } from './remarks.ts';
import { GrowthTables, type TopGrown } from './top-grown.ts';
import { UnseenMemory } from './unseen-memory.ts';

/** Optional inputs of an evaluation besides the records. */
export interface GateOptions {
  baseline?: BaselineValues;
  /** Called once per budget, when it can no longer pass. */
  onExceeded?: (exceeded: ExceededBudget) => void;
}

const DEFAULT_INTERVAL_MS = 500;

/** Processes read within this time after a limit was exceeded are reported with it. Unit: milliseconds. */
const PROCESSES_WITHIN_MS = 500;

/** Accepts the records of one run in order; `finish()` returns one result per budget. */
export class BudgetEvaluator {
  readonly #budgets: readonly NamedBudget[];
  readonly #options: GateOptions;
  readonly #watches: BudgetWatch[] = [];
  readonly #metrics = new Map<string, Metric>();
  /** Metrics of every sample, and metrics of samples with a reading of BPF memory. */
  readonly #ofSamples: Metric[] = [];
  readonly #ofBpf: Metric[] = [];
  readonly #ofMaps: MapMetric[] = [];
  readonly #pressures = new Map<string, PressureShare>();
  #tables = new GrowthTables();
  #start: StartRecord | undefined;
  #summary: SummaryRecord | undefined;
  #limits: LeafLimits | undefined;
  #lastSample: Sample | undefined;
  #lastBpf: Sample | undefined;
  #runningSamples = 0;
  #readings = 0;
  #bpfReadings = 0;
  readonly #unseen = new UnseenMemory();
  #hasBpf = false;
  /** Number of cgroups that were followed into. */
  #restarts = 0;
  #elsewhere: Missing | undefined;
  /** A sample with a reading of BPF memory, whose record of maps follows if they changed. */
  #awaitsMaps: Sample | undefined;
  /** A record of maps preceded the sample that it belongs to. */
  #awaitsSample = false;
  /** A new report needs the processes and maps of this time. */
  #unsettledMs: number | undefined;

  constructor(budgets: readonly NamedBudget[], options: GateOptions = {}) {
    this.#budgets = budgets;
    this.#options = options;
    for (const [index, named] of budgets.entries()) {
      const { metric, aggregate } = named.budget;
      const entry = this.#metrics.get(metric) ?? this.#addMetric(metric);
      entry.track.prepare(aggregate);
      const watch = new BudgetWatch(index, named, options.baseline);
      if (watch.canExceedForGood) entry.watches.push(watch);
      this.#watches.push(watch);
    }
  }

  /** Processes the next record. */
  observe(record: RecordLine): void {
    switch (record.type) {
      case 'sample':
        this.#onSample(record);
        break;
      case 'maps':
        this.#onMaps(record);
        break;
      case 'processes':
        this.#onProcesses(record);
        break;
      case 'event':
        this.#onEvent(record);
        break;
      case 'start':
        this.#start = record;
        if (record.attached !== undefined) this.#tables = new GrowthTables(true);
        break;
      case 'summary':
        this.#summary = record;
        break;
    }
  }

  /** One result per budget, in order. Without a summary, up to the last record. */
  finish(summary: SummaryRecord | undefined = this.#summary): RunResult[] {
    this.#flushMaps();
    this.#settle();
    const run: RunFacts = {
      start: this.#start,
      summary,
      runningSamples: this.#runningSamples,
      readings: this.#readings,
      bpfReadings: this.#bpfReadings,
      unseen: this.#unseen,
      hasBpf: this.#hasBpf,
      elsewhere: elsewhereOf(summary) ?? this.#elsewhere,
    };
    return this.#watches.map((watch) => {
      const { metric } = watch.named.budget;
      const { track = new MetricTrack(), chart } = this.#metrics.get(metric) ?? {};
      const pressure = this.#pressures.get(metric);
      const { mapNames, ownMapNames: own, mapsElsewhere: elsewhere } = this.#tables;
      const [limits, options] = [this.#limits, this.#options];
      return resultOf(watch, {
        run,
        track,
        timeline: chart?.timeline,
        pressure,
        limits,
        options,
        mapNames,
        charged: { own, elsewhere },
      });
    });
  }

  /** Remarks for readers of the results; call it after `finish`. */
  warnings(summary: SummaryRecord | undefined = this.#summary): string[] {
    return remarksOn({
      summary,
      mode: this.#start?.mode,
      budgets: this.#budgets,
      restarts: this.#restarts,
      ofMaps: this.#ofMaps,
      mapNames: this.#tables.mapNames,
      mapsElsewhere: this.#tables.mapsElsewhere,
    });
  }

  #addMetric(metric: string): Metric {
    const kind = kindOf(metric);
    const pressure = kind === 'psi' ? new PressureShare(metric === 'psi.full' ? 'full' : 'some') : undefined;
    const entry = createMetric(metric, pressure);
    this.#metrics.set(metric, entry);
    if (pressure !== undefined) this.#pressures.set(metric, pressure);
    const glob = mapNameIn(metric);
    if (glob !== undefined) this.#ofMaps.push({ ...entry, metric, names: compileGlob(glob) });
    else if (kind === 'bpf') this.#ofBpf.push(entry);
    else if (kind !== 'leftover') this.#ofSamples.push(entry);
    return entry;
  }

  #onSample(sample: Sample): void {
    if (this.#unsettledMs !== undefined) this.#settle();
    this.#flushMaps();
    const { reason, elapsedMs } = sample;
    if (sample.limits !== undefined) this.#limits = sample.limits;
    if (reason === 'tick') this.#runningSamples += 1;
    this.#lastSample = sample;
    const readings = this.#ofSamples;
    for (let at = 0; at < readings.length; at++) {
      const metric = readings[at];
      if (metric === undefined) continue;
      const value = metric.read(sample);
      if (value !== undefined) this.#feed(metric, elapsedMs, reason, counted(metric, value), sample);
    }
    if (sample.bpf !== undefined) this.#onBpf(sample);
    else if (this.#awaitsSample) this.#feedMaps(sample);
    this.#onMaxima(sample);
  }

  /** What was read between the previous sample and this one. */
  #onMaxima(sample: Sample): void {
    const { maxima } = sample;
    const unseenBytes = this.#unseen.add(sample);
    if (maxima === undefined && unseenBytes === 0) return;
    this.#readings += maxima?.readings ?? 0;
    this.#bpfReadings += maxima?.bpfReadings ?? 0;
    if (this.#bpfReadings > 0) this.#hasBpf = true;
    for (const metric of [...this.#ofSamples, ...this.#ofBpf]) {
      const read = ownValue(maxima?.bytes, metric.key);
      const value = read === undefined ? undefined : counted(metric, read);
      if (value !== undefined) this.#raise(metric, value, sample);
      // With a reading of its own it is in the chart already.
      if (value !== undefined && metric.read(sample) === undefined) metric.chart.add(sample.elapsedMs, value);
      if (unseenBytes === 0 || !metric.isPart) continue;
      const { track } = metric;
      const possible = Math.max(value ?? 0, metric.read(sample) ?? 0) + unseenBytes;
      if (possible > (track.possible ?? 0)) track.possible = possible;
    }
  }

  #raise(metric: Metric, value: number, sample: Sample): void {
    if (metric.track.raise(sample.elapsedMs, value, sample)) this.#onExtreme(metric, sample, 'launch', value);
  }

  #onBpf(sample: Sample): void {
    if (sample.bpf?.charged === undefined) return;
    this.#hasBpf = true;
    this.#lastBpf = sample;
    for (const metric of this.#ofBpf) {
      const value = metric.read(sample);
      if (value !== undefined) this.#feed(metric, sample.elapsedMs, sample.reason, value, sample);
    }
    if (this.#ofMaps.length === 0) return;
    if (this.#awaitsSample) this.#feedMaps(sample);
    else this.#awaitsMaps = sample;
  }

  #onMaps(record: MapsRecord): void {
    this.#settleBefore(record.elapsedMs);
    this.#tables.addMaps(record);
    this.#hasBpf = true;
    // The record may precede or follow the sample of the same reading.
    const sample = this.#awaitsMaps ?? (this.#lastSample?.reason === 'final' ? this.#lastSample : undefined);
    if (sample === undefined) this.#awaitsSample = true;
    else this.#feedMaps(sample);
  }

  #flushMaps(): void {
    if (this.#awaitsMaps !== undefined) this.#feedMaps(this.#awaitsMaps);
  }

  #feedMaps(sample: Sample): void {
    this.#awaitsMaps = undefined;
    this.#awaitsSample = false;
    // There are maps, but the recording does not list them: a sum of 0 would be wrong.
    if (!this.#tables.hasMaps && (sample.bpf?.charged?.maps.count ?? 0) > 0) return;
    for (const metric of this.#ofMaps) {
      this.#feed(metric, sample.elapsedMs, sample.reason, this.#tables.sumMaps(metric.names), sample);
    }
  }

  #onProcesses(record: ProcessesRecord): void {
    this.#settleBefore(record.elapsedMs);
    const [largest] = this.#tables.top().processes;
    this.#tables.addProcesses(record);
    // The largest process has exited since, but is still the one to report.
    if (largest?.id !== undefined && record.gone?.includes(largest.id)) return;
    const { processes } = this.#tables.top();
    for (const { exceeded } of this.#watches) {
      if (exceeded !== undefined && isNear(record, exceeded.elapsedMs, exceeded.grown)) {
        exceeded.processesAfter ??= processes;
      }
    }
    for (const { track } of this.#metrics.values()) {
      const { highest, maxMs } = track;
      if (highest.grown === undefined || !isNear(record, maxMs, highest.grown)) continue;
      // Memory may have been freed after its maximum: the larger processes are closer to it.
      if (sumOf(processes) > sumOf(highest.grown.processes)) highest.grown = { ...highest.grown, processes };
    }
  }

  /** A kill is reported by its event before the next sample. */
  #onEvent(record: EventRecord): void {
    const { event, count, elapsedMs, message, hint } = record;
    if (isCut(record)) this.#cut(record);
    if (event === 'elsewhere' || event === 'cgroup_removed') {
      this.#elsewhere ??= { reason: message ?? event, ...(hint === undefined ? {} : { hint }) };
    }
    if (event !== 'oom_kill' || count === undefined) return;
    const metric = this.#metrics.get('oom_kill');
    // Not a reading while the target runs: samples are counted, not events.
    if (metric !== undefined)
      this.#feed(metric, elapsedMs, 'launch', counted(metric, count), this.#lastSample);
  }

  /** What follows is of another cgroup. */
  #cut({ event, elapsedMs }: EventRecord): void {
    this.#settle();
    this.#flushMaps();
    if (event === 'followed') this.#restarts += 1;
    for (const metric of this.#metrics.values()) {
      metric.before = metric.reached;
      metric.track.cut();
      // The chart has a gap.
      metric.chart.add(elapsedMs, undefined);
    }
    for (const pressure of this.#pressures.values()) pressure.cut();
    this.#unseen.cut();
    this.#tables.cut();
    this.#lastBpf = undefined;
  }

  #feed(metric: Metric, ms: number, reason: SampleReason, value: number, sample: Sample | undefined): void {
    const before = sample?.maxima?.bytes[metric.key];
    if (before !== undefined && before > value) metric.chart.add(ms, before);
    metric.chart.add(ms, value);
    if (metric.track.add(ms, reason, value, sample)) this.#onExtreme(metric, sample, reason, value, ms);
  }

  #onExtreme(
    metric: Metric,
    sample: Sample | undefined,
    reason: SampleReason,
    value: number,
    ms = sample?.elapsedMs ?? 0,
  ): void {
    this.#unsettledMs = ms;
    const { watches, track } = metric;
    if (track.highest.sample === sample) track.highest.bpf = this.#lastBpf;
    for (let at = 0; at < watches.length; at++) {
      const watch = watches[at];
      if (watch === undefined || watch.exceeded !== undefined) continue;
      const limit = watch.limitBy(this.#limits);
      if (limit === undefined || !watch.isExceededBy(value, limit, reason)) continue;
      watch.exceeded = {
        elapsedMs: ms,
        value,
        limit,
        sample,
        bpf: this.#lastBpf,
        grown: undefined,
        processesAfter: undefined,
      };
      this.#options.onExceeded?.({ index: watch.index, budget: watch.named, elapsedMs: ms, value, limit });
    }
  }

  /** The records of processes and maps that belong to a sample precede or follow it shortly. */
  #settleBefore(elapsedMs: number): void {
    const nearMs = (this.#start?.intervalMs ?? DEFAULT_INTERVAL_MS) / 2;
    if (this.#unsettledMs !== undefined && elapsedMs - this.#unsettledMs > nearMs) this.#settle();
  }

  #settle(): void {
    this.#unsettledMs = undefined;
    const grown = this.#tables.top();
    for (const { track } of this.#metrics.values()) track.highest.grown ??= grown;
    for (const { exceeded } of this.#watches) settleExceeded(exceeded, grown);
  }
}

/** The summary names a process by the program that it executed last. */
function elsewhereOf(summary: SummaryRecord | undefined): Missing | undefined {
  const first = summary?.elsewhere?.processes[0];
  return first === undefined ? undefined : { reason: first.message, hint: first.hint };
}

function settleExceeded(exceeded: FirstExceeded | undefined, grown: FirstExceeded['grown']): void {
  if (exceeded !== undefined) exceeded.grown ??= grown;
}

/** On a busy machine the first reading is late, but better than none. */
function isNear({ elapsedMs }: ProcessesRecord, sinceMs: number, before: TopGrown | undefined): boolean {
  return elapsedMs - sinceMs <= PROCESSES_WITHIN_MS || before?.processes.length === 0;
}

function sumOf(grown: readonly Grown[]): number {
  return grown.reduce((sum, { toBytes }) => sum + toBytes, 0);
}
