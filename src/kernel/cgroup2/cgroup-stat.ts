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

/**
 * Number of cgroups below this one that were removed and are not yet freed: something is still charged to
 * them. Source and errors as for {@link parseDescendants}.
 */
export function parseDyingDescendants(
  text: string,
  path: string,
  onMalformed?: OnMalformed,
): number | undefined {
  return parseFlatKeyed(text, path, onMalformed).nr_dying_descendants;
}
