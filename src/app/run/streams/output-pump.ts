/** Reads the output of the target, leaving enough time of the event loop for samples. */
import type { Readable } from 'node:stream';
import { monotonicMs } from '../../../kernel/monotonic.ts';
import { sleep } from '../../../kernel/sleep.ts';

/**
 * Milliseconds for other work per millisecond of output processing: output uses at most a third of the event
 * loop.
 */
const REST_PER_WORK = 2;

/**
 * Maximum pause: on a busy machine a chunk seems to take long while other processes run. Unit: milliseconds.
 */
const MAX_REST_MS = 20;

/** Interval for checking whether a pipe has ended. Unit: milliseconds. */
const POLL_MS = 10;

/**
 * Forwards a pipe chunk by chunk: the next chunk is read after `take` has processed the previous one, plus a
 * pause. Meanwhile the pipe fills up and the target blocks, as with a slow terminal.
 */
export class OutputPump {
  readonly #from: Readable;
  readonly #take: (chunk: Buffer) => Promise<void>;
  #restMs = 0;
  #isTaking = false;

  /** `take` resolves when it is ready for the next chunk; it must not reject. */
  constructor(from: Readable, take: (chunk: Buffer) => Promise<void>) {
    this.#from = from;
    this.#take = take;
    // An error ends the pipe like its end: no more data follows.
    from.on('error', () => {});
    from.on('data', (chunk: Buffer) => {
      from.pause();
      void this.#pass(chunk);
    });
  }

  /**
   * Resolves when the pipe has ended and all data is processed. Another process may hold it open forever, so
   * it is abandoned after a timeout that excludes the time spent in `take`.
   */
  async finish(timeoutMs: number): Promise<void> {
    let leftMs = timeoutMs;
    while (!this.#isDone && (this.#isTaking || leftMs > 0)) {
      if (!this.#isTaking) leftMs -= POLL_MS;
      await sleep(POLL_MS);
    }
    this.stop();
  }

  /** Stops reading; may be called more than once. */
  stop(): void {
    this.#from.destroy();
  }

  get #isDone(): boolean {
    // The pipe may end while the last chunk is still being processed.
    return this.#from.destroyed && !this.#isTaking;
  }

  async #pass(chunk: Buffer): Promise<void> {
    const startedMs = monotonicMs();
    this.#isTaking = true;
    const taken = this.#take(chunk);
    this.#restMs += (monotonicMs() - startedMs) * REST_PER_WORK;
    await taken;
    this.#isTaking = false;
    await this.#rest();
    this.#from.resume();
  }

  /**
   * Many small chunks cost as much as a large one: pauses below the timer resolution are accumulated.
   */
  async #rest(): Promise<void> {
    const restMs = this.#restMs;
    if (restMs < 1) return new Promise((resolve) => setImmediate(resolve));
    this.#restMs = 0;
    return sleep(Math.min(restMs, MAX_REST_MS));
  }
}
