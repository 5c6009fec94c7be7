/** What is said about an expression that can't be understood. Pure. */
import { UsageError } from '../../errors.ts';
import { findBadSet } from '../../format/glob.ts';
import { safeText } from '../../format/safe-text.ts';

/** A part of a text. */
export interface Span {
  from: number;
  /** 0 for a place where something is missing. */
  length: number;
}

/**
 * The error with the expression below it and a caret under the fault. `where` is the option, or the place in a file.
 *
 *     --budget: no metric `anno`; did you mean `anon`?
 *       anno<=32MiB
 *       ^~~~
 */
export function faultIn(text: string, where: string, span: Span, message: string, hint?: string): UsageError {
  // Escapes are longer than what they stand for: the caret is placed in the text that is shown.
  const before = safeText(text.slice(0, span.from)).length;
  const marked = safeText(text.slice(span.from, span.from + span.length)).length;
  const caret = `${' '.repeat(before)}^${'~'.repeat(Math.max(0, marked - 1))}`;
  return new UsageError(where, `${where}: ${message}`, hint, `  ${safeText(text)}\n  ${caret}`);
}

/**
 * Tests a glob that stands in an expression, from `from` on.
 * @throws UsageError with a caret under a set that can't be one.
 */
export function testGlob(text: string, where: string, from: number, glob: string): void {
  const bad = findBadSet(glob);
  if (bad === undefined) return;
  const span = { from: from + bad.from, length: bad.text.length };
  throw faultIn(text, where, span, 'a range of characters that runs backwards', '[a-z]');
}
