import { printComparison } from '../../app/compare/print-comparison.ts';

/** The options of `compare`. */
export interface CompareFlags {
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
  });
}
