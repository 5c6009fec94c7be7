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
  // The check guarantees the type.
  if (fault === undefined) return document as Baseline;
  throw new InputError(file, `${safeText(file)}: ${describeFault(fault, document)}`);
}
