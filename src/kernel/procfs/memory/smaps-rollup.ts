import { kibToBytes, malformed, parseCounter } from '../../number.ts';

/**
 * The proportional set size of a process, from `/proc/<pid>/smaps_rollup`:
 *
 *     55d0c0a3b000-7ffd0d9f2000 ---p 00000000 00:00 0    [rollup]
 *     Rss:                1804 kB
 *     Pss:                 244 kB
 *
 * Source: proc_pid_smaps(5). Unit: bytes (the kernel prints KiB). Since: Linux 4.14.
 * Undefined for a process without user memory (a kernel thread, a zombie): its file is empty.
 * @throws KernelFileError if the line is malformed.
 */
export function parsePss(text: string, path: string): number | undefined {
  if (text === '') return undefined;
  const match = /^Pss:\s+(\d+) kB$/m.exec(text);
  if (match === null) throw malformed(path, undefined, 'no Pss line');
  return kibToBytes(parseCounter(match[1] ?? '', path), path);
}

/** The anonymous memory of a process. Unit: bytes. */
export interface AnonymousRollup {
  /** A page that n processes share counts 1/n. */
  pssAnon: number;
  /** Each page counts in full. */
  anonymous: number;
  anonHugePages: number;
  swapPss: number;
}

/**
 * The sums over all mappings of a process, from `/proc/<pid>/smaps_rollup`; undefined for a process without
 * user memory. Source: proc_pid_smaps(5). Since: Linux 5.4 (`Pss_Anon`).
 * @throws KernelFileError if a line is missing or malformed.
 */
export function parseAnonymousRollup(text: string, path: string): AnonymousRollup | undefined {
  if (text === '') return undefined;
  const read = (key: string) => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text);
    if (match === null) throw malformed(path, undefined, `no ${key} line`);
    return kibToBytes(parseCounter(match[1] ?? '', path), path);
  };
  return {
    pssAnon: read('Pss_Anon'),
    anonymous: read('Anonymous'),
    anonHugePages: read('AnonHugePages'),
    swapPss: read('SwapPss'),
  };
}
