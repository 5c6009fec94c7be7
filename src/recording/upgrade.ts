/** Converts documents of earlier format versions to the current one. */
import { InputError } from '../errors.ts';
import { safeText } from '../format/safe-text.ts';
import { COMPARISON_VERSION } from '../model/comparison.ts';
import { FORMAT_VERSION } from '../model/recording.ts';
import { VERDICT_VERSION } from '../model/verdict.ts';

type Fields = Record<string, unknown>;

/** The terms of version 1 for the results of budgets and metrics. */
const RESULTS_OF_VERSION_1: ReadonlyMap<unknown, string> = new Map([
  ['held', 'passed'],
  ['broken', 'failed'],
  ['not-judged', 'not-evaluated'],
]);

/** In version 1, the end of the message of an event for an exceeded budget. */
const EXCEEDED_OF_VERSION_1 = / is broken$/;

/**
 * Rejects a document of a newer format version.
 * @throws InputError that names the file and both versions.
 */
export function rejectNewer({ version, cmemstat }: Fields, known: number, file: string): void {
  if (typeof version !== 'number' || version <= known) return;
  const release = typeof cmemstat === 'string' ? `${cmemstat}, ` : '';
  throw new InputError(
    file,
    safeText(
      `${file}: written by a newer cmemstat (${release}format version ${version}); this one reads up to version ${known}`,
    ),
    { hint: 'upgrade cmemstat' },
  );
}

/**
 * Converts a line of a recording; the lines between the start and the summary contain no version.
 */
export function upgradeRecord(fields: Fields): Fields {
  const { type, version, event, message } = fields;
  if (type === 'event' && event === 'budget') {
    const upgraded: Fields = { ...fields, event: 'budget_exceeded' };
    if (typeof message === 'string') upgraded.message = message.replace(EXCEEDED_OF_VERSION_1, '');
    return upgraded;
  }
  const isVersioned = type === 'start' || type === 'summary';
  return isVersioned && version === 1 ? { ...fields, version: FORMAT_VERSION } : fields;
}

/** Converts a verdict. */
export function upgradeVerdict(verdict: Fields): Fields {
  if (verdict.version !== 1) return verdict;
  const { status, runs, budgets, comparison } = verdict;
  const upgraded: Fields = { ...verdict, version: VERDICT_VERSION, status: upgradeResult(status) };
  if (isFields(runs)) upgraded.runs = rename(runs, 'judgedOn', 'evaluatedOn');
  if (Array.isArray(budgets)) {
    upgraded.budgets = budgets.map((budget: unknown) =>
      isFields(budget)
        ? { ...rename(budget, 'breach', 'exceeded'), status: upgradeResult(budget.status) }
        : budget,
    );
  }
  if (isFields(comparison)) upgraded.comparison = upgradeComparison(comparison);
  return upgraded;
}

function upgradeComparison(comparison: Fields): Fields {
  const { metrics } = comparison;
  const upgraded: Fields = { ...comparison, version: COMPARISON_VERSION };
  if (Array.isArray(metrics)) {
    upgraded.metrics = metrics.map((metric: unknown) =>
      isFields(metric) ? { ...metric, verdict: upgradeResult(metric.verdict) } : metric,
    );
  }
  return upgraded;
}

function upgradeResult(result: unknown): unknown {
  return RESULTS_OF_VERSION_1.get(result) ?? result;
}

function rename(fields: Fields, from: string, to: string): Fields {
  const { [from]: value, ...rest } = fields;
  return value === undefined ? rest : { ...rest, [to]: value };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
