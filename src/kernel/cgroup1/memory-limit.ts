import type { Limit } from '../limit.ts';
import { malformed } from '../number.ts';

/**
 * `memory.limit_in_bytes` and `memory.memsw.limit_in_bytes` of cgroup v1: a number of bytes. No limit is
 * encoded as the largest number of pages that a long can hold (9223372036854771712 with 4 KiB pages).
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst.
 * @throws KernelFileError if it is not a number.
 */
export function parseLimitV1(text: string, path: string): Limit {
  const word = text.trimEnd();
  if (!/^\d+$/.test(word)) throw malformed(path, 1, `'${word}' is not a whole number`);
  const value = Number(word);
  return Number.isSafeInteger(value) ? value : 'max';
}
