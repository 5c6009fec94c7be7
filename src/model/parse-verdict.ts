/** Verdicts that were kept with `--report json:FILE`. Pure. */
import { UsageError } from '../errors.ts';
import { VERDICT_VERSION, type Verdict } from './verdict.ts';

/**
 * Reads a verdict; undefined for a text that is something else.
 * @throws UsageError for one that a newer version has made.
 */
export function parseVerdict(text: string, file: string): Verdict | undefined {
  let value: Partial<Verdict> | null;
  try {
    value = JSON.parse(text) as Partial<Verdict> | null;
  } catch {
    // A recording has a document a line.
    return undefined;
  }
  if (value?.type !== 'verdict') return undefined;
  if (value.version !== VERDICT_VERSION) {
    throw new UsageError(
      'FILE',
      `${file}: made by another cmemstat (${value.cmemstat}, verdict format ${value.version}); this one reads format ${VERDICT_VERSION}`,
    );
  }
  return value as Verdict;
}
