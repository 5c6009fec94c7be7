import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';

/** A record between the start and the summary of a run. */
export type RunRecord = Exclude<RecordLine, StartRecord | SummaryRecord>;

/**
 * Displays or stores measurements. A sink reports failures through its writer and never throws.
 */
export interface Sink {
  start(record: StartRecord): void;
  write(record: RunRecord): void;
  /** Receives the summary and resolves when everything is written. */
  stop(summary: SummaryRecord): Promise<void>;
}
