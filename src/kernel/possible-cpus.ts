import { errnoOf } from '../errors.ts';
import { malformed } from './number.ts';
import { readPseudoFile } from './pseudo-file.ts';

const PATH = '/sys/devices/system/cpu/possible';
const SOFTIRQS = '/proc/softirqs';

/**
 * The number of CPUs in a list such as `0-3,8`.
 * Source: Documentation/admin-guide/cputopology.rst.
 * @throws KernelFileError if the list is malformed.
 */
export function countCpuList(text: string, path: string): number {
  let count = 0;
  for (const range of text.trimEnd().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || last < first) throw malformed(path, 1, `'${range}' is not a range of CPUs`);
    count += last - first + 1;
  }
  return count;
}

/**
 * The number of possible CPUs in the heading of /proc/softirqs, which has a column for each of them.
 * Source: fs/proc/softirqs.c.
 * @throws KernelFileError if there is none.
 */
export function countSoftirqColumns(text: string, path: string): number {
  const count = /^[^\n]*/.exec(text)?.[0].match(/\bCPU\d+\b/g)?.length ?? 0;
  if (count === 0) throw malformed(path, 1, 'no CPU in the heading');
  return count;
}

/**
 * The number of possible CPUs: the kernel allocates per-CPU memory for each of them. Where sysfs is not
 * mounted, procfs has it.
 * Source: `/sys/devices/system/cpu/possible`, else `/proc/softirqs`.
 * @throws KernelFileError.
 */
export function readPossibleCpus(path: string = PATH): number {
  let text: string;
  try {
    text = readPseudoFile(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return countSoftirqColumns(readPseudoFile(SOFTIRQS), SOFTIRQS);
  }
  return countCpuList(text, path);
}
