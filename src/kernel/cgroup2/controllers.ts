/**
 * `cgroup.controllers` and `cgroup.subtree_control`: controller names on one line, or an empty file.
 *
 *     cpuset cpu io memory pids
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
export function parseControllers(text: string): string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}
