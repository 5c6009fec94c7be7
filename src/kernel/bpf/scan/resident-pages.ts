/** How much of a file the page cache holds, by its path. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { errnoName } from '../../../errno.ts';
import { SyscallError } from '../../../errors.ts';
import { readPageSize } from '../../procfs/auxv.ts';
import type { Libc, MemoryCalls } from '../sys/libc.ts';

/** What the page cache holds of a file, for all cgroups together. */
export interface ResidentPages {
  /** Unit: bytes. */
  bytes: number;
  /** Part of `bytes` that is to be written, or being written; absent before Linux 6.5. Unit: bytes. */
  dirtyBytes?: number;
}

/** The calls that count the pages of a file in a mapping of it. */
export type MappingCalls = Pick<MemoryCalls, 'mmap' | 'mincore' | 'munmap'>;

/** The source of the answers; the defaults are this host's. */
export interface ResidentSources {
  pageSize?: number;
  /** Whether to ask cachestat(2) first. */
  usesCachestat?: boolean;
}

/** `struct cachestat`: cache, dirty, writeback, evicted, recently evicted; in pages. */
const CACHESTAT_BYTES = 40;
const RANGE_BYTES = 16;
/** Mapped at once by mincore(2), which gives a byte for each page. Unit: bytes. */
const MAX_FILE_BYTES = 2 ** 40;
const PROT_READ = 1;
const MAP_SHARED = 1;

/**
 * What the page cache holds of a regular file; undefined for anything else, for a file that cannot be opened,
 * and where neither call works.
 *
 * Source: cachestat(2), since Linux 6.5; else mincore(2), which shows the pages only of files that the caller
 * owns or may write to.
 * @throws SyscallError for errors that say nothing about the file.
 */
export function readResidentPages(
  libc: Pick<Libc, 'memory'>,
  path: string | Buffer,
  { pageSize = readPageSize(), usesCachestat = true }: ResidentSources = {},
): ResidentPages | undefined {
  let fd: number;
  try {
    // A pipe does not block, and a device is opened without an effect.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) return undefined;
    if (status.size === 0) return { bytes: 0 };
    const calls = libc.memory();
    const found = usesCachestat ? readCachestat(calls, fd, pageSize) : undefined;
    // Before Linux 6.5, in a sandbox, and on hugetlbfs.
    if (found === undefined || typeof found === 'string') {
      return countResident(calls, fd, status.size, pageSize);
    }
    return found;
  } finally {
    closeSync(fd);
  }
}

/**
 * What the page cache holds of an open file; the errno if that cannot be said.
 *
 * Source: cachestat(2). Since: Linux 6.5; later only for files that the caller owns or may write to.
 */
export function readCachestat(
  { cachestat }: Pick<MemoryCalls, 'cachestat'>,
  fd: number,
  pageSize: number,
): Required<ResidentPages> | string {
  const statistics = Buffer.alloc(CACHESTAT_BYTES);
  const result = cachestat(fd, new Uint8Array(RANGE_BYTES), statistics);
  if (result < 0) return errnoName(-result);
  const at = (index: number) =>
    Number(
      endianness() === 'LE' ? statistics.readBigUInt64LE(8 * index) : statistics.readBigUInt64BE(8 * index),
    );
  return { bytes: at(0) * pageSize, dirtyBytes: (at(1) + at(2)) * pageSize };
}

/**
 * What the page cache holds of an open file; undefined for one that cannot be mapped.
 *
 * Source: mincore(2), which shows the pages only of files that the caller owns or may write to.
 * @param size of the file. Unit: bytes.
 * @throws SyscallError.
 */
export function countResident(
  { mmap, mincore, munmap }: MappingCalls,
  fd: number,
  size: number,
  pageSize: number,
): ResidentPages | undefined {
  if (size > MAX_FILE_BYTES) return undefined;
  const address = mmap(size, PROT_READ, MAP_SHARED, fd);
  if (address < 0n) return undefined;
  try {
    const pages = new Uint8Array(Math.ceil(size / pageSize));
    const result = mincore(address, size, pages);
    if (result < 0) throw new SyscallError('mincore', '', errnoName(-result));
    let resident = 0;
    for (const page of pages) resident += page & 1;
    return { bytes: resident * pageSize };
  } finally {
    munmap(address, size);
  }
}
