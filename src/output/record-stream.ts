/** Delivers the records of a run to its sinks: every sink receives all records in the same order. */
import type { StartRecord, SummaryRecord } from '../model/recording.ts';
import type { RunRecord, Sink } from './sink.ts';

/**
 * Delivers records one at a time. A record that a sink emits while it handles another one is queued until
 * every sink has received the first one, so that causes precede consequences in all outputs.
 */
export class RecordStream {
  readonly #sinks: readonly Sink[];
  readonly #queue: (StartRecord | RunRecord)[] = [];
  #isDelivering = false;
  #hasStopped = false;

  /** `sinks` is copied: the sinks of a run are fixed before its first record. */
  constructor(sinks: readonly Sink[]) {
    this.#sinks = [...sinks];
  }

  /** Delivers the first record. */
  start(record: StartRecord): void {
    this.#deliver(record);
  }

  /**
   * Delivers a record, or queues it while another one is being delivered. Records after the summary are
   * dropped.
   */
  emit(record: RunRecord): void {
    this.#deliver(record);
  }

  /** Delivers the summary; resolves when every sink has written everything. */
  async stop(summary: SummaryRecord): Promise<void> {
    this.#hasStopped = true;
    await Promise.all(this.#sinks.map((sink) => sink.stop(summary)));
  }

  #deliver(record: StartRecord | RunRecord): void {
    if (this.#hasStopped) return;
    this.#queue.push(record);
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const sink of this.#sinks) {
          if (next.type === 'start') sink.start(next);
          else sink.write(next);
        }
      }
    } finally {
      this.#isDelivering = false;
    }
  }
}
