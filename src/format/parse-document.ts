/** Parses documents of one JSON value. */
import { withoutByteOrderMark } from './byte-order-mark.ts';

/** Ours are nested less than 20 deep. Writing some thousand levels again would exhaust the stack. */
const MAX_DEPTH = 500;

/**
 * Parses JSON that may start with a byte order mark.
 * @throws SyntaxError if it is malformed, or nested more than 500 deep.
 */
export function parseDocument(text: string): unknown {
  const value: unknown = JSON.parse(withoutByteOrderMark(text));
  if (isTooDeep(text)) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
  return value;
}

/** Counts the brackets outside of the strings of valid JSON. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
