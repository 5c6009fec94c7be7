/** Why the kernel refuses to create another cgroup: the limits of cgroup v2 on their number and depth. */
import { dirname, join, relative } from 'node:path';
import { parseDescendants } from '../kernel/cgroup2/cgroup-stat.ts';
import { parseLimit } from '../kernel/limit.ts';
import { readIfThere } from './binding-limits.ts';

/** A limit that has been reached. */
export interface FullCgroup {
  /** The file with the limit. */
  file: string;
  limit: number;
}

/**
 * The limit that keeps a cgroup from being created in `directory`: `cgroup.max.descendants` or
 * `cgroup.max.depth` of it or of an ancestor up to `top`; undefined if none is reached.
 * Source: Documentation/admin-guide/cgroup-v2.rst. Since: Linux 4.14.
 * @throws KernelFileError.
 */
export function findFullCgroup(directory: string, top: string): FullCgroup | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const descendants = readLimit(join(at, 'cgroup.max.descendants'));
    const count = readIfThere(join(at, 'cgroup.stat'));
    const existing = count === undefined ? undefined : parseDescendants(count, 'cgroup.stat');
    if (descendants !== undefined && existing !== undefined && existing >= descendants) {
      return { file: join(at, 'cgroup.max.descendants'), limit: descendants };
    }
    const depth = readLimit(join(at, 'cgroup.max.depth'));
    const levels = relative(at, directory).split('/').filter(Boolean).length + 1;
    if (depth !== undefined && levels > depth) return { file: join(at, 'cgroup.max.depth'), limit: depth };
    if (at === top || at === dirname(at)) return undefined;
  }
}

function readLimit(path: string): number | undefined {
  const text = readIfThere(path);
  const limit = text === undefined ? 'max' : parseLimit(text, path);
  return limit === 'max' ? undefined : limit;
}
