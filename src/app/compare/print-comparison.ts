/** What has changed between two sets of runs: `cmemstat compare`. */
import { existsSync } from 'node:fs';
import { compareRuns } from '../../budget/comparison/compare.ts';
import type { Side } from '../../budget/comparison/host-doubts.ts';
import { readSide } from '../../budget/comparison/inputs.ts';
import { parseMaxRegression } from '../../budget/comparison/max-regression.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Comparison } from '../../model/comparison.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { renderComparison } from '../../report/comparison-text.ts';

/** What is compared, and how it is printed. */
export interface CompareOptions {
  /** A file, or several of the same command with commas between them. */
  base: string;
  now: string;
  /** As `--max-regression` takes it. */
  maxRegression: string | undefined;
  /** Whether runs of another kind of host make it fail. */
  strictHost: boolean;
  /** All metrics, not only those that matter. */
  all: boolean;
  plainBytes: boolean;
  json: boolean;
}

/**
 * Prints the comparison; returns the exit status.
 * @throws InputError, UsageError when a side can't be read or compared.
 */
export async function printComparison(options: CompareOptions): Promise<number> {
  const { base, now, maxRegression, strictHost, json } = options;
  const rule = maxRegression === undefined ? undefined : parseMaxRegression(maxRegression);
  const comparison = compareRuns(await readSides(base), await readSides(now), rule);
  await new StandardOutput().write(
    json ? JSON.stringify(comparison, undefined, 2) : renderComparison(comparison, options).join('\n'),
  );
  return statusOf(comparison, strictHost);
}

function statusOf({ regressed, otherHost, metrics }: Comparison, strictHost: boolean): number {
  if (regressed) return EXIT_CODES.BUDGET_EXCEEDED;
  const isMissing = metrics.some(({ verdict }) => verdict === 'not-measured');
  return isMissing || (strictHost && otherHost === true) ? EXIT_CODES.NOT_MEASURED : 0;
}

async function readSides(argument: string): Promise<Side> {
  const paths = existsSync(argument) ? [argument] : argument.split(',');
  const sides: Side[] = [];
  for (const path of paths) sides.push(await readSide(path));
  return { name: argument, runs: sides.flatMap(({ runs }) => runs) };
}
