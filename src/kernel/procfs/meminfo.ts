import { malformed, parseCounter } from '../number.ts';

/**
 * Parses `/proc/meminfo`:
 *
 *     MemTotal:       24614736 kB
 *     HugePages_Total:       0
 *
 * Source: proc_meminfo(5). Unit: bytes for the lines in kB, counts for the others.
 * @throws KernelFileError that names the line.
 */
export function parseMeminfo(text: string, path: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const match = /^([^:]+):\s+(\d+)( kB)?$/.exec(line);
    if (match === null) throw malformed(path, index + 1, `'${line}' is not 'key: number'`);
    const [, key = '', digits = '', unit] = match;
    values[key] = parseCounter(digits, path, index + 1) * (unit === undefined ? 1 : 1024);
  }
  return values;
}
