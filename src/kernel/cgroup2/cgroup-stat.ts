import { type OnMalformed, parseFlatKeyed } from '../flat-keyed.ts';

/**
 * Number of nested cgroups, from `cgroup.stat`:
 *
 *     nr_descendants 2
 *     nr_dying_descendants 0
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst. Since: Linux 4.14.
 * @throws KernelFileError that names the line, without `onMalformed`. Undefined if the kernel does not print
 * the key.
 */
export function parseDescendants(text: string, path: string, onMalformed?: OnMalformed): number | undefined {
  return parseFlatKeyed(text, path, onMalformed).nr_descendants;
}
