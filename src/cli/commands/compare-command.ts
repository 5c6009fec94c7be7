import { existsSync } from 'node:fs';
import { compareRuns } from '../../budget/comparison/compare.ts';
import { readSide } from '../../budget/comparison/inputs.ts';
import { parseMaxRegression } from '../../budget/comparison/max-regression.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Comparison } from '../../model/comparison.ts';
import { renderComparison } from '../../report/comparison-text.ts';
import { StandardOutput } from '../options/standard-output.ts';

/** The options of `compare`. */
export interface CompareFlags {
  maxRegression?: string;
  strictHost?: true;
  all?: true;
  bytes?: true;
  json?: true;
}

/**
 * Prints what has changed.
 * @throws UsageError when a side can't be read or compared.
 */
export async function compare(base: string, now: string, flags: CompareFlags): Promise<number> {
  const rule = flags.maxRegression === undefined ? undefined : parseMaxRegression(flags.maxRegression);
  const comparison = compareRuns(await readSides(base), await readSides(now), rule);
  const style = { plainBytes: flags.bytes === true, all: flags.all === true };
  const text = flags.json
    ? JSON.stringify(comparison, undefined, 2)
    : renderComparison(comparison, style).join('\n');
  await new StandardOutput().write(text);
  return statusOf(comparison, flags.strictHost === true);
}

function statusOf({ regressed, otherHost, metrics }: Comparison, strictHost: boolean): number {
  if (regressed) return EXIT_CODES.BUDGET_EXCEEDED;
  const isMissing = metrics.some(({ verdict }) => verdict === 'not-measured');
  return isMissing || (strictHost && otherHost === true) ? EXIT_CODES.NOT_MEASURED : 0;
}

/** One file, or several of the same command with commas between them. */
async function readSides(argument: string) {
  const paths = existsSync(argument) ? [argument] : argument.split(',');
  const sides = [];
  for (const path of paths) sides.push(await readSide(path));
  return { name: argument, runs: sides.flatMap(({ runs }) => runs) };
}
