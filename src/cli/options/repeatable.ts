/** How often an option may be given. */
import { UsageError } from '../../errors.ts';

/** Collects the values of an option that may be given more than once. */
export function repeatable(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Refuses an option that is given a second time: the first one would be lost, and what it asks for would not be judged. */
export function once(option: string, instead?: string): (value: string, before?: string) => string {
  return (value, before) => {
    if (before === undefined) return value;
    throw new UsageError(option, `${option} is given twice: ${before} and ${value}`, instead);
  };
}
