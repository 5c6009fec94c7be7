/** The files that a process has open or mapped, by device and inode number. */
import { type BigIntStats, statSync } from 'node:fs';
import { errnoOf } from '../../../errors.ts';
import { type FileNumber, formatDevice } from '../../file-number.ts';
import { listPseudoDirectory } from '../../pseudo-file.ts';
import { readStream } from './read-lines.ts';

/** A descriptor of a regular file. */
export interface OpenFile extends FileNumber {
  fd: number;
  /** Unit: bytes. */
  size: number;
  links: number;
}

/**
 * The regular files that a process has open. Descriptors that are closed meanwhile are left out. On btrfs the
 * device is that of the subvolume, which mountinfo does not have.
 *
 * Source: `/proc/<pid>/fd`. Needs permission to ptrace the process.
 * @throws KernelFileError with the errno.
 */
export function listOpenFiles(pid: number, procRoot = '/proc'): OpenFile[] {
  const folder = `${procRoot}/${pid}/fd`;
  return listPseudoDirectory(folder).flatMap((fd) => {
    const stat = statDescriptor(`${folder}/${fd}`);
    if (stat === undefined || !stat.isFile()) return [];
    const { dev, ino, size, nlink } = stat;
    return [
      {
        fd: Number(fd),
        device: formatDevice(dev),
        inode: String(ino),
        size: Number(size),
        links: Number(nlink),
      },
    ];
  });
}

function statDescriptor(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    // Closed, or a file of a FUSE or NFS server that does not answer.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The head of a line of maps: addresses, permissions, offset, device, inode. */
const MAPPING = /^[\da-f]+-[\da-f]+ \S+ [\da-f]+ ([\da-f]+):([\da-f]+) (\d+)/;

/**
 * Hands the files that a process maps to `visit`, each mapping on its own, until it returns false. The path
 * is as the process sees it, in bytes up to U+00FF.
 *
 * Source: `/proc/<pid>/maps`, proc_pid_maps(5). Needs permission to ptrace the process.
 * @throws KernelFileError with the errno.
 */
export function* visitMappedFiles(
  pid: number,
  visit: (file: FileNumber, path: () => string) => boolean,
  procRoot = '/proc',
): Generator<void, void, void> {
  yield* readStream(`${procRoot}/${pid}/maps`, (line) => {
    const [head = '', major, minor, inode] = MAPPING.exec(line) ?? [];
    if (major === undefined || minor === undefined || inode === undefined || inode === '0') return true;
    const device = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`;
    return visit({ device, inode }, () => line.slice(head.length).trimStart().replaceAll('\\012', '\n'));
  });
}
