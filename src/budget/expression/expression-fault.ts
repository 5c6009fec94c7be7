/** Errors in expressions. */
import { InputError, type ToolError, UsageError } from '../../errors.ts';
import { findBadSet } from '../../format/glob.ts';
import { safeText } from '../../format/safe-text.ts';

/** A part of a text. */
export interface Span {
  from: number;
  /** 0 if something is missing at this position. */
  length: number;
}

/**
 * Creates the error, with the expression below the message and a caret under the error. `where` is the
 * option, or the place in a file.
 *
 *     --budget: no metric `anno`; did you mean `anon`?
 *       anno<=32MiB
 *       ^~~~
 */
export function faultIn(text: string, where: string, span: Span, message: string, hint?: string): ToolError {
  // Escapes are longer than the original: compute the caret position in the escaped text.
  const before = safeText(text.slice(0, span.from)).length;
  const marked = safeText(text.slice(span.from, span.from + span.length)).length;
  const caret = `${' '.repeat(before)}^${'~'.repeat(Math.max(0, marked - 1))}`;
  const [full, detail] = [`${where}: ${message}`, `  ${safeText(text)}\n  ${caret}`];
  // An option, or a place such as `budget.json:12: budgets[2].budget`.
  return where.startsWith('--')
    ? new UsageError(where, full, hint, detail)
    : new InputError(where.replace(/(:\d+)?: [^:]*$/, ''), full, { hint, detail });
}

/**
 * Validates the sets of a glob in an expression, starting at `from`.
 * @throws UsageError or InputError with a caret under an invalid set.
 */
export function testGlob(text: string, where: string, from: number, glob: string): void {
  const bad = findBadSet(glob);
  if (bad === undefined) return;
  const span = { from: from + bad.from, length: bad.text.length };
  throw faultIn(text, where, span, 'invalid character range: it is reversed', '[a-z]');
}
