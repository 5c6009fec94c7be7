import { UsageError } from '../../errors.ts';

/** A number of at least 1. @throws UsageError that names the option. */
export function parseCount(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new UsageError(option, `${option} ${text}: expected a number of at least 1`);
  }
  return Number(text);
}
