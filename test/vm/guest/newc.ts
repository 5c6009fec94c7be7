/** One entry of a cpio archive. */
export type ArchiveEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Buffer }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

/**
 * Writes a cpio archive in the `newc` format, which the kernel unpacks.
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst.
 *
 * An entry is `070701`, thirteen fields of eight hexadecimal digits (ino mode uid gid nlink mtime filesize
 * devmajor devminor rdevmajor rdevminor namesize check), the path with its NUL, and the data; path and data
 * are each padded to a multiple of four bytes. An entry named `TRAILER!!!` ends the archive.
 */
export function formatArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => formatEntry(entry, index + 1));
  return Buffer.concat([
    ...parts,
    ...formatRecord({ path: 'TRAILER!!!', mode: 0, data: Buffer.alloc(0) }, 0),
  ]);
}

interface Record {
  readonly path: string;
  readonly mode: number;
  readonly data: Buffer;
  readonly device?: readonly [major: number, minor: number];
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

function formatEntry(entry: ArchiveEntry, inode: number): Buffer[] {
  const { path } = entry;
  switch (entry.kind) {
    case 'directory':
      return formatRecord({ path, mode: S_IFDIR | 0o755, data: Buffer.alloc(0) }, inode);
    case 'file':
      return formatRecord({ path, mode: S_IFREG | entry.mode, data: entry.data }, inode);
    case 'symlink':
      return formatRecord({ path, mode: S_IFLNK | 0o777, data: Buffer.from(entry.target) }, inode);
    case 'character device': {
      const device = [entry.major, entry.minor] as const;
      return formatRecord({ path, mode: S_IFCHR | 0o600, data: Buffer.alloc(0), device }, inode);
    }
  }
}

function formatRecord(record: Record, inode: number): Buffer[] {
  const name = Buffer.from(`${record.path}\0`);
  const [major, minor] = record.device ?? [0, 0];
  const { mode, data } = record;
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [Buffer.from(header), name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
