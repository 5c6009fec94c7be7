import { malformed } from '../number.ts';

/** One line of `/proc/<pid>/cgroup`. */
export interface CgroupMembership {
  /**
   * The v1 controllers of this hierarchy; empty for cgroup v2 and for named hierarchies without controllers.
   */
  controllers: string[];
  /** 0 for cgroup v2. */
  hierarchy: number;
  /**
   * The path of the cgroup relative to the root of the hierarchy, in our cgroup namespace; starts with `/`.
   */
  path: string;
}

/**
 * Parses `/proc/<pid>/cgroup`:
 *
 *     4:memory:/user/1
 *     0::/user.slice/session-1.scope
 *
 * Source: cgroups(7).
 * @throws KernelFileError that names the line.
 */
export function parsePidCgroup(text: string, path: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (match === null) throw malformed(path, index + 1, `'${line}' is not 'hierarchy:controllers:path'`);
    const [, hierarchy, controllers = '', cgroup = '/'] = match;
    memberships.push({
      hierarchy: Number(hierarchy),
      controllers: controllers.split(',').filter((name) => name !== '' && !name.startsWith('name=')),
      path: cgroup,
    });
  }
  return memberships;
}
