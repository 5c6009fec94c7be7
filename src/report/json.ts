/** `--report json`: the verdict itself, by `schema/verdict.schema.json`. */
import type { Verdict } from '../model/verdict.ts';

/** The verdict as one JSON document. Every text is as it was: JSON has escapes of its own. */
export function renderJsonReport(verdict: Verdict): string {
  return `${JSON.stringify(verdict, undefined, 2)}\n`;
}
