/** Errors in expressions. */
import { InputError, type ToolError, UsageError } from '../../errors.ts';
import { findBadSet } from '../../format/glob.ts';
import { safeText } from '../../format/safe-text.ts';
import { shorten } from '../../format/shorten.ts';

/** A part of a text. */
export interface Span {
  from: number;
  /** 0 if something is missing at this position. */
  length: number;
}

/** The longest part of an expression that is shown before, in and after the error. Unit: characters. */
const MAX_SHOWN = 200;

/**
 * Creates the error, with the expression below the message and a caret under the error. `where` is the
 * option, or the place in a file.
 *
 *     --budget: no metric `anno`; did you mean `anon`?
 *       anno<=32MiB
 *       ^~~~
 */
export function faultIn(text: string, where: string, span: Span, message: string, hint?: string): ToolError {
  // A file may contain an expression of any length.
  const from = Math.max(0, span.from - MAX_SHOWN);
  const to = Math.min(text.length, span.from + Math.min(span.length, MAX_SHOWN) + MAX_SHOWN);
  // Escapes are longer than the original: compute the caret position in the escaped text.
  const start = from === 0 ? '' : '...';
  const before = start.length + safeText(text.slice(from, span.from)).length;
  const marked = safeText(text.slice(span.from, Math.min(to, span.from + span.length))).length;
  const caret = `${' '.repeat(before)}^${'~'.repeat(Math.max(0, marked - 1))}`;
  const shown = `${start}${safeText(text.slice(from, to))}${to === text.length ? '' : '...'}`;
  const [full, detail] = [`${where}: ${shorten(message, 4 * MAX_SHOWN)}`, `  ${shown}\n  ${caret}`];
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
