import { readdirSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { parseSingleValue } from '../limit.ts';
import { readPseudoFile } from '../pseudo-file.ts';

/** Pages of hugetlb that are charged to a cgroup, of one size. */
export interface HugetlbUse {
  /** As in the name of the file: `2MB`. */
  pageSize: string;
  /** Unit: bytes. */
  bytes: number;
}

/**
 * The pages of hugetlb that the hugetlb controller charges to a cgroup; undefined if it does not have the
 * controller. They are not part of memory.current, unless the option `memory_hugetlb_accounting` is set.
 *
 * Source: `hugetlb.<size>.current` on v2, `hugetlb.<size>.usage_in_bytes` on v1;
 * Documentation/admin-guide/cgroup-v2.rst, "HugeTLB". Since: Linux 5.6 on v2.
 * @throws KernelFileError.
 */
export function readHugetlbUse(directory: string): HugetlbUse[] | undefined {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  const uses = names.flatMap((name) => {
    const [, pageSize] = /^hugetlb\.(\w+)\.(?:current|usage_in_bytes)$/.exec(name) ?? [];
    if (pageSize === undefined) return [];
    const path = `${directory}/${name}`;
    return [{ pageSize, bytes: parseSingleValue(readPseudoFile(path), path) }];
  });
  return uses.length === 0 ? undefined : uses;
}
