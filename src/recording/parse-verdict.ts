/** Verdicts that were kept with `--report json:FILE`. */
import { InputError } from '../errors.ts';
import { VERDICT_VERSION, type Verdict } from '../model/verdict.ts';
import { refuseNewer, upgradeVerdict } from './upgrade.ts';
import { describeFault } from './validation/fault.ts';
import { findFaultInVerdict } from './validation/verdict-validator.ts';

/**
 * Reads a verdict; undefined for a text that is something else.
 * @throws InputError for one that a newer version has made, or that is damaged.
 */
export function parseVerdict(text: string, file: string): Verdict | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    // A recording has a document a line.
    return undefined;
  }
  if (value?.type !== 'verdict') return undefined;
  refuseNewer(value, VERDICT_VERSION, file);
  const verdict = upgradeVerdict(value);
  const fault = findFaultInVerdict(verdict);
  if (fault === undefined) return verdict as unknown as Verdict;
  throw new InputError(file, `${file}: invalid verdict: ${describeFault(fault, verdict)}`, {
    hint: 'cmemstat report RECORDING',
  });
}
