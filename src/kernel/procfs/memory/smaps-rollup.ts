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
