import { malformed, parseDigits } from './number.ts';

/**
 * A flat keyed file of cgroupfs, such as `memory.stat` or `memory.events`:
 *
 *     anon 1048576
 *     file 4096
 *
 * Unknown keys are kept. An empty file yields an empty record.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files".
 * @throws KernelFileError that names the file and the line if a line is malformed or a key is duplicated.
 */
export function parseFlatKeyed(text: string, path: string): Record<string, number> {
  const values: Record<string, number> = {};
  visitFlatKeyed(text, path, (key, value, line) => {
    if (Object.hasOwn(values, key)) throw malformed(path, line, `duplicate key '${key}'`);
    if (key === '__proto__') Object.defineProperty(values, key, { value, enumerable: true });
    else values[key] = value;
  });
  return values;
}

/**
 * Calls `visit` for every line of a flat keyed file, in order. Uses indexes instead of split() and regular
 * expressions because this runs at every sample, with up to 70 lines.
 * @throws KernelFileError that names the file and the line if a line is malformed.
 */
export function visitFlatKeyed(
  text: string,
  path: string,
  visit: (key: string, value: number, line: number) => void,
): void {
  let line = 0;
  let start = 0;
  while (start < text.length) {
    line += 1;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const space = text.indexOf(' ', start);
    if (space <= start || space >= end) {
      throw malformed(path, line, `expected 'key value', found '${text.slice(start, end)}'`);
    }
    visit(text.slice(start, space), parseDigits(text, space + 1, end, path, line), line);
    start = end + 1;
  }
}
