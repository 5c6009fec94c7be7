/** Files that the processes of a cgroup use, with what is cached of them, in any cgroup. */
import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { countResident, type MappingCalls, readCachestat } from '../../kernel/bpf/scan/resident-pages.ts';
import type { MemoryCalls } from '../../kernel/bpf/sys/libc.ts';
import { fileKey, formatDevice } from '../../kernel/file-number.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { readPageSize } from '../../kernel/procfs/auxv.ts';
import { listOpenFiles } from '../../kernel/procfs/memory/open-files.ts';
import type { ByteString } from '../../target/byte-string.ts';
import { pathOf } from '../../target/byte-string.ts';
import type { MappedFiles } from './mapped-files.ts';
import { deniedProcesses, hasVanished, isDenied, type Missing } from './missing.ts';

/** A file that is in use. Unit of sizes: bytes. */
export interface UsedFile {
  /** As stat(2) gives it: on btrfs and overlayfs not that of the superblock. */
  device: string;
  inode: string;
  /** As the process sees it; absent if only a descriptor refers to it. */
  name?: ByteString;
  /** Processes that have it open or mapped, 8 at most. */
  pids: number[];
  size: number;
  /** In the page cache. */
  cachedBytes: number;
  dirtyBytes: number;
}

/** The files that the processes of a cgroup use. */
export interface UsedFiles {
  /** Those with cached pages, largest first. */
  files: UsedFile[];
  missing: Missing[];
}

/** Bounds. */
export interface UsedFileOptions {
  procRoot?: string;
  maxFiles?: number;
  timeLimitMs?: number;
  /** Counts the pages of each file in a mapping of it where there is no cachestat(2); slower. */
  withoutCachestat?: MappingCalls;
}

const MAX_PIDS = 8;
const DEFAULTS = { procRoot: '/proc', maxFiles: 20_000, timeLimitMs: 3000 };

/** A file to ask about, and a path to open it by. */
interface Candidate {
  device: string;
  inode: string;
  name?: ByteString;
  pids: number[];
  path: string | Buffer;
}

/**
 * Queries how much of each regular file that some processes have open or mapped is in the page cache, in
 * steps, one a process and one a file. Whose the pages are the page scan says.
 *
 * Source: cachestat(2), since Linux 6.5; later only for files that we own or may write to, so that it needs
 * root. Needs permission to ptrace the processes.
 * @throws only errors that are neither of a system call nor ToolErrors.
 */
export function* readUsedFiles(
  calls: Pick<MemoryCalls, 'cachestat'>,
  pids: readonly number[],
  mapped: MappedFiles,
  options: UsedFileOptions = {},
): Generator<void, UsedFiles, void> {
  const { procRoot, maxFiles, timeLimitMs, withoutCachestat } = { ...DEFAULTS, ...options };
  const missing: Missing[] = [];
  const startMs = monotonicMs();
  const candidates = new Map<string, Candidate>();
  const addCandidate = (candidate: Candidate) => {
    const key = fileKey(candidate.device, candidate.inode);
    const known = candidates.get(key);
    if (known !== undefined) {
      known.pids = [...new Set([...known.pids, ...candidate.pids])].slice(0, MAX_PIDS);
    } else if (candidates.size < maxFiles) candidates.set(key, candidate);
  };
  let denied = 0;
  for (const pid of pids) {
    try {
      for (const { device, inode, fd } of listOpenFiles(pid, procRoot)) {
        const path = `${procRoot}/${pid}/fd/${fd}`;
        const name = linkOf(path);
        addCandidate({ device, inode, pids: [pid], path, ...(name === undefined ? {} : { name }) });
      }
    } catch (error) {
      if (isDenied(error)) denied += 1;
      else if (!hasVanished(error)) throw error;
    }
    yield;
  }
  if (denied > 0) missing.push(deniedProcesses('open files', denied));
  for (const { device, inode, name, pids: holders } of mapped.values()) {
    const [pid] = holders;
    if (pid === undefined || !name.startsWith('/') || name.endsWith(' (deleted)')) continue;
    const path = pathOf(`${procRoot}/${pid}/root${name}`);
    addCandidate({ device, inode, name, pids: [...holders], path });
  }
  if (candidates.size >= maxFiles) {
    missing.push({ what: 'files in use', reason: `only the first ${maxFiles} were looked at` });
  }
  const files: UsedFile[] = [];
  const failures = new Map<string, number>();
  for (const candidate of candidates.values()) {
    if (monotonicMs() - startMs > timeLimitMs) {
      missing.push({ what: 'files in use', reason: `the search was stopped after ${timeLimitMs} ms` });
      break;
    }
    const found = measure(calls, candidate, withoutCachestat);
    if (typeof found === 'string') failures.set(found, (failures.get(found) ?? 0) + 1);
    else if (found !== undefined && found.cachedBytes > 0) files.push(found);
    if (found === 'ENOSYS') break;
    yield;
  }
  for (const [errno, count] of failures)
    missing.push({ what: 'cached pages of files', count, ...explain(errno) });
  files.sort((a, b) => b.cachedBytes - a.cachedBytes);
  return { files, missing };
}

/** The path of an open file as the process sees it; undefined if it cannot be read. */
function linkOf(path: string): ByteString | undefined {
  try {
    return readlinkSync(path, 'buffer').toString('latin1');
  } catch {
    return undefined;
  }
}

function explain(errno: string): Pick<Missing, 'reason' | 'hint'> {
  if (errno === 'ENOSYS') return { reason: 'this kernel has no cachestat(2) (requires Linux 6.5)' };
  if (errno === 'EPERM' || errno === 'EACCES') return { reason: 'permission denied', hint: 'run with sudo' };
  return { reason: errno };
}

/** Undefined if the file is gone or replaced, the errno if it cannot be asked about. */
function measure(
  calls: Pick<MemoryCalls, 'cachestat'>,
  { device, inode, name, pids, path }: Candidate,
  withoutCachestat: MappingCalls | undefined,
): UsedFile | string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (hasVanished(error)) return undefined;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    // Another file has that path now; on overlayfs and btrfs mappings have another device than stat(2).
    if (!stat.isFile() || String(stat.ino) !== inode) return undefined;
    const size = Number(stat.size);
    const found = readCachestat(calls, fd, readPageSize());
    const resident =
      found === 'ENOSYS' && withoutCachestat !== undefined
        ? countResident(withoutCachestat, fd, size, readPageSize())
        : found;
    if (resident === undefined || typeof resident === 'string') return resident;
    return {
      device: name === undefined ? formatDevice(stat.dev) : device,
      inode,
      ...(name === undefined ? {} : { name }),
      pids,
      size,
      cachedBytes: resident.bytes,
      dirtyBytes: resident.dirtyBytes ?? 0,
    };
  } finally {
    closeSync(fd);
  }
}
