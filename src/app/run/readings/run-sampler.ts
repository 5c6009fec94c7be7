/** The samplers of a run, one after the other: an attachment may continue in another cgroup. */
import type { FigureReader } from '../../../sampler/figure-reader.ts';
import { Sampler, type SamplerParts } from '../../../sampler/sampler.ts';

/** Samples one cgroup at a time, with one interval and one count of late ticks for all. */
export class RunSampler {
  readonly #parts: Omit<SamplerParts, 'reader'>;
  #intervalMs: number;
  #sampler: Sampler | undefined;
  /** Of samplers that have stopped. */
  #earlier: Sampler['punctuality'] = { late: 0, missed: 0 };

  constructor(parts: Omit<SamplerParts, 'reader'>, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
  }

  /** The current interval. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Changes the interval. */
  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#sampler?.setInterval(intervalMs);
  }

  /** Timing statistics of all samples. */
  get punctuality(): Sampler['punctuality'] {
    const { late = 0, missed = 0 } = this.#sampler?.punctuality ?? {};
    return { late: this.#earlier.late + late, missed: this.#earlier.missed + missed };
  }

  /** From now on `noticeEvents` reports events; `start` takes the first sample. */
  open(reader: FigureReader): Sampler {
    this.#sampler = new Sampler({ ...this.#parts, reader }, this.#intervalMs);
    return this.#sampler;
  }

  /** Reports counters that were read between samples; none before `open`. */
  readonly noticeEvents: Sampler['noticeEvents'] = (...event) => this.#sampler?.noticeEvents(...event);

  /** Takes the last sample of what is open. */
  async stop(): Promise<void> {
    await this.#sampler?.stop();
    this.#earlier = this.punctuality;
    this.#sampler = undefined;
  }
}
