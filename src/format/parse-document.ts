/** Parses documents of one JSON value. */
import { withoutByteOrderMark } from './byte-order-mark.ts';
import { isNestedDeeper } from './json-depth.ts';

/** Ours are nested less than 20 deep. Writing some thousand levels again would exhaust the stack. */
const MAX_DEPTH = 500;

/**
 * Parses JSON that may start with a byte order mark.
 * @throws SyntaxError if it is malformed, or nested more than 500 deep.
 */
export function parseDocument(text: string): unknown {
  if (isNestedDeeper(text, MAX_DEPTH)) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
  return JSON.parse(withoutByteOrderMark(text));
}
