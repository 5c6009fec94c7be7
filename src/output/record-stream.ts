/** The way of a run's records to its sinks: every sink gets every record, all in one order. */
import type { StartRecord, SummaryRecord } from '../model/recording.ts';
import type { RunRecord, Sink } from './sink.ts';

/**
 * Delivers records one after the other. A record that a sink emits while it is handed another one waits in a
 * queue until every sink has had that one: what happened comes before what follows from it, in all outputs.
 */
export class RecordStream {
  readonly #sinks: readonly Sink[];
  readonly #queue: (StartRecord | RunRecord)[] = [];
  #isDelivering = false;
  #hasStopped = false;

  /** `sinks` is copied: the sinks of a run are known before its first record. */
  constructor(sinks: readonly Sink[]) {
    this.#sinks = [...sinks];
  }

  /** Delivers the first record. */
  start(record: StartRecord): void {
    this.#deliver(record);
  }

  /**
   * Delivers a record, or queues it behind the one that is being delivered. After the summary it is dropped.
   */
  emit(record: RunRecord): void {
    this.#deliver(record);
  }

  /** Delivers the summary; settles when every sink has written everything. */
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
