import { parseFlatKeyed } from '../flat-keyed.ts';

/**
 * The number of nested cgroups, from `cgroup.stat`:
 *
 *     nr_descendants 2
 *     nr_dying_descendants 0
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst. Since: Linux 4.14.
 * @throws KernelFileError that names the line; undefined where the kernel prints no such key.
 */
export function parseDescendants(text: string, path: string): number | undefined {
  return parseFlatKeyed(text, path).nr_descendants;
}
