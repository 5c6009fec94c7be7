/** Finds the pins of BPF objects: opens every file of every bpffs and reads its fdinfo. */
import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, SyscallError } from '../../../errors.ts';
import { readFdinfo } from '../../procfs/fdinfo.ts';
import { parseMountinfo } from '../../procfs/mountinfo.ts';
import { readPseudoFile } from '../../pseudo-file.ts';
import { encodeObjectPath } from './bpf-attr.ts';
import type { Bpf } from './bpf-call.ts';
import type { ObjectKind } from './objects.ts';

/** The pin paths of each object, by kind and id. */
export type PinnedObjects = Readonly<Record<ObjectKind, ReadonlyMap<number, readonly string[]>>>;

const ID_KEYS = [
  ['map', 'map_id'],
  ['link', 'link_id'],
  ['program', 'prog_id'],
] as const;

/** Where a bpffs is mounted. Source: proc_pid_mountinfo(5). @throws KernelFileError. */
export function bpfMountPoints(path = '/proc/self/mountinfo'): string[] {
  return parseMountinfo(readPseudoFile(path), path)
    .filter(({ fsType }) => fsType === 'bpf')
    .map(({ mountPoint }) => mountPoint);
}

/**
 * The objects pinned below these mounts. Files that cannot be opened or disappear meanwhile are left out.
 *
 * Source: bpf(2), BPF_OBJ_GET, and fdinfo. Since: Linux 4.4. Needs the right to read and write each file.
 * @throws KernelFileError.
 */
export function collectPinned(bpf: Bpf, mountPoints: readonly string[] = bpfMountPoints()): PinnedObjects {
  const pinned = { map: new Map(), program: new Map(), link: new Map() } satisfies Record<
    ObjectKind,
    Map<number, string[]>
  >;
  for (const path of new Set(mountPoints.flatMap(listFiles))) {
    const object = identify(bpf, path);
    if (object === undefined) continue;
    const paths: string[] | undefined = pinned[object.kind].get(object.id);
    if (paths === undefined) pinned[object.kind].set(object.id, [path]);
    else paths.push(path);
  }
  return pinned;
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? listFiles(path) : [path];
    });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function identify(bpf: Bpf, path: string): { kind: ObjectKind; id: number } | undefined {
  const name = Buffer.from(`${path}\0`);
  let fd: number;
  try {
    fd = bpf.call('BPF_OBJ_GET', encodeObjectPath(bpf.address(name), 0), [name]);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
  try {
    const { values } = readFdinfo(fd);
    for (const [kind, key] of ID_KEYS) {
      const id = values.get(key);
      // The fdinfo of a link also contains the ids of its program and map, after its own.
      if (id !== undefined && (kind !== 'map' || values.has('map_type'))) return { kind, id: Number(id) };
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}
