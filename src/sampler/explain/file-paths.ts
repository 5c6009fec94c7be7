/** The paths of files as the processes of a cgroup see them. */
import { readlinkSync } from 'node:fs';
import { type Mount, parseMountinfo } from '../../kernel/procfs/mountinfo.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { ByteString } from '../../target/byte-string.ts';
import { pathOf } from '../../target/byte-string.ts';
import { tryStat } from '../../try-stat.ts';
import { hasVanished, type Missing, missingBecause } from './missing.ts';
import { joinPaths, MountTable, pathBelow } from './mount-table.ts';
import { type FindRealPath, findRealPath, OverlayPaths } from './overlay-paths.ts';

/** A file as the kernel knows it. */
export interface FileIdentity {
  /** The device of its file system as `major:minor` in decimal: of the superblock, as mountinfo has it. */
  device: string;
  /** Its path from the root of the file system on, with a slash before it. */
  path: ByteString;
  fsType: string;
}

/**
 * Who sees a file: the processes of the cgroup; only others, whose path is that of the host; none whose
 * mount namespace is known, so that the path begins at the root of the file system.
 */
export type SeenBy = 'processes' | 'host' | 'none';

/** The path of a file. */
export interface ShownPath {
  /** A byte string; any bytes. */
  path: ByteString;
  seenBy: SeenBy;
  /** Where the file system is mounted that the path leads through; absent for `none`. */
  mountPoint?: ByteString;
  /** The type of that file system: `overlay` for a file of a layer. */
  mountType?: string;
}

/** The mounts that a process sees. */
interface View {
  table: MountTable;
  overlays: OverlayPaths;
  exists: (path: ByteString) => boolean;
}

/** What paths are looked up in; tests give their own. */
export interface PathSources {
  /** The mountinfo of a process, with octal escapes. */
  readMountinfo: (pid: number | 'self') => string;
  /** What identifies the mount namespace of a process, and its root. */
  readNamespace: (pid: number | 'self') => { namespace: string; root: ByteString };
  findRealPath: FindRealPath;
  /** Whether a process sees a path. */
  exists: (pid: number | 'self', path: ByteString) => boolean;
}

/** Of more processes the mount namespace is not looked up, and more namespaces are not read. */
const MAX_PROCESSES = 2000;
const MAX_NAMESPACES = 32;

/** Finds the paths of files. */
export class FilePaths {
  readonly #host: MountTable;
  readonly #views: readonly View[];
  /** Why paths are those of the host. */
  readonly missing: readonly Missing[];

  constructor(host: MountTable, views: readonly View[], missing: readonly Missing[]) {
    this.#host = host;
    this.#views = views;
    this.missing = missing;
  }

  /** The path of a file, whether it still exists or not. */
  resolve({ device, path }: FileIdentity): ShownPath {
    for (const { table, overlays } of this.#views) {
      const seen = table.find(device, path) ?? overlays.find(device, path);
      if (seen !== undefined) return shown(seen.path, 'processes', seen.mount);
    }
    const onHost = this.#host.find(device, path);
    if (onHost !== undefined) return shown(onHost.path, 'host', onHost.mount);
    for (const { overlays, exists } of this.#views) {
      const seen = overlays.guess(path).find((guess) => exists(guess.path));
      if (seen !== undefined) return shown(seen.path, 'processes', seen.mount);
    }
    return { path, seenBy: 'none' };
  }
}

function shown(path: ByteString, seenBy: SeenBy, { mountPoint, fsType }: Mount): ShownPath {
  return { path, seenBy, mountPoint, mountType: fsType };
}

/**
 * Opens the mount namespaces of some processes, and that of this process. Without permission for any of them,
 * paths are those of this process.
 *
 * Source: `/proc/<pid>/mountinfo`, `ns/mnt`, `root`. Needs permission to ptrace the processes.
 * @throws KernelFileError if `/proc/self/mountinfo` is malformed.
 */
export function openFilePaths(pids: readonly number[], sources: PathSources = procSources()): FilePaths {
  const host = new MountTable(parseMountinfo(sources.readMountinfo('self'), '/proc/self/mountinfo'));
  const missing: Missing[] = [];
  const views: View[] = [];
  for (const [pid, root] of chooseProcesses(pids, sources, missing)) {
    try {
      const mounts = parseMountinfo(sources.readMountinfo(pid), `/proc/${pid}/mountinfo`);
      const table = new MountTable(withRoot(mounts, root, host));
      const overlays = new OverlayPaths(table, host, sources.findRealPath);
      views.push({ table, overlays, exists: (path) => sources.exists(pid, path) });
    } catch (error) {
      if (!hasVanished(error)) missing.push(missingBecause('mounts of processes', error));
    }
  }
  if (pids.length === 0) {
    const overlays = new OverlayPaths(host, host, sources.findRealPath);
    views.push({ table: host, overlays, exists: (path) => sources.exists('self', path) });
  }
  return new FilePaths(host, views, missing);
}

/** A process for each mount namespace and root, those of most processes first, with its root. */
function chooseProcesses(
  pids: readonly number[],
  sources: PathSources,
  missing: Missing[],
): [pid: number, root: ByteString][] {
  const found = new Map<string, { pid: number; root: ByteString; count: number }>();
  let denied: Missing | undefined;
  let deniedCount = 0;
  for (const pid of pids.slice(0, MAX_PROCESSES)) {
    try {
      const { namespace, root } = sources.readNamespace(pid);
      const known = found.get(`${namespace} ${root}`);
      if (known === undefined) found.set(`${namespace} ${root}`, { pid, root, count: 1 });
      else known.count += 1;
    } catch (error) {
      if (hasVanished(error)) continue;
      denied = missingBecause('mounts of processes', error);
      deniedCount += 1;
    }
  }
  if (denied !== undefined) missing.push({ ...denied, count: deniedCount });
  return [...found.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_NAMESPACES)
    .map(({ pid, root }) => [pid, root]);
}

/**
 * The list lacks the mount in which the root of a process in a chroot lies, unless the root is a mount point
 * itself. Its directory is looked up among the mounts of this process.
 */
function withRoot(mounts: Mount[], root: ByteString, host: MountTable): Mount[] {
  if (mounts.some(({ mountPoint }) => mountPoint === '/')) return mounts;
  const mount = host.mountAt(root);
  const below = mount === undefined ? undefined : pathBelow(mount.mountPoint, root);
  if (mount === undefined || below === undefined) return mounts;
  const ids = new Set(mounts.map(({ id }) => id));
  const id = mounts.find(({ parentId }) => !ids.has(parentId))?.parentId ?? mount.id;
  return [{ ...mount, id, parentId: id, root: joinPaths(mount.root, below), mountPoint: '/' }, ...mounts];
}

function procSources(procRoot = '/proc'): PathSources {
  return {
    readMountinfo: (pid) => readPseudoFile(`${procRoot}/${pid}/mountinfo`, 'latin1'),
    readNamespace: (pid) => ({
      namespace: readlinkSync(`${procRoot}/${pid}/ns/mnt`),
      root: readlinkSync(`${procRoot}/${pid}/root`, 'buffer').toString('latin1'),
    }),
    findRealPath,
    exists: (pid, path) => tryStat(pathOf(`${procRoot}/${pid}/root${path}`)) !== undefined,
  };
}
