/** What those who watch a run, or its clock, may do to it. */
import type { EventRecord, SummaryRecord } from '../../model/recording.ts';
import type { SignalForwarding } from '../../target/signals.ts';
import type { Measurement } from './measurement.ts';

/** Why cmemstat ended the target. */
type EndedBy = NonNullable<SummaryRecord['exit']['endedBy']>;

/** The operations on a run for its observers. */
export interface RunControl {
  /** Puts an event into the stream of records. */
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

/** Ends the target after this time, if it is still there then; undefined: never. */
export function startTimeout(
  timeoutMs: number | undefined,
  measurement: Measurement,
  control: RunControl,
): NodeJS.Timeout | undefined {
  if (timeoutMs === undefined) return undefined;
  const onTime = () => {
    // With `--wait all` the clock goes on until all is summed up: by then there may be nobody left to end.
    if (!measurement.hasEnded) control.stop('timeout');
  };
  return setTimeout(onTime, timeoutMs);
}
