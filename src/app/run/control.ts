/** The operations that observers may perform on a run. */
import type { EventRecord, SummaryRecord } from '../../model/recording.ts';
import type { SignalForwarding } from '../../target/signals.ts';
import type { Measurement } from './measurement.ts';

/** Why cmemstat ended the target. */
type EndedBy = NonNullable<SummaryRecord['exit']['endedBy']>;

/** The operations on a run for its observers. */
export interface RunControl {
  /** Adds an event to the stream of records. */
  emit(event: EventRecord): void;
  /** Takes an unscheduled process snapshot. */
  snapshotProcesses(): Promise<void>;
  /** Ends the target. */
  stop(why: EndedBy): void;
}

/** The control of a run under measurement. */
export function controlOf(measurement: Measurement, signals: SignalForwarding): RunControl {
  return {
    emit: (event) => measurement.emit(event),
    snapshotProcesses: () => measurement.snapshotProcesses(),
    stop: (why) => {
      measurement.endedBy ??= why;
      signals.endTarget();
    },
  };
}

/** Ends the target after this time if it is still running; undefined for no limit. */
export function startTimeout(
  timeoutMs: number | undefined,
  measurement: Measurement,
  control: RunControl,
): NodeJS.Timeout | undefined {
  if (timeoutMs === undefined) return undefined;
  const onTime = () => {
    // With `--wait all` the timer runs until the end of the run, when no process may be left.
    if (!measurement.processes.haveEnded) control.stop('timeout');
  };
  return setTimeout(onTime, timeoutMs);
}
