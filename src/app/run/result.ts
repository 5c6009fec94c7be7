/** The result of a run. */
import { EXIT_CODES } from '../../exit-codes.ts';
import type { SummaryRecord } from '../../model/recording.ts';
import type { Log } from '../../output/log.ts';
import type { Outputs } from '../../output/open-outputs.ts';
import type { SignalForwarding } from '../../target/signals.ts';
import type { Measurement } from './measurement.ts';
import type { RunOptions } from './options.ts';

/** A completed run. */
export interface MeasuredRun {
  summary: SummaryRecord;
  /** The exit status of cmemstat for this run. */
  status: number;
  /** The output or reading that failed; undefined if none did. */
  fault: string | undefined;
  /** Whether a signal requested cmemstat to exit: no further run. */
  interrupted: boolean;
}

/** The inputs of a result besides the summary. */
interface EndedRun {
  options: RunOptions;
  measurement: Measurement;
  signals: SignalForwarding;
  outputs: Outputs;
  log: Log;
}

/** Determines the exit status. */
export function resultOf(
  summary: SummaryRecord,
  { options, measurement, signals, outputs, log }: EndedRun,
): MeasuredRun {
  const fault = outputs.failure?.message ?? (measurement.failed ? 'a sample could not be taken' : undefined);
  const status = statusOf(summary, fault !== undefined, options.failOnLeftover, log);
  return {
    summary,
    status,
    fault,
    interrupted: options.attachment === undefined && signals.received !== undefined,
  };
}

function statusOf(summary: SummaryRecord, isIncomplete: boolean, failOnLeftover: boolean, log: Log): number {
  if (summary.exit.status !== 0) return summary.exit.status;
  if (isIncomplete) return EXIT_CODES.FAILED;
  if (!failOnLeftover) return 0;
  if ((summary.leftoverFiles ?? []).length > 0) return EXIT_CODES.LEFTOVER;
  const leftovers = summary.bpf?.leftovers;
  if (leftovers !== undefined) return leftovers.length > 0 ? EXIT_CODES.LEFTOVER : 0;
  log.warn(
    '--fail-on-leftover: leftovers could not be determined: BPF memory is not attributed on this host',
  );
  return EXIT_CODES.NOT_MEASURED;
}
