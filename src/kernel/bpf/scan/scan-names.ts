/** The names of what a page scan found. */

import { RecordReader } from '../iter/record-reader.ts';
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';

/** The name of a file whose pages were found. */
export interface ScanFile {
  kind: 'file';
  /** The device of its file system, as `major:minor`. */
  device: string;
  inode: number;
  /** Unit: bytes. */
  size: number;
  /** Hard links; 0 for a deleted file. */
  links: number;
  /** All that is in the page cache of it, charged to any cgroup. Unit: bytes. */
  cachedBytes: number;
  /** The type of the file system, such as `ext4`. */
  fileSystem: string;
  fileType: 'regular' | 'directory' | 'symlink' | 'block-device' | 'other';
  /**
   * The names from the root of its file system to the file, as byte strings: each character is one byte.
   * Empty for the root itself; absent for a file without a directory entry, such as the metadata of a file
   * system.
   */
  components?: string[];
  /** Whether no directory has it any more: the names are the last ones. */
  isDeleted: boolean;
  /** Whether there are more names between the root and the first. */
  isTruncated: boolean;
  /** What it is, if it is not a file of a mounted file system. */
  special?: SpecialFile;
}

/** A file that is in no directory. */
export type SpecialFile =
  /** memfd_create(2), by the name it was given, as a byte string. */
  | { type: 'memfd'; name: string }
  /** shmget(2), by the key: 0 is IPC_PRIVATE. */
  | { type: 'sysv'; key: number }
  /** Anonymous memory that processes share: mmap(2) with MAP_SHARED and MAP_ANONYMOUS. */
  | { type: 'shared-anon' }
  /** A block device, as `major:minor`: the metadata of the file system on it, or its contents. */
  | { type: 'block-device'; device: string }
  /** Another file in memory of the kernel, such as one of a graphics driver. */
  | { type: 'internal'; name: string };

/** The name of a slab cache. Caches of equal size may share one. */
export interface ScanCache {
  kind: 'slab';
  name: string;
  /** Unit: bytes. */
  objectSize: number;
  /** With padding. Unit: bytes. */
  size: number;
}

/** What a memory cgroup is called. */
export interface ScanCgroup {
  kind: 'cgroup';
  /** The inode number of its directory. */
  id: number;
  /** The names from the root cgroup, as byte strings; empty for the root. */
  components: string[];
  /** Whether its directory is gone. */
  isRemoved: boolean;
  /** Whether it is charged no more: removed, or without the memory controller. */
  isOffline: boolean;
}

/** What an object is called; undefined for one that is gone. */
export type ScanName = ScanFile | ScanCache | ScanCgroup | undefined;

/** `enum request_kind` of page-names.bpf.c. */
export const REQUEST = { file: 1, slab: 2, owner: 3 } as const;

/** How many objects are named by one call, and the size of each request. Unit: bytes. */
export const MAX_REQUESTS = 512;
export const REQUEST_SIZE = 16;
/** The size of the buffer for the answers. Unit: bytes. */
export const OUTPUT_SIZE = 128 * 1024 + 512;

/** `enum name_flags` of page-names.bpf.c. */
const FLAG = {
  found: 1,
  unhashed: 2,
  truncated: 4,
  internal: 8,
  hasEntry: 16,
  unstable: 32,
  offline: 64,
  removed: 128,
} as const;

/** `struct name_record` of page-names.bpf.c. Unit: byte offset from the start of the record. */
const FIELDS = {
  length: 0,
  request: 4,
  flags: 8,
  mode: 12,
  inode: 16,
  size: 24,
  pages: 32,
  device: 40,
  specialDevice: 44,
  links: 48,
  componentBytes: 52,
} as const;
const FILE_SYSTEM = 56;
const FILE_SYSTEM_SIZE = 32;

/** Size of a record without the components behind it. Unit: bytes. */
export const NAME_RECORD_SIZE = 88;

/** Source: `include/uapi/linux/stat.h`. */
const FILE_TYPES: ReadonlyMap<number, ScanFile['fileType']> = new Map([
  [0o040000, 'directory'],
  [0o060000, 'block-device'],
  [0o100000, 'regular'],
  [0o120000, 'symlink'],
]);

/** How names are decoded. */
export interface NameDecoding {
  /** Unit: bytes. */
  pageSize: number;
  byteOrder?: ByteOrder;
}

