/** `cmemstat compare`: compares two sets of runs. */
import { existsSync } from 'node:fs';
import { compareRuns } from '../../budget/comparison/compare.ts';
import type { Side } from '../../budget/comparison/host-doubts.ts';
import { readSide } from '../../budget/comparison/inputs.ts';
import { parseMaxRegression } from '../../budget/comparison/max-regression.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { safeJson } from '../../format/safe-text.ts';
import type { Comparison } from '../../model/comparison.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { renderComparison } from '../../report/comparison-text.ts';

/** The sides of the comparison, and the output format. */
export interface CompareOptions {
  /** A file, or several of the same command separated by commas. */
  base: string;
  /** One or more of the same. */
  now: readonly string[];
  /** In the syntax of `--max-regression`. */
  maxRegression: string | undefined;
  /** Whether runs on a different kind of host cause a failure. */
  strictHost: boolean;
  /** All metrics instead of the most important ones. */
  all: boolean;
  plainBytes: boolean;
  json: boolean;
}

/**
 * Prints the comparison; returns the exit status.
 * @throws InputError or UsageError if a side cannot be read or compared.
 */
export async function printComparison(options: CompareOptions): Promise<number> {
  const { base, now, maxRegression, strictHost, json } = options;
  const rule = maxRegression === undefined ? undefined : parseMaxRegression(maxRegression);
  const comparison = compareRuns(await readSides([base]), await readSides(now), rule);
  const output = new StandardOutput();
  if (json) await output.write(safeJson(comparison, 2));
  else await output.writeLines(renderComparison(comparison, options));
  return statusOf(comparison, strictHost);
}

function statusOf({ regressed, otherHost, metrics }: Comparison, strictHost: boolean): number {
  if (regressed) return EXIT_CODES.BUDGET_EXCEEDED;
  const isMissing = metrics.some(({ verdict }) => verdict === 'not-measured');
  return isMissing || (strictHost && otherHost === true) ? EXIT_CODES.NOT_MEASURED : 0;
}

async function readSides(given: readonly string[]): Promise<Side> {
  const paths = given.flatMap((argument) => (existsSync(argument) ? [argument] : argument.split(',')));
  const sides: Side[] = [];
  for (const path of paths) sides.push(await readSide(path));
  return { name: given.join(','), runs: sides.flatMap(({ runs }) => runs) };
}
