/** Taking what the target prints, at a pace that leaves the event loop to the samples. */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../kernel/monotonic.ts';

/**
 * The milliseconds left to everything else for each millisecond of a chunk: output has a third of the
 * loop.
 */
const REST_PER_WORK = 2;

/**
 * On a busy machine a chunk seems to take long while others run: that is no reason to rest for longer. Unit:
 * milliseconds.
 */
const MAX_REST_MS = 20;

/** How often it is looked whether a pipe has ended. Unit: milliseconds. */
const POLL_MS = 10;

/**
 * Passes a pipe on, chunk by chunk: the next one is read when `take` is done with the one before and has
 * rested. The pipe fills meanwhile, and the target waits, as it would for a slow terminal.
 */
export class OutputPump {
  readonly #from: Readable;
  readonly #take: (chunk: Buffer) => Promise<void>;
  #restMs = 0;
  #isTaking = false;

  /** `take` settles when it wants more; it must not reject. */
  constructor(from: Readable, take: (chunk: Buffer) => Promise<void>) {
    this.#from = from;
    this.#take = take;
    // An error ends the pipe, as its end does: there is nothing more to come.
    from.on('error', () => {});
    from.on('data', (chunk: Buffer) => {
      from.pause();
      void this.#pass(chunk);
    });
  }

  /**
   * Settles when the pipe has ended and all of it is taken. Another process may hold it open for ever: it is
   * given up after so long, the time that `take` needed not counted.
   */
  async finish(patienceMs: number): Promise<void> {
    let leftMs = patienceMs;
    while (!this.#isDone && (this.#isTaking || leftMs > 0)) {
      if (!this.#isTaking) leftMs -= POLL_MS;
      await sleep(POLL_MS);
    }
    this.stop();
  }

  /** Takes no more; may be called again. */
  stop(): void {
    this.#from.destroy();
  }

  get #isDone(): boolean {
    // The end may come while the last chunk is still under way.
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
   * Many small chunks are as much work as a large one: rests shorter than the timer resolution are combined.
   */
  async #rest(): Promise<void> {
    const restMs = this.#restMs;
    if (restMs < 1) return new Promise((resolve) => setImmediate(resolve));
    this.#restMs = 0;
    return sleep(Math.min(restMs, MAX_REST_MS));
  }
}
