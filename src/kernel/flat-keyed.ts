import { KernelFileError } from '../errors.ts';
import { malformed, parseDigits } from './number.ts';

/** Receives the fault of a line that is skipped. */
export type OnMalformed = (fault: KernelFileError) => void;

/**
 * A flat keyed file of cgroupfs, such as `memory.stat` or `memory.events`:
 *
 *     anon 1048576
 *     file 4096
 *
 * Unknown keys are kept. An empty file yields an empty record. Vendors add lines of other forms: with
 * `onMalformed` these are skipped, and so is a second line with the same key.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files".
 * @throws KernelFileError that names the file and the line if a line is malformed or a key is duplicated,
 * without `onMalformed`.
 */
export function parseFlatKeyed(
  text: string,
  path: string,
  onMalformed?: OnMalformed,
): Record<string, number> {
  const values: Record<string, number> = {};
  const visit = (key: string, value: number, line: number) => {
    if (Object.hasOwn(values, key)) throw malformed(path, line, `duplicate key '${key}'`);
    if (key === '__proto__') Object.defineProperty(values, key, { value, enumerable: true });
    else values[key] = value;
  };
  visitFlatKeyed(text, path, visit, onMalformed);
  return values;
}

/**
 * Calls `visit` for every line of a flat keyed file, in order. Uses indexes instead of split() and regular
 * expressions because this runs at every sample, with up to 70 lines. A line that is malformed, or that
 * `visit` rejects with a KernelFileError, is skipped if there is an `onMalformed`.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files".
 * @throws KernelFileError that names the file and the line if a line is malformed, without `onMalformed`.
 */
export function visitFlatKeyed(
  text: string,
  path: string,
  visit: (key: string, value: number, line: number) => void,
  onMalformed?: OnMalformed,
): void {
  let line = 0;
  let start = 0;
  while (start < text.length) {
    line += 1;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    try {
      const space = text.indexOf(' ', start);
      if (space <= start || space >= end) {
        throw malformed(path, line, `expected 'key value', found '${text.slice(start, end)}'`);
      }
      visit(text.slice(start, space), parseDigits(text, space + 1, end, path, line), line);
    } catch (error) {
      if (onMalformed === undefined || !(error instanceof KernelFileError)) throw error;
      onMalformed(error);
    }
    start = end + 1;
  }
}
