/** The moments of `--explain` in words. */
import type { ExplainMoment } from '../model/explain/explain-record.ts';
import { ownValue } from '../model/own-value.ts';

const MOMENT_TEXT: Readonly<Record<ExplainMoment, string>> = {
  end: 'at the end',
  peak: 'at a peak',
  exceeded: 'when a budget was exceeded',
};

/** When it was. A recording of a later version may have other moments. */
export function momentText(moment: string): string {
  return ownValue(MOMENT_TEXT, moment) ?? `at the moment '${moment}'`;
}
