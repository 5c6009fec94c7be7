/** Removed cgroups of a host, which the kernel keeps as long as memory is charged to them. */
import { join } from 'node:path';
import { parseCgroupCount } from '../../kernel/cgroup1/cgroup-count.ts';
import { parseDyingDescendants } from '../../kernel/cgroup2/cgroup-stat.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import { absentAs } from '../figure-reader.ts';

const CONTROLLERS = '/proc/cgroups';

/**
 * Their number: cgroup v2 counts them; on v1 it is what the hierarchy has beyond its directories. Absent if
 * the kernel reports neither.
 * @param root the directory of the root cgroup of the host.
 * @param directories the number of directories of the hierarchy, the root included.
 * @throws KernelFileError.
 */
export function readRemovedCgroups(version: 1 | 2, root: string, directories: number): number | undefined {
  if (version === 2) {
    const path = join(root, 'cgroup.stat');
    return absentAs(undefined, () => parseDyingDescendants(readPseudoFile(path), path, () => {}));
  }
  const all = absentAs(undefined, () => parseCgroupCount(readPseudoFile(CONTROLLERS), 'memory'));
  // Others come and go between the two readings.
  return all === undefined ? undefined : Math.max(0, all - directories);
}
