import { safeJson } from '../format/safe-text.ts';
import type { ProcessesRecord } from '../model/recorded-processes.ts';
import type { MapsRecord, RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import { joinMaps, joinProcesses } from '../model/row-changes.ts';
import type { LineWriter } from './line-writer.ts';
import type { Sink } from './sink.ts';

/** One JSON object per line: `--json` on standard output, `--output` to a file. */
export class NdjsonSink implements Sink {
  readonly #writer: LineWriter;
  /**
   * Changes that a slow reader could not accept: they are merged into the next ones, otherwise all later ones
   * would be wrong.
   */
  #bufferedMaps: MapsRecord | undefined;
  #bufferedProcesses: ProcessesRecord | undefined;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  start(record: StartRecord): void {
    this.#writer.write(safeJson(record), true);
  }

  write(record: RecordLine): void {
    if (record.type === 'maps') this.#writeMaps(record);
    else if (record.type === 'processes') this.#writeProcesses(record);
    else this.#writer.write(safeJson(record), record.type === 'event' || record.type === 'explain');
  }

  async stop(summary: SummaryRecord): Promise<void> {
    const { dropped } = this.#writer;
    const samples = dropped === 0 ? summary.samples : { ...summary.samples, dropped };
    for (const buffered of [this.#bufferedMaps, this.#bufferedProcesses]) {
      if (buffered !== undefined) this.#writer.write(safeJson(buffered), true);
    }
    this.#writer.write(safeJson({ ...summary, samples }), true);
    await this.#writer.flush();
  }

  #writeMaps(record: MapsRecord): void {
    const whole = this.#bufferedMaps === undefined ? record : joinMaps(this.#bufferedMaps, record);
    this.#bufferedMaps = this.#writer.write(safeJson(whole)) ? undefined : whole;
  }

  #writeProcesses(record: ProcessesRecord): void {
    const whole =
      this.#bufferedProcesses === undefined ? record : joinProcesses(this.#bufferedProcesses, record);
    this.#bufferedProcesses = this.#writer.write(safeJson(whole)) ? undefined : whole;
  }
}
