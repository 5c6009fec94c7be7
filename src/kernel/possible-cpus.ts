import { malformed } from './number.ts';
import { readPseudoFile } from './pseudo-file.ts';

const PATH = '/sys/devices/system/cpu/possible';

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
 * The number of possible CPUs: the kernel allocates per-CPU memory for each of them.
 * @throws KernelFileError.
 */
export function readPossibleCpus(): number {
  return countCpuList(readPseudoFile(PATH), PATH);
}
