import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';

/** A record between the start and the summary of a run. */
export type RunRecord = Exclude<RecordLine, StartRecord | SummaryRecord>;

/**
 * Something that shows or keeps what is measured. A sink that fails says so by its writer and never throws
 * here.
 */
export interface Sink {
  start(record: StartRecord): void;
  write(record: RunRecord): void;
  /** Takes the summary and settles when everything is written. */
  stop(summary: SummaryRecord): Promise<void>;
}
