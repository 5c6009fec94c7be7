/** The sample clock: takes samples at regular ticks that start at the launch. */

import type { EventRecord, MapsRecord } from '../model/recording.ts';
import type { Sample, SampleMaxima, SampleReason } from '../model/sample.ts';
import { withoutOwnValues } from '../model/sample-maxima.ts';
import type { BpfReading } from './bpf/bpf-clock.ts';
import { EventCounters } from './event-watch.ts';
import type { FigureReader } from './figure-reader.ts';

/** Timing statistics of the sampling. */
export interface Punctuality {
  /** Ticks that were at least half an interval late. */
  late: number;
  /** Ticks that were skipped because a previous one was overdue; they are not made up for. */
  missed: number;
}

/** The inputs of a sampler. */
export interface SamplerParts {
  reader: FigureReader;
  /** Reads BPF memory if it is due, or if the sample needs it; undefined if it was not read. */
  readBpf: (pids: () => number[], sample: Sample) => BpfReading | undefined | Promise<BpfReading | undefined>;
  /** Takes the maxima since the previous sample; undefined if there is no fast clock. */
  takeMaxima?: () => SampleMaxima | undefined;
  /** Milliseconds since the launch. */
  elapsedMs: () => number;
  /**
   * Receives every sample, the maps that have changed, and every event, in chronological order.
   */
  emit: (record: Sample | EventRecord | MapsRecord) => void;
  /** Called if a reading fails; sampling continues. */
  onError: (error: unknown) => void;
}

/** Samples one leaf from `start` to `stop`. */
export class Sampler {
  readonly punctuality: Punctuality = { late: 0, missed: 0 };
  readonly #parts: SamplerParts;
  #intervalMs: number;
  readonly #counters = new EventCounters();
  #timer: NodeJS.Timeout | undefined;
  #dueMs: number;
  #stopped = false;
  /** The clock is running, and no sample is in progress. */
  #isWaiting = false;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: SamplerParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    this.#dueMs = intervalMs;
  }

  /** Takes the first sample and starts the clock. */
  async start(): Promise<void> {
    await this.#sample('launch');
    if (!this.#stopped) this.#schedule();
  }

  /** Stops the clock and takes the last sample. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#isWaiting = false;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#sample('final');
  }

  /** Changes the interval; ticks are counted from this moment. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#dueMs = this.#parts.elapsedMs() + intervalMs;
    if (!this.#isWaiting) return;
    clearTimeout(this.#timer);
    this.#schedule();
  }

  /** Reports counters that were read between samples, after a notification. */
  noticeEvents(
    counts: { events?: Record<string, number> | undefined; local?: Record<string, number> | undefined },
    noticed: 'inotify' | 'eventfd',
  ): void {
    for (const record of this.#counters.observe(counts, this.#parts.elapsedMs(), noticed))
      this.#parts.emit(record);
  }

  #schedule(): void {
    this.#isWaiting = true;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#dueMs - this.#parts.elapsedMs()));
  }

  #tick(): void {
    this.#isWaiting = false;
    const lateMs = this.#parts.elapsedMs() - this.#dueMs;
    if (lateMs >= this.#intervalMs / 2) this.punctuality.late += 1;
    const missed = Math.max(0, Math.floor(lateMs / this.#intervalMs));
    this.punctuality.missed += missed;
    this.#dueMs += (missed + 1) * this.#intervalMs;
    this.#running = this.#sample('tick').then(() => {
      if (!this.#stopped) this.#schedule();
    });
  }

  async #sample(reason: SampleReason): Promise<void> {
    const { reader, readBpf, takeMaxima, elapsedMs, emit, onError } = this.#parts;
    try {
      const at = elapsedMs();
      const figures = await reader.read();
      const sample: Sample = { type: 'sample', elapsedMs: at, reason, ...figures };
      const bpf = await readBpf(() => reader.processes(), sample);
      if (bpf !== undefined) sample.bpf = bpf.totals;
      const maxima = takeMaxima?.();
      if (maxima !== undefined) sample.maxima = withoutOwnValues(maxima, sample);
      const counts = { events: sample.events, local: sample.eventsLocal };
      for (const record of this.#counters.observe(counts, at, 'tick')) emit(record);
      emit(sample);
      if (bpf?.maps !== undefined) emit(toMapsRecord(at, bpf.maps));
    } catch (error) {
      onError(error);
    }
  }
}

function toMapsRecord(elapsedMs: number, { changed, gone }: NonNullable<BpfReading['maps']>): MapsRecord {
  const record: MapsRecord = { type: 'maps', elapsedMs, maps: changed };
  return gone.length === 0 ? record : { ...record, gone };
}
