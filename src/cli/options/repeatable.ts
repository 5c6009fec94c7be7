/** Repeated options. */
import { UsageError } from '../../errors.ts';

/** Collects the values of an option that may be given more than once. */
export function repeatable(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/**
 * Rejects an option that is given twice: the first value would be ignored silently.
 * @throws UsageError, from the parser that it returns.
 */
export function once(option: string, instead?: string): (value: string, before?: string) => string {
  return (value, before) => {
    if (before === undefined) return value;
    throw new UsageError(option, `${option} is given twice: ${before} and ${value}`, instead);
  };
}
