/** Which run a record belongs to, and when it was. */
import type { StartRecord } from '../model/recording.ts';
import { shiftedDecimal } from './decimal.ts';

/** One run of a recording. */
export interface ExportedRun {
  readonly start: StartRecord;
  /** From 1, in the order of the recording. */
  readonly number: number;
  /** Unique in the document: the time of the start, as recorded. */
  readonly id: string;
  /** Unit: microseconds since 1970. */
  readonly startMicros: number;
}

/** Creates the runs of one document. */
export class Runs {
  readonly #uses = new Map<string, number>();
  #count = 0;

  /** The run that begins with this record. @throws RangeError if its time is not a date. */
  begin(start: StartRecord): ExportedRun {
    const startMicros = Date.parse(start.time) * 1000;
    if (Number.isNaN(startMicros)) throw new RangeError(`${start.time} is not a date`);
    this.#count += 1;
    const uses = (this.#uses.get(start.time) ?? 0) + 1;
    this.#uses.set(start.time, uses);
    return {
      start,
      number: this.#count,
      id: uses === 1 ? start.time : `${start.time} #${uses}`,
      startMicros,
    };
  }
}

/** Beyond the year 2200 the figures of some formats are not exact. */
const MAX_MICROS = Date.UTC(2200, 0) * 1000;

/** Microseconds since 1970, whole. @throws RangeError beyond the year 2200. */
export function microsOf({ startMicros }: ExportedRun, elapsedMs: number): number {
  const micros = startMicros + Math.round(elapsedMs * 1000);
  if (micros > MAX_MICROS) throw new RangeError('a time is beyond the year 2200');
  return micros;
}

/** ISO 8601, UTC, to the microsecond. */
export function isoTime(micros: number): string {
  const date = new Date(Math.floor(micros / 1000)).toISOString();
  return `${date.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}Z`;
}

/** Milliseconds as seconds. */
export function secondsText(ms: number): string {
  return shiftedDecimal(ms, -3);
}
