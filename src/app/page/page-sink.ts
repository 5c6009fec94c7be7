/** Records a run for an HTML report, beside another sink. */
import type { RecordLine, StartRecord, SummaryRecord } from '../../model/recording.ts';
import type { RunRecord, Sink } from '../../output/sink.ts';
import type { PageCollector, PageRecording } from './page-collector.ts';

/** Passes every record on, and to the page as it would be written to a recording. */
export class PageSink implements Sink {
  readonly #inner: Sink;
  readonly #page: PageCollector;
  readonly #name: string;
  #recording: PageRecording | undefined;

  /** @param name of the run. */
  constructor(inner: Sink, page: PageCollector, name: string) {
    this.#inner = inner;
    this.#page = page;
    this.#name = name;
  }

  start(record: StartRecord): void {
    this.#recording = this.#page.open(this.#name);
    this.#add(record);
    this.#inner.start(record);
  }

  write(record: RunRecord): void {
    this.#add(record);
    this.#inner.write(record);
  }

  async stop(summary: SummaryRecord): Promise<void> {
    this.#add(summary);
    await Promise.all([this.#inner.stop(summary), this.#recording?.close()]);
  }

  #add(record: RecordLine): void {
    if (this.#recording?.isPacking === true) this.#recording.addLine(JSON.stringify(record));
    this.#recording?.observe(record);
  }
}
