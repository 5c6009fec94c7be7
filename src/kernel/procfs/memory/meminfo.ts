/**
 * Parses `/proc/meminfo`; lines that are not in kB, such as `HugePages_Total`, are left out, and so are sizes
 * that a number cannot hold: with five levels of page tables `VmallocTotal`, which is address space.
 *
 *     MemTotal:       24554792 kB
 *     HugePages_Total:       0
 *
 * Source: proc_meminfo(5). Unit of the result: bytes.
 * Since: `Percpu` Linux 4.21, `Hugetlb` 4.19, `SecPageTables` 6.2.
 */
export function parseMeminfo(text: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, key, kib] = /^([A-Za-z0-9_()]+): +(\d+) kB$/.exec(line) ?? [];
    const bytes = Number(kib) * 1024;
    if (key !== undefined && Number.isSafeInteger(bytes)) values[key] = bytes;
  }
  return values;
}
