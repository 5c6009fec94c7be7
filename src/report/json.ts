/** `--report json`: the verdict in the format of `schema/verdict.schema.json`. */
import type { Verdict } from '../model/verdict.ts';

/** The verdict as one JSON document. Texts are not sanitised because JSON has its own escapes. */
export function renderJsonReport(verdict: Verdict): string {
  return `${JSON.stringify(verdict, undefined, 2)}\n`;
}
