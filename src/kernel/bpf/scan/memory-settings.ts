/** Settings of the kernel that a page scan depends on, and what the scan takes itself. */
import { readFileSync } from 'node:fs';
import { mapFdinfo, readFdinfo } from '../../procfs/fdinfo.ts';

/**
 * What the kernel says that maps take. Unit: bytes. Before Linux 6.4 an estimate.
 * @throws KernelFileError if a file is malformed.
 */
export function readMapMemory(maps: Iterable<{ fd: number }>): number {
  let bytes = 0;
  for (const { fd } of maps) bytes += mapFdinfo(readFdinfo(fd))?.memlock ?? 0;
  return bytes;
}

/**
 * Whether the kernel has generations of pages in place of active lists.
 * Source: Documentation/admin-guide/mm/multigen_lru.rst. Since: Linux 6.1.
 */
export function usesMultiGenerationalLru(path = '/sys/kernel/mm/lru_gen/enabled'): boolean {
  try {
    return (Number(readFileSync(path, 'latin1')) & 1) === 1;
  } catch {
    return false;
  }
}

/**
 * The size of a huge page. Unit: bytes.
 * Source: Documentation/admin-guide/mm/transhuge.rst. Since: Linux 4.7.
 */
export function readHugePageSize(path = '/sys/kernel/mm/transparent_hugepage/hpage_pmd_size'): number {
  try {
    return Number(readFileSync(path, 'latin1')) || 2 ** 21;
  } catch {
    // A kernel without huge pages.
    return 2 ** 40;
  }
}
