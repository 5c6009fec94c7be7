/** Lists the BPF objects of this host by iterating over their ids. Since: Linux 4.13. Needs CAP_SYS_ADMIN. */
import { closeSync } from 'node:fs';
import { errnoOf } from '../../../errors.ts';
import {
  type LinkFdinfo,
  linkFdinfo,
  type MapFdinfo,
  mapFdinfo,
  type ProgramFdinfo,
  programFdinfo,
  readFdinfo,
} from '../../procfs/fdinfo.ts';
import {
  decodeInfoLength,
  decodeNextId,
  encodeGetFdById,
  encodeGetInfoByFd,
  encodeGetNextId,
  repeatFromNextId,
} from './bpf-attr.ts';
import { type Bpf, explainBpfError } from './bpf-call.ts';
import type { BpfCommand } from './bpf-enums.ts';
import {
  decodeBtfSize,
  decodeLinkInfo,
  decodeMapInfo,
  decodeProgramInfo,
  encodeBtfInfo,
  encodeProgramInfo,
  LINK_INFO_SIZE,
  type LinkInfo,
  MAP_INFO_SIZE,
  type MapInfo,
  PROGRAM_INFO_SIZE,
  type ProgramInfo,
} from './bpf-info.ts';
import { decodeU32Array } from './bpf-struct.ts';

/** The kinds of objects that use memory and are listed. */
export type ObjectKind = 'map' | 'program' | 'link';

/** Listed kinds, plus the BTF objects of maps and programs. */
type AnyKind = ObjectKind | 'btf';

const KINDS = {
  map: { next: 'BPF_MAP_GET_NEXT_ID', open: 'BPF_MAP_GET_FD_BY_ID', plural: 'BPF maps', since: '4.13' },
  program: {
    next: 'BPF_PROG_GET_NEXT_ID',
    open: 'BPF_PROG_GET_FD_BY_ID',
    plural: 'BPF programs',
    since: '4.13',
  },
  link: { next: 'BPF_LINK_GET_NEXT_ID', open: 'BPF_LINK_GET_FD_BY_ID', plural: 'BPF links', since: '5.8' },
  btf: { next: 'BPF_BTF_GET_NEXT_ID', open: 'BPF_BTF_GET_FD_BY_ID', plural: 'BTF objects', since: '5.4' },
} as const satisfies Record<AnyKind, { next: BpfCommand; open: BpfCommand; plural: string; since: string }>;

/**
 * The ids of all objects of a kind, in ascending order.
 *
 * Source: bpf(2), BPF_{MAP,PROG,LINK}_GET_NEXT_ID. Since: Linux 4.13; links since 5.8.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError on a kernel without the command,
 * SyscallError.
 */
export function listObjectIds(bpf: Bpf, kind: ObjectKind): number[] {
  const ids: number[] = [];
  // The attribute is reused: each result is the start id of the next call.
  for (const attr = encodeGetNextId(0); hasNextId(bpf, kind, attr); repeatFromNextId(attr)) {
    ids.push(decodeNextId(attr));
  }
  return ids;
}

/** Requests the next id; false if the current one is the last. */
function hasNextId(bpf: Bpf, kind: ObjectKind, attr: Buffer): boolean {
  const { next, plural, since } = KINDS[kind];
  try {
    bpf.call(next, attr);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw explainBpfError(error, `list the ${plural} of this host`, ['CAP_SYS_ADMIN'], since);
  }
}

/**
 * Opens the object with this id, passes its descriptor to `use`, and always closes it. Absent if the object
 * no longer exists: ids are never reused.
 * Source: bpf(2), BPF_{MAP,PROG,LINK,BTF}_GET_FD_BY_ID. Since: Linux 4.13; BTF since 4.18, links since 5.8.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, and any error of `use`.
 */
