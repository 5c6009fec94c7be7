/** Reads a document of `cmemstat explain --json`. */
import { InputError } from '../errors.ts';
import { parseDocument } from '../format/parse-document.ts';
import { safeText } from '../format/safe-text.ts';
import type { Explanation } from '../model/explain/explanation.ts';
import { tryStat } from '../try-stat.ts';
import { CHUNK_BYTES, MAX_LEADING_BYTES, openSource, STDIN } from './open-source.ts';
import { findFaultInExplanation } from './validation/explain-validator.ts';
import { describeFault } from './validation/fault.ts';

/** How our documents begin that are not records, also after `jq`. */
const BEGINNING = /^\s*\{\s*"version":\s*\d+,\s*"cmemstat":/;

/**
 * The explanation in a file; undefined if it is something else, cannot be opened, or is not a regular file.
 * @throws InputError if it is too large, or is a damaged explanation.
 */
export async function readExplanation(path: string): Promise<Explanation | undefined> {
  // A pipe can be read only once; what cannot be read at all is reported by the reader of recordings.
  if (path === STDIN || tryStat(path)?.isFile() !== true) return undefined;
  const source = await openSource(path).catch(() => undefined);
  if (source === undefined) return undefined;
  try {
    const chunks: Buffer[] = [];
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = await source.read(chunk, position);
      if (position === 0 && !BEGINNING.test(chunk.toString('utf8', 0, Math.min(length, 256))))
        return undefined;
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
      position += length;
      if (position > MAX_LEADING_BYTES) throw new InputError(path, `${path}: too large for an explanation`);
    }
    return parseExplanation(Buffer.concat(chunks).toString('utf8'), path);
  } finally {
    await source.close();
  }
}

function parseExplanation(text: string, path: string): Explanation | undefined {
  let value: unknown;
  try {
    value = parseDocument(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('tree' in value)) return undefined;
  const fault = findFaultInExplanation(value);
  if (fault !== undefined) {
    const what = safeText(`${path}: a damaged explanation: ${describeFault(fault, value)}`);
    throw new InputError(path, what, { hint: 'write it with cmemstat explain --json CGROUP > FILE' });
  }
  return value as Explanation;
}
