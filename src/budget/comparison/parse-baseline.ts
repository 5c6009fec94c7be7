/** Parses a baseline file. It is kept in a repository, edited and merged, so every key is validated. */
import { InputError } from '../../errors.ts';
import { safeText } from '../../format/safe-text.ts';
import { rejectNewer } from '../../recording/upgrade.ts';
import { findFaultInBaseline } from '../../recording/validation/baseline-validator.ts';
import { describeFault, isObject } from '../../recording/validation/fault.ts';
import { BASELINE_VERSION, type Baseline } from './baseline.ts';

/**
 * Validates a parsed document against `schema/baseline.schema.json`. Unknown keys are ignored. `file` names
 * it in errors.
 * @throws InputError that names the file and the key, or if a newer cmemstat wrote it.
 */
export function parseBaseline(document: unknown, file: string): Baseline {
  if (isObject(document)) {
    if (document.type !== 'baseline') {
      throw new InputError(file, safeText(`${file}: not a cmemstat baseline`), {
        hint: 'cmemstat --save-baseline FILE -- COMMAND',
      });
    }
    rejectNewer(document, BASELINE_VERSION, file);
  }
  const fault = findFaultInBaseline(document);
  if (fault === undefined) {
    // The check guarantees the type.
    const baseline = document as Baseline;
    for (const { metrics } of [baseline.medians, ...baseline.runs]) rejectNegative(metrics, file);
    return baseline;
  }
  throw new InputError(file, `${safeText(file)}: ${describeFault(fault, document)}`);
}

/** What may be below zero: a difference, and a slope. */
const SIGNED = /(^|\.)(unexplained|growth)$/;

/** The schema has one rule for all metrics. @throws InputError that names the metric. */
function rejectNegative(metrics: Readonly<Record<string, number>>, file: string): void {
  const found = Object.entries(metrics).find(([name, value]) => value < 0 && !SIGNED.test(name));
  if (found === undefined) return;
  const [name, value] = found;
  throw new InputError(
    file,
    `${safeText(file)}: ${safeText(name)}: expected a number from 0, found ${value}`,
  );
}
