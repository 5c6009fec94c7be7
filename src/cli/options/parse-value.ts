/** The values of options. */
import { UsageError } from '../../errors.ts';
import { findBadSet } from '../../format/glob.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { parseDuration } from '../../format/units.ts';

/** A number of at least 1. @throws UsageError that names the option. */
export function parseCount(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new UsageError(option, `${option} ${text}: expected a number of at least 1`);
  }
  return Number(text);
}

/** Parses a percentage from 0 to 100 as a share from 0 to 1. @throws UsageError that names the option. */
export function parseShare(text: string, option: string): number {
  const percent = /^(\d+(?:\.\d+)?|\.\d+)%?$/.exec(text)?.[1];
  if (percent === undefined || Number(percent) > 100) {
    throw new UsageError(option, `${option} ${text}: expected a percentage such as 5 or 2.5%`);
  }
  return Number(percent) / 100;
}

/**
 * The time between two readings; `min` is a duration such as `100ms`. Unit: milliseconds.
 * @throws UsageError that names the option.
 */
export function parsePause(text: string, option: string, min: string): number {
  const ms = parseDuration(text, option);
  if (ms < parseDuration(min, option) || ms > MAX_TIMER_MS) {
    throw new UsageError(option, `${option} ${text}: must be from ${min} to 24 days`);
  }
  return ms;
}

/** Returns the glob. @throws UsageError that names the option if a range of it is reversed. */
export function checkGlob(glob: string, option: string): string {
  const bad = findBadSet(glob);
  if (bad === undefined) return glob;
  throw new UsageError(option, `${option} ${glob}: ${bad.text} is not a valid range: it is reversed`);
}
