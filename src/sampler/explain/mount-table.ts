/** Where the files of file systems are seen in a mount namespace. */
import type { Mount } from '../../kernel/procfs/mountinfo.ts';
import type { ByteString } from '../../target/byte-string.ts';

/** A path with the mount through which it is seen. */
export interface SeenPath {
  path: ByteString;
  mount: Mount;
}

/** The mounts of a namespace; paths are byte strings. */
export class MountTable {
  readonly mounts: readonly Mount[];
  readonly #root: Mount | undefined;
  /** By the mount that they are on, and the path. */
  readonly #children = new Map<number, Map<ByteString, Mount>>();
  /** By device; the longest root first, and of equal ones the shortest mount point: copies are deeper. */
  readonly #byDevice = new Map<string, Mount[]>();

  constructor(mounts: readonly Mount[]) {
    this.mounts = mounts;
    const ids = new Set(mounts.map(({ id }) => id));
    for (const mount of mounts) {
      const isRoot = mount.mountPoint === '/' && (!ids.has(mount.parentId) || mount.parentId === mount.id);
      if (isRoot) this.#root ??= mount;
      if (!isRoot || this.#root !== mount) this.#addChild(mount);
      const same = this.#byDevice.get(mount.device);
      if (same === undefined) this.#byDevice.set(mount.device, [mount]);
      else same.push(mount);
    }
    for (const same of this.#byDevice.values()) {
      same.sort((a, b) => b.root.length - a.root.length || a.mountPoint.length - b.mountPoint.length);
    }
  }

  /** Whether any part of a file system is mounted. */
  has(device: string): boolean {
    return this.#byDevice.has(device);
  }

  /** The mount that a path leads to; undefined if the list has no root. */
  mountAt(path: ByteString): Mount | undefined {
    let mount = this.#top(this.#root, '/');
    for (let slash = path.indexOf('/', 1); mount !== undefined && path !== '/'; ) {
      const prefix = slash < 0 ? path : path.slice(0, slash);
      mount = this.#top(mount, prefix);
      if (slash < 0) break;
      slash = path.indexOf('/', slash + 1);
    }
    return mount;
  }

  /**
   * Where a file is seen: through the mount that begins the farthest inside its file system, unless another
   * mount hides it; of several with the same beginning, at the shortest of their mount points. `inside`: the
   * path in the file system. Undefined if it is not visible.
   */
  find(device: string, inside: ByteString): SeenPath | undefined {
    for (const mount of this.#byDevice.get(device) ?? []) {
      const rest = pathBelow(mount.root, inside);
      if (rest === undefined) continue;
      const path = joinPaths(mount.mountPoint, rest);
      if (this.mountAt(path) === mount) return { path, mount };
    }
    return undefined;
  }

  #addChild(mount: Mount): void {
    let children = this.#children.get(mount.parentId);
    if (children === undefined) {
      children = new Map();
      this.#children.set(mount.parentId, children);
    }
    children.set(mount.mountPoint, mount);
  }

  /** The last of the mounts that are stacked on a path. */
  #top(below: Mount | undefined, path: ByteString): Mount | undefined {
    let mount = below;
    for (let depth = 0; mount !== undefined && depth <= this.mounts.length; depth += 1) {
      const above: Mount | undefined = this.#children.get(mount.id)?.get(path);
      if (above === undefined) break;
      mount = above;
    }
    return mount;
  }
}

/** What follows a directory in a path, with its slash; empty for the directory itself. */
export function pathBelow(directory: ByteString, path: ByteString): ByteString | undefined {
  if (directory === '/') return path === '/' ? '' : path;
  if (path === directory) return '';
  return path.startsWith(directory) && path[directory.length] === '/'
    ? path.slice(directory.length)
    : undefined;
}

/** `below` is empty or begins with a slash. */
export function joinPaths(directory: ByteString, below: ByteString): ByteString {
  if (below === '') return directory;
  return directory === '/' ? below : directory + below;
}
