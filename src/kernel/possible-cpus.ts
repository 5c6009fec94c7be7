import { malformed } from './number.ts';
import { readPseudoFile } from './pseudo-file.ts';

const PATH = '/sys/devices/system/cpu/possible';

/**
 * The number of CPUs in a list such as `0-3,8`.
 * Source: Documentation/admin-guide/cputopology.rst.
 * @throws KernelFileError when it is no such list.
 */
export function parseCpuList(text: string, path: string): number {
  let count = 0;
  for (const range of text.trimEnd().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range);
    if (match === null) throw malformed(path, 1, `'${range}' is not a range of CPUs`);
    count += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return count;
}

/** How many CPUs this kernel provides for: per-CPU memory is allocated for each of them. @throws KernelFileError. */
export function readPossibleCpus(): number {
  return parseCpuList(readPseudoFile(PATH), PATH);
}
