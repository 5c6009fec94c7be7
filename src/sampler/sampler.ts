/** The clock: takes a sample at every tick of a grid that starts with the launch. */

import type { EventRecord, MapsRecord } from '../model/recording.ts';
import type { Sample, SampleReason } from '../model/sample.ts';
import type { BpfReading } from './bpf/bpf-clock.ts';
import { EventCounters } from './event-watch.ts';
import type { FigureReader } from './figure-reader.ts';

/** How punctual the sampling was. */
export interface Punctuality {
  /** Ticks that came at least half an interval after they were due. */
  late: number;
  /** Ticks that were left out because the one before them was still due; they are not made up for. */
  missed: number;
}

/** What a sampler works with. */
export interface SamplerParts {
  reader: FigureReader;
  /** Reads BPF memory when its own clock says so, or `now`; undefined when it was not read this time. */
  readBpf: (pids: () => number[], now: boolean) => BpfReading | undefined;
  /** Milliseconds since the launch. */
  elapsedMs: () => number;
  /**
   * Takes every sample, the maps that have changed by then, and every event, in the order in which they came
   * about.
   */
  emit: (record: Sample | EventRecord | MapsRecord) => void;
  /** Takes a reading that failed; sampling goes on. */
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
  /** The clock is started, and no sample is being taken. */
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

  /** Another time between two samples, from now on: the grid begins anew at this moment. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#dueMs = this.#parts.elapsedMs() + intervalMs;
    if (!this.#isWaiting) return;
    clearTimeout(this.#timer);
    this.#schedule();
  }

  /** Reports counters that were read between samples, after a notification of a watch. */
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
    const { reader, readBpf, elapsedMs, emit, onError } = this.#parts;
    try {
      const at = elapsedMs();
      const figures = await reader.read();
      const sample: Sample = { type: 'sample', elapsedMs: at, reason, ...figures };
      const bpf = readBpf(() => reader.processes(), reason !== 'tick');
      if (bpf !== undefined) sample.bpf = bpf.totals;
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
