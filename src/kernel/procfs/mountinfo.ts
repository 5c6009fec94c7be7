import { malformed, parseCounter } from '../number.ts';

/** One mount, from `/proc/self/mountinfo`. */
export interface Mount {
  /** Unique among the mounts that exist; reused after an unmount. */
  id: number;
  /** The mount that it is mounted on; not in the list for the root of the namespace or of a chroot. */
  parentId: number;
  /** The device of the file system, as `major:minor`. */
  device: string;
  /** The directory of the file system that is mounted; `/` for the root. */
  root: string;
  mountPoint: string;
  /** Options of this mount, such as `rw`. */
  options: string[];
  fsType: string;
  /** Options of the file system; on cgroup v1 they include the controllers. */
  superOptions: string[];
}

/**
 * Parses `/proc/self/mountinfo`; spaces and backslashes in fields are octal escapes:
 *
 *     35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
 *
 * Source: proc_pid_mountinfo(5).
 * @throws KernelFileError that names the line.
 */
export function parseMountinfo(text: string, path: string): Mount[] {
  const mounts: Mount[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [id, parentId, device, root, mountPoint, options] = fields;
    const fsType = fields[dash + 1];
    const superOptions = fields[dash + 3];
    if (
      dash < 0 ||
      device === undefined ||
      root === undefined ||
      mountPoint === undefined ||
      fsType === undefined
    ) {
      throw malformed(path, index + 1, `'${line}' is not a mount`);
    }
    mounts.push({
      id: parseCounter(id ?? '', path, index + 1),
      parentId: parseCounter(parentId ?? '', path, index + 1),
      device,
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      options: (options ?? '').split(','),
      fsType,
      superOptions: (superOptions ?? '').split(','),
    });
  }
  return mounts;
}

/** Replaces the octal escapes of `mangle_path` and `seq_escape` by characters, one a byte. */
export function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
