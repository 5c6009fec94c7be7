import { malformed, parseCounter } from './number.ts';

/**
 * A flat keyed file of cgroupfs, as `memory.stat` and `memory.events` are:
 *
 *     anon 1048576
 *     file 4096
 *
 * Keys that we don't know are passed on. An empty file is an empty record.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files".
 * @throws KernelFileError that names the file and the line when a line is malformed or a key comes twice.
 */
export function parseFlatKeyed(text: string, path: string): Record<string, number> {
  // Without a prototype: a key may be called `constructor`.
  const values: Record<string, number> = Object.create(null);
  let line = 0;
  let start = 0;
  // Indexes instead of split(): this runs at every sample, with up to 70 lines.
  while (start < text.length) {
    line += 1;
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const space = text.indexOf(' ', start);
    if (space <= start || space >= end) {
      throw malformed(path, line, `expected 'key value', found '${text.slice(start, end)}'`);
    }
    const key = text.slice(start, space);
    if (values[key] !== undefined) throw malformed(path, line, `the key '${key}' comes twice`);
    values[key] = parseCounter(text.slice(space + 1, end), path, line);
    start = end + 1;
  }
  return values;
}
