/** Reads verdicts saved with `--report json:FILE`. */
import { InputError } from '../errors.ts';
import { parseDocument } from '../format/parse-document.ts';
import { VERDICT_VERSION, type Verdict } from '../model/verdict.ts';
import { rejectNewer, upgradeVerdict } from './upgrade.ts';
import { describeFault } from './validation/fault.ts';
import { findFaultInVerdict } from './validation/verdict-validator.ts';

/**
 * Parses a verdict; undefined if the text is something else.
 * @throws InputError if a newer version wrote it, or it is damaged.
 */
export function parseVerdict(text: string, file: string): Verdict | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = parseDocument(text) as Record<string, unknown> | null;
  } catch {
    // A recording has one document per line.
    return undefined;
  }
  if (value?.type !== 'verdict') return undefined;
  rejectNewer(value, VERDICT_VERSION, file);
  const verdict = upgradeVerdict(value);
  const fault = findFaultInVerdict(verdict);
  if (fault === undefined) return verdict as unknown as Verdict;
  throw new InputError(file, `${file}: invalid verdict: ${describeFault(fault, verdict)}`, {
    hint: 'cmemstat report RECORDING',
  });
}