export function withObject<T>(bpf: Bpf, kind: AnyKind, id: number, use: (fd: number) => T): T | undefined {
  const { open, plural, since } = KINDS[kind];
  let fd: number;
  try {
    fd = bpf.call(open, encodeGetFdById(id));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw explainBpfError(error, `open the ${plural} of this host`, ['CAP_SYS_ADMIN'], since);
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Requests up to `size` bytes of information about an open object; returns the number of bytes written. */
function getInfo(bpf: Bpf, fd: number, info: Buffer, pointees: readonly Uint8Array[] = []): number {
  const attr = encodeGetInfoByFd(fd, bpf.address(info), info.length);
  bpf.call('BPF_OBJ_GET_INFO_BY_FD', attr, [info, ...pointees]);
  return decodeInfoLength(attr);
}

/**
 * What bpf(2) says about an open map. Source: BPF_OBJ_GET_INFO_BY_FD. Since: Linux 4.13. Needs no capability.
 * @throws SyscallError with the errno.
 */
export function getMapInfo(bpf: Bpf, fd: number): MapInfo {
  const info = Buffer.alloc(MAP_INFO_SIZE);
  return decodeMapInfo(info, getInfo(bpf, fd, info));
}

/**
 * Information about an open program, with the ids of all maps that it uses.
 * Source: BPF_OBJ_GET_INFO_BY_FD. Since: Linux 4.13. Needs no capability.
 * @throws SyscallError with the errno.
 */
export function getProgramInfo(bpf: Bpf, fd: number): ProgramInfo & { map_ids: number[] } {
  // Most programs use few maps. The kernel reports their number; more can be bound before the second call.
  let room = 16;
  for (;;) {
    const mapIds = Buffer.alloc(room * 4);
    const info = encodeProgramInfo(bpf.address(mapIds), room);
    const length = getInfo(bpf, fd, info, [mapIds]);
    const decoded = decodeProgramInfo(info.subarray(0, PROGRAM_INFO_SIZE), length);
    if (decoded.nr_map_ids <= room)
      return { ...decoded, map_ids: decodeU32Array(mapIds, decoded.nr_map_ids) };
    room = decoded.nr_map_ids;
  }
}

/**
 * What bpf(2) says about an open link. Source: BPF_OBJ_GET_INFO_BY_FD. Since: Linux 5.8. Needs no capability.
 * @throws SyscallError with the errno.
 */
export function getLinkInfo(bpf: Bpf, fd: number): LinkInfo {
  const info = Buffer.alloc(LINK_INFO_SIZE);
  getInfo(bpf, fd, info);
  return decodeLinkInfo(info);
}

/**
 * The data of the BTF object with this id. Absent if it no longer exists.
 * Source: bpf(2), BPF_BTF_GET_FD_BY_ID and BPF_OBJ_GET_INFO_BY_FD. Since: Linux 4.18.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError.
 */
export function readBtfObject(bpf: Bpf, id: number): Buffer | undefined {
  return withObject(bpf, 'btf', id, (fd) => {
    const question = encodeBtfInfo(0n, 0);
    getInfo(bpf, fd, question);
    const types = Buffer.alloc(decodeBtfSize(question));
    getInfo(bpf, fd, encodeBtfInfo(bpf.address(types), types.length), [types]);
    return types;
  });
}

/** A map with information from bpf(2) and fdinfo. */
export type MapObject = MapInfo & Pick<MapFdinfo, 'memlock' | 'frozen' | 'owner_prog_type' | 'owner_jited'>;

/** A program with information from bpf(2) and fdinfo. */
export type ProgramObject = ProgramInfo & Pick<ProgramFdinfo, 'memlock'> & { map_ids: number[] };

/** A link with information from bpf(2); `map_id` is the map that it references, if any. */
export type LinkObject = LinkInfo & Pick<LinkFdinfo, 'map_id'>;

/**
 * The fdinfo of the map with this id; absent if the map no longer exists.
 * Source: `/proc/self/fdinfo`. Since: Linux 4.13.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, KernelFileError.
 */
export function readMapFdinfo(bpf: Bpf, id: number): MapFdinfo | undefined {
  return withObject(bpf, 'map', id, (fd) => mapFdinfo(readFdinfo(fd)));
}

/**
 * The fdinfo of the program with this id; absent if the program no longer exists.
 * Source: `/proc/self/fdinfo`. Since: Linux 4.13.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, KernelFileError.
 */
export function readProgramFdinfo(bpf: Bpf, id: number): ProgramFdinfo | undefined {
  return withObject(bpf, 'program', id, (fd) => programFdinfo(readFdinfo(fd)));
}

/**
 * All maps of this host, in ascending order of ids. Maps that disappear meanwhile are left out.
 * Source: bpf(2) and `/proc/self/fdinfo`. Since: Linux 4.13.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, KernelFileError.
 */
export function collectMaps(bpf: Bpf): MapObject[] {
  return collectObjects(bpf, 'map', (fd) => {
    const fdinfo = mapFdinfo(readFdinfo(fd));
    if (fdinfo === undefined) return undefined;
    const { memlock, frozen, owner_prog_type, owner_jited } = fdinfo;
    return { ...getMapInfo(bpf, fd), memlock, frozen, owner_prog_type, owner_jited };
  });
}

/**
 * All programs of this host, in ascending order of ids. Programs that disappear meanwhile are left out.
 * Source: bpf(2) and `/proc/self/fdinfo`. Since: Linux 4.13.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, KernelFileError.
 */
export function collectPrograms(bpf: Bpf): ProgramObject[] {
  return collectObjects(bpf, 'program', (fd) => {
    const fdinfo = programFdinfo(readFdinfo(fd));
    return fdinfo === undefined ? undefined : { ...getProgramInfo(bpf, fd), memlock: fdinfo.memlock };
  });
}

/**
 * All links of this host, in ascending order of ids. Links that disappear meanwhile are left out.
 * Source: bpf(2) and `/proc/self/fdinfo`. Since: Linux 5.8.
 * @throws PermissionError without CAP_SYS_ADMIN, UnsupportedError, SyscallError, KernelFileError.
 */
export function collectLinks(bpf: Bpf): LinkObject[] {
  return collectObjects(bpf, 'link', (fd) => ({
    ...getLinkInfo(bpf, fd),
    map_id: linkFdinfo(readFdinfo(fd))?.map_id,
  }));
}

/**
 * Collects all ids first: opening an object is slower than creating one, so a walk that opens objects along
 * the way may never finish on a busy host.
 */
function collectObjects<T>(bpf: Bpf, kind: ObjectKind, read: (fd: number) => T | undefined): T[] {
  return listObjectIds(bpf, kind)
    .map((id) => withObject(bpf, kind, id, read))
    .filter((object) => object !== undefined);
}
