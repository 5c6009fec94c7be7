import { safeJson } from '../format/safe-text.ts';
import type { SummaryRecord } from '../model/recording.ts';
import type { LineWriter } from './line-writer.ts';
import type { Sink } from './sink.ts';

/** `--summary-json FILE`: only the summary, as one JSON object. */
export class SummaryJsonSink implements Sink {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  start(): void {}

  write(): void {}

  async stop(summary: SummaryRecord): Promise<void> {
    this.#writer.write(safeJson(summary, 2), true);
    await this.#writer.flush();
  }
}
