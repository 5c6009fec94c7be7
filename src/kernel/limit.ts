import { parseCounter } from './number.ts';

/** A limit of cgroup v2: a number, or `max` for no limit. */
export type Limit = number | 'max';

/**
 * A file with one limit, such as `memory.max` or `pids.max`: a number, or `max`.
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 * @throws KernelFileError if it is neither.
 */
export function parseLimit(text: string, path: string): Limit {
  const word = text.trimEnd();
  return word === 'max' ? 'max' : parseCounter(word, path, 1);
}

/**
 * A file with one number, such as `memory.current`.
 * Unit: bytes for the memory files.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Interface Files".
 * @throws KernelFileError if it is not a number.
 */
export function parseSingleValue(text: string, path: string): number {
  return parseCounter(text.trimEnd(), path, 1);
}
