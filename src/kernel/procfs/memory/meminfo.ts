import { kibToBytes, parseDigits } from '../../number.ts';

/**
 * Parses `/proc/meminfo`; lines that are not in kB, such as `HugePages_Total`, are left out.
 *
 *     MemTotal:       24554792 kB
 *     HugePages_Total:       0
 *
 * Source: proc_meminfo(5). Unit of the result: bytes.
 * Since: `Percpu` Linux 4.21, `Hugetlb` 4.19, `SecPageTables` 6.2.
 * @throws KernelFileError for a number above 2^53.
 */
export function parseMeminfo(text: string, path: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [index, line] of text.split('\n').entries()) {
    const [, key, kib] = /^([A-Za-z0-9_()]+): +(\d+) kB$/.exec(line) ?? [];
    if (key === undefined || kib === undefined) continue;
    values[key] = kibToBytes(parseDigits(kib, 0, kib.length, path, index + 1), path, index + 1);
  }
  return values;
}
