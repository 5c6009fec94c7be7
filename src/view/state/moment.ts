/** Parsing of times in a recording, as typed by the user. */
import { UsageError } from '../../errors.ts';
import { parseDuration } from '../../format/units.ts';

/** The named times of a recording. Unit: milliseconds since the launch. */
export interface Moments {
  readonly endMs: number;
  /** Absent without a sample. */
  readonly peakMs: number | undefined;
}

/**
 * Parses `90s`, `2m`, `50%`, `start`, `peak`, `end`; the resulting time depends on the recording, and is
 * never after its end.
 * @param option the option or action to name in errors.
 * @throws UsageError for anything else.
 */
export function parseMoment(text: string, option: string): (moments: Moments) => number {
  const word = text.trim();
  if (word === 'start') return () => 0;
  if (word === 'end') return ({ endMs }) => endMs;
  if (word === 'peak') return ({ peakMs }) => peakMs ?? 0;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(word)?.[1];
  if (percent !== undefined) return ({ endMs }) => endMs * Math.min(1, Number(percent) / 100);
  const ms = durationOf(word, option);
  return ({ endMs }) => Math.min(endMs, ms);
}

function durationOf(word: string, option: string): number {
  try {
    return parseDuration(word, option);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError(option, `${option} ${word}: not a time; expected 90s, 2m, 50%, start, peak or end`);
  }
}
