import { malformed, parseCounter } from '../../number.ts';
import { readPseudoFile } from '../../pseudo-file.ts';

/** A System V shared memory segment. Unit of sizes: bytes. */
export interface SysvSegment {
  /** As the kernel prints it, a signed number; 0 for `IPC_PRIVATE`. */
  key: number;
  /** The inode number of its file is the same. */
  shmid: number;
  size: number;
  /** The process that created it. */
  creatorPid: number;
  /** How many processes have it attached, each mapping counted. */
  attached: number;
  ownerUid: number;
  /** Pages in memory. Since: Linux 2.6.34. */
  rss: number | undefined;
  /** Since: Linux 2.6.34. */
  swap: number | undefined;
  /** Removed, and there until the last process detaches it: then it ends with the processes. */
  isRemoved: boolean;
}

/** Source: `SHM_DEST` in include/linux/shm.h, a mode bit. */
const SHM_DEST = 0o1000;

/**
 * Parses `/proc/sysvipc/shm`:
 *
 *     key      shmid perms       size  cpid  lpid nattch   uid ... rss  swap
 *     0          7   600    4194304  7905     0      4     0 ... 4194304     0
 *
 * Source: `sysvipc_shm_proc_show` in ipc/shm.c.
 * @throws KernelFileError that names the line.
 */
export function parseSysvSegments(text: string, path: string): SysvSegment[] {
  const [head = '', ...lines] = text.split('\n');
  const columns = head.trim().split(/\s+/);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const fields = line.trim().split(/\s+/);
    const field = (name: string) => fields[columns.indexOf(name)];
    const optional = (name: string) => {
      const value = field(name);
      return value === undefined ? undefined : parseCounter(value, path, index + 2);
    };
    const number = (name: string) => {
      const value = optional(name);
      if (value === undefined) throw malformed(path, index + 2, `no ${name}`);
      return value;
    };
    const perms = field('perms');
    if (perms === undefined || !/^[0-7]+$/.test(perms)) throw malformed(path, index + 2, 'no perms');
    const key = Number(field('key'));
    if (!Number.isInteger(key)) throw malformed(path, index + 2, 'no key');
    return {
      key,
      shmid: number('shmid'),
      size: number('size'),
      creatorPid: number('cpid'),
      attached: number('nattch'),
      ownerUid: number('uid'),
      rss: optional('rss'),
      swap: optional('swap'),
      isRemoved: (Number.parseInt(perms, 8) & SHM_DEST) !== 0,
    };
  });
}

/**
 * Reads the segments of the IPC namespace of this process.
 * Source: `/proc/sysvipc/shm`, proc(5).
 * @throws KernelFileError, `ENOENT` on a kernel without System V IPC.
 */
export function readSysvSegments(path = '/proc/sysvipc/shm'): SysvSegment[] {
  return parseSysvSegments(readPseudoFile(path), path);
}
