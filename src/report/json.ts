/** `--report json`: the verdict in the format of `schema/verdict.schema.json`. */
import { safeJson } from '../format/safe-text.ts';
import type { Verdict } from '../model/verdict.ts';

/** The verdict as one JSON document, with texts as they are: a parser gets what was recorded. */
export function renderJsonReport(verdict: Verdict): string {
  return `${safeJson(verdict, 2)}\n`;
}
