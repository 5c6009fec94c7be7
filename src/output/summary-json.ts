import { OutputError } from '../errors.ts';
import { safeJson } from '../format/safe-text.ts';
import type { SummaryRecord } from '../model/recording.ts';
import type { Sink } from './sink.ts';
import type { TextFile } from './text-file.ts';

/** `--summary-json FILE`: only the summary, as one JSON object. */
export class SummaryJsonSink implements Sink {
  readonly #file: Pick<TextFile, 'write'>;
  readonly #onError: (error: OutputError) => void;

  constructor(file: Pick<TextFile, 'write'>, onError: (error: OutputError) => void) {
    this.#file = file;
    this.#onError = onError;
  }

  start(): void {}

  write(): void {}

  async stop(summary: SummaryRecord): Promise<void> {
    try {
      await this.#file.write(`${safeJson(summary, 2)}\n`);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#onError(error);
    }
  }
}
