/** The way of documents to a receiver: one is being sent, at most one waits. */

/** The outcome of one request. */
export type SendResult =
  | { readonly outcome: 'sent'; readonly rejectedPoints: number }
  /** The receiver will never take it. */
  | { readonly outcome: 'failed'; readonly reason: string }
  /** `afterMs` is what the receiver asks to wait. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly afterMs?: number };

/** What has become of documents so far. */
export interface PushCounts {
  sent: number;
  /** Refused by the receiver, or not taken after all attempts. */
  failed: number;
  /** Replaced by newer ones before they were sent. */
  dropped: number;
  /** Requests that were repeated. */
  retried: number;
  /** Points of sent documents that the receiver refused. */
  rejectedPoints: number;
}

/** Where a queue sends to, and what it waits with. */
export interface QueueParts {
  send(document: string): Promise<SendResult>;
  /** Ends early, without an error, when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Reports a document that failed. */
  report(reason: string): void;
  /** From 0 to 1: nodes of a fleet must not repeat their requests at the same time. */
  random(): number;
}

const MAX_ATTEMPTS = 5;
/** Unit: milliseconds. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** A receiver cannot silence a node for longer. Unit: milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Sends documents in order. A newer one replaces the one that waits: only the latest figures matter. */
export class OtlpQueue {
  readonly counts: PushCounts = { sent: 0, failed: 0, dropped: 0, retried: 0, rejectedPoints: 0 };
  readonly #parts: QueueParts;
  readonly #closing = new AbortController();
  #waiting: string | undefined;
  #work: Promise<void> | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Returns at once. */
  push(document: string): void {
    if (this.#closing.signal.aborted) return;
    if (this.#waiting !== undefined) this.counts.dropped += 1;
    this.#waiting = document;
    this.#work ??= this.#run();
  }

  /** Ends what waits; a request that was sent is awaited. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined && !this.#closing.signal.aborted) {
      const document = this.#waiting;
      this.#waiting = undefined;
      await this.#deliver(document);
    }
    this.#work = undefined;
  }

  async #deliver(document: string): Promise<void> {
    const { signal } = this.#closing;
    let reason = '';
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && !signal.aborted; attempt++) {
      if (attempt > 1) this.counts.retried += 1;
      const result = await this.#parts.send(document);
      if (result.outcome === 'sent') {
        this.counts.sent += 1;
        this.counts.rejectedPoints += result.rejectedPoints;
        if (result.rejectedPoints > 0) this.#parts.report(`${result.rejectedPoints} points were refused`);
        return;
      }
      reason = result.reason;
      if (result.outcome === 'failed') break;
      if (attempt < MAX_ATTEMPTS) await this.#parts.sleep(this.#delayMs(attempt, result.afterMs), signal);
    }
    this.counts.failed += 1;
    if (!signal.aborted) this.#parts.report(reason);
  }

  #delayMs(attempt: number, afterMs: number | undefined): number {
    const limit = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    const own = limit * (0.5 + this.#parts.random() / 2);
    return afterMs === undefined ? own : Math.min(MAX_RETRY_AFTER_MS, Math.max(own, afterMs));
  }
}