/**
 * Decodes the answers to requests.
 * @param kinds the kinds of the requests, see {@link REQUEST}; an answer has the index of its request.
 */
export function decodeNames(
  bytes: Buffer,
  kinds: readonly number[],
  { pageSize, byteOrder = HOST_BYTE_ORDER }: NameDecoding,
): Map<number, ScanName> {
  const records = new RecordReader(bytes, byteOrder);
  const names = new Map<number, ScanName>();
  for (let base = 0; base + NAME_RECORD_SIZE <= bytes.length; ) {
    const length = records.u32(base + FIELDS.length);
    if (length < NAME_RECORD_SIZE || base + length > bytes.length) break;
    const request = records.u32(base + FIELDS.request);
    const kind = kinds[request];
    const flags = records.u32(base + FIELDS.flags);
    const components = componentsOf(bytes, base, records.u32(base + FIELDS.componentBytes));
    if ((flags & FLAG.found) === 0) names.set(request, undefined);
    else if (kind === REQUEST.file) names.set(request, fileOf(records, base, components, pageSize));
    else if (kind === REQUEST.slab) {
      names.set(request, {
        kind: 'slab',
        name: components[0] ?? '',
        objectSize: records.s64(base + FIELDS.size),
        size: records.s64(base + FIELDS.pages),
      });
    } else {
      names.set(request, {
        kind: 'cgroup',
        id: records.s64(base + FIELDS.inode),
        components,
        isRemoved: (flags & FLAG.removed) !== 0,
        isOffline: (flags & FLAG.offline) !== 0,
      });
    }
    base += length;
  }
  return names;
}

/** The kernel goes from the file up to the root. */
function componentsOf(bytes: Buffer, base: number, length: number): string[] {
  if (length === 0) return [];
  const start = base + NAME_RECORD_SIZE;
  return bytes
    .toString('latin1', start, start + length - 1)
    .split('\0')
    .reverse();
}

function fileOf(records: RecordReader, base: number, components: string[], pageSize: number): ScanFile {
  const flags = records.u32(base + FIELDS.flags);
  const links = records.u32(base + FIELDS.links);
  const fileType = FILE_TYPES.get(records.u32(base + FIELDS.mode) & 0o170000) ?? 'other';
  const special = specialOf(
    records.text(base + FILE_SYSTEM, FILE_SYSTEM_SIZE),
    (flags & FLAG.internal) !== 0,
    components,
    records.u32(base + FIELDS.specialDevice),
  );
  return {
    kind: 'file',
    device: formatKernelDevice(records.u32(base + FIELDS.device)),
    inode: records.s64(base + FIELDS.inode),
    size: records.s64(base + FIELDS.size),
    links,
    cachedBytes: records.s64(base + FIELDS.pages) * pageSize,
    fileSystem: records.text(base + FILE_SYSTEM, FILE_SYSTEM_SIZE),
    fileType,
    ...((flags & FLAG.hasEntry) === 0 ? {} : { components }),
    isDeleted: special === undefined && (links === 0 || (flags & FLAG.unhashed) !== 0),
    isTruncated: (flags & FLAG.truncated) !== 0,
    ...(special === undefined ? {} : { special }),
  };
}

/**
 * What a file of a file system is that the kernel mounts for itself. Source: mm/shmem.c, mm/memfd.c,
 * ipc/shm.c.
 */
function specialOf(
  fileSystem: string,
  isInternal: boolean,
  components: readonly string[],
  specialDevice: number,
): SpecialFile | undefined {
  if (fileSystem === 'bdev') return { type: 'block-device', device: formatKernelDevice(specialDevice) };
  if (!isInternal) return undefined;
  const name = components.join('/');
  const [, key] = /^SYSV([0-9a-f]{8})$/.exec(name) ?? [];
  if (key !== undefined) return { type: 'sysv', key: Number.parseInt(key, 16) };
  if (name.startsWith('memfd:')) return { type: 'memfd', name: name.slice('memfd:'.length) };
  if (name === 'dev/zero') return { type: 'shared-anon' };
  return { type: 'internal', name };
}

/**
 * A device number as the kernel keeps it; stat(2) gives another encoding. Source: `include/linux/kdev_t.h`,
 * MINORBITS.
 */
function formatKernelDevice(device: number): string {
  return `${device >>> 20}:${device & 0xf_ffff}`;
}
