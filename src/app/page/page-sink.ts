/** Records a run for an HTML report, beside another sink. */
import type { RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { RunRecord, Sink } from '../../output/sink.ts';
import type { PageCollector } from './page-collector.ts';

/** Passes every record on, and to the page as it would be written to a recording. */
export class PageSink implements Sink {
  readonly #inner: Sink;
  readonly #page: PageCollector;
  readonly #name: string;

  /** @param name of the run. */
  constructor(inner: Sink, page: PageCollector, name: string) {
    this.#inner = inner;
    this.#page = page;
    this.#name = name;
  }

  start(record: StartRecord): void {
    this.#page.open(this.#name);
    this.#add(record);
    this.#inner.start(record);
  }

  write(record: RunRecord): void {
    this.#add(record);
    this.#inner.write(record);
  }

  async stop(summary: SummaryRecord): Promise<void> {
    this.#add(summary);
    await Promise.all([this.#inner.stop(summary), this.#page.close()]);
  }

  #add(record: RecordLine): void {
    if (this.#page.isPacking) this.#page.addLine(JSON.stringify(record));
    this.#page.observe(record);
  }
}
