import { UsageError } from '../../errors.ts';

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
