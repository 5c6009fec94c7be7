import { printComparison } from '../../app/compare/print-comparison.ts';
import { type DelimitedFlags, separatorOf } from '../options/delimited-flags.ts';

/** The options of `compare`. */
export interface CompareFlags extends DelimitedFlags {
  maxRegression?: string;
  strictHost?: true;
  all?: true;
  bytes?: true;
  json?: true;
}

/**
 * Prints the comparison; returns the exit status.
 * @throws the errors of `printComparison`.
 */
export function compare(base: string, now: string[], flags: CompareFlags): Promise<number> {
  return printComparison({
    base,
    now,
    maxRegression: flags.maxRegression,
    strictHost: flags.strictHost === true,
    all: flags.all === true,
    plainBytes: flags.bytes === true,
    json: flags.json === true,
    separator: separatorOf(flags),
  });
}
