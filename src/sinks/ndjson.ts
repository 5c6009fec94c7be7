import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { LineWriter } from './line-writer.ts';
import type { Sink } from './sink.ts';

/** One JSON object a line: `--json` on standard output, `--output` into a file. */
export class NdjsonSink implements Sink {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  start(record: StartRecord): void {
    this.#writer.write(JSON.stringify(record), true);
  }

  write(record: RecordLine): void {
    this.#writer.write(JSON.stringify(record), record.type === 'event');
  }

  async stop(summary: SummaryRecord): Promise<void> {
    const { dropped } = this.#writer;
    const samples = dropped === 0 ? summary.samples : { ...summary.samples, dropped };
    this.#writer.write(JSON.stringify({ ...summary, samples }), true);
    await this.#writer.flush();
  }
}
