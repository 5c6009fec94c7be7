/** `cmemstat compare`: compares two sets of runs. */
import { existsSync } from 'node:fs';
import { explainedOf } from '../../budget/comparison/baseline.ts';
import { compareRuns } from '../../budget/comparison/compare.ts';
import type { Side } from '../../budget/comparison/host-doubts.ts';
import { type ReadSide, readSide } from '../../budget/comparison/inputs.ts';
import { parseMaxRegression } from '../../budget/comparison/max-regression.ts';
import { InputError, UsageError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Separator } from '../../export/delimited-text.ts';
import { safeJson, safeText } from '../../format/safe-text.ts';
import type { Comparison } from '../../model/comparison.ts';
import { COMPARED_MOMENTS } from '../../model/explain/explain-record.ts';
import type { Explanation } from '../../model/explain/explanation.ts';
import { compareNames, type NamesComparison } from '../../model/explain/name-differences.ts';
import { listNames } from '../../model/explain/name-list.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { readExplanation } from '../../recording/read-explanation.ts';
import { renderComparison, renderNames } from '../../report/comparison-text.ts';
import { metricRows, nameRows } from './comparison-rows.ts';

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
  /** Rows of values with this between them; undefined for the other formats. */
  separator: Separator | undefined;
}

/**
 * Prints the comparison; returns the exit status.
 * @throws InputError or UsageError if a side cannot be read or compared.
 */
export async function printComparison(options: CompareOptions): Promise<number> {
  const { base, now, maxRegression, strictHost, json, separator } = options;
  const explained = await readExplanations(base, now);
  if (explained !== undefined) return printNames(explained, options);
  const rule = maxRegression === undefined ? undefined : parseMaxRegression(maxRegression);
  const [before, after] = [await readSides([base]), await readSides(now)];
  const comparison = compareRuns(before, after, rule);
  const names = compareExplained(before, after);
  if (names !== undefined) comparison.names = names;
  const output = new StandardOutput();
  if (json) await output.write(safeJson(comparison, 2));
  else if (separator !== undefined) await output.writeAll(metricRows(comparison.metrics, separator));
  else await output.writeLines(renderComparison(comparison, options));
  return statusOf(comparison, strictHost);
}

function statusOf({ regressed, otherHost, metrics }: Comparison, strictHost: boolean): number {
  if (regressed) return EXIT_CODES.BUDGET_EXCEEDED;
  const isMissing = metrics.some(({ verdict }) => verdict === 'not-measured');
  return isMissing || (strictHost && otherHost === true) ? EXIT_CODES.NOT_MEASURED : 0;
}

/**
 * Two documents of `cmemstat explain`; undefined if neither is one.
 * @throws InputError if only one is, or if there are more than two.
 */
async function readExplanations(
  base: string,
  now: readonly string[],
): Promise<[Explanation, Explanation] | undefined> {
  const paths = [base, ...now];
  const read = await Promise.all(paths.map((path) => (existsSync(path) ? readExplanation(path) : undefined)));
  const [before, after] = read;
  if (before !== undefined && after !== undefined && read.length === 2) return [before, after];
  const index = read.findIndex((explanation) => explanation !== undefined);
  if (index < 0) return undefined;
  // Those that are not explanations may have a fault of their own.
  const others = paths.filter((_, at) => read[at] === undefined);
  await readSides(others);
  const file = paths[index] ?? '';
  throw new InputError(file, `${file}: an explanation is compared with one other explanation`, {
    hint: 'cmemstat compare BASE.json NEW.json, both from cmemstat explain --json',
  });
}

async function printNames(
  [base, now]: [Explanation, Explanation],
  { maxRegression, json, separator, ...style }: CompareOptions,
): Promise<number> {
  if (maxRegression !== undefined) {
    const message = '--max-regression applies to metrics of runs, not to explanations';
    throw new UsageError('--max-regression', message, 'leave it out, or compare recordings');
  }
  const names = compareNames(listNames(base), listNames(now));
  const output = new StandardOutput();
  if (json) await output.write(safeJson(names, 2));
  else if (separator !== undefined) await output.writeAll(nameRows(names.names, separator));
  else await output.writeLines(renderNames(names, style).slice(1).map(safeText));
  return 0;
}

function compareExplained(base: Side, now: Side): NamesComparison | undefined {
  const [before, after] = [explainedOf(base.runs), explainedOf(now.runs)];
  for (const moment of COMPARED_MOMENTS) {
    const [old, current] = [before, after].map((list) => list?.find((each) => each.moment === moment));
    if (old !== undefined && current !== undefined) return { moment, ...compareNames(old, current) };
  }
  return undefined;
}

async function readSides(given: readonly string[]): Promise<Side> {
  const paths = given.flatMap((argument) => (existsSync(argument) ? [argument] : argument.split(',')));
  if (paths.includes('')) {
    throw new UsageError('compare', `compare ${given.join(' ')}: a name in the list is empty`);
  }
  const sides: ReadSide[] = [];
  for (const path of paths) sides.push(await readSide(path));
  return { name: given.join(','), runs: sides.flatMap(({ runs }) => runs) };
}
