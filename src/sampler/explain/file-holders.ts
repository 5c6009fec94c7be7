/** Who keeps files of memory file systems alive: processes, or none. */

import { errnoOf } from '../../errors.ts';
import { type FileNumber, fileKey } from '../../kernel/file-number.ts';
import { listOpenFiles, visitMappedFiles } from '../../kernel/procfs/memory/open-files.ts';
import { readSysvSegments, type SysvSegment } from '../../kernel/procfs/memory/sysv-segments.ts';
import type { Reclaim } from '../../model/explain/explanation.ts';
import type { Missing } from './missing.ts';
import { type SearchOptions, searchProcesses } from './search-processes.ts';

/** Who holds some files. */
export interface FileHolders {
  /**
   * Some of the processes that have a file open or mapped; empty if none has; undefined if that is not known,
   * since not all processes could be read.
   */
  holdersOf(file: FileNumber): readonly number[] | undefined;
  missing: Missing[];
}

const MAX_PIDS = 8;
const TIME_LIMIT_MS = 3000;

/**
 * Looks for processes that have some files open or mapped, in steps, one a process. Ends early when each file
 * has a holder.
 *
 * Source: `/proc/<pid>/fd` and `maps`. Needs permission to ptrace the processes. A descriptor that is on its
 * way between processes through a unix socket is not found.
 * @throws KernelFileError if a file is malformed.
 */
export function* findFileHolders(
  files: Iterable<FileNumber>,
  { pids, procRoot = '/proc', timeLimitMs = TIME_LIMIT_MS }: SearchOptions = {},
): Generator<void, FileHolders, void> {
  const holders = new Map<string, number[]>([...files].map((file) => [keyOf(file), []]));
  let open = holders.size;
  function* visit(pid: number): Generator<void, boolean, void> {
    const add = (file: FileNumber) => {
      const known = holders.get(keyOf(file));
      if (known === undefined || known.length >= MAX_PIDS || known.includes(pid)) return true;
      known.push(pid);
      if (known.length === 1) open -= 1;
      return true;
    };
    for (const file of listOpenFiles(pid, procRoot)) add(file);
    yield* visitMappedFiles(pid, add, procRoot);
    return open === 0;
  }
  const { isComplete, missing } = yield* searchProcesses(
    open === 0 ? [] : pids,
    timeLimitMs,
    { stopped: 'holders of files', denied: 'files of processes' },
    visit,
  );
  return {
    missing,
    holdersOf: (file) => {
      const known = holders.get(keyOf(file)) ?? [];
      return known.length > 0 || isComplete ? known : undefined;
    },
  };
}

function keyOf({ device, inode }: FileNumber): string {
  return fileKey(device, inode);
}

/** A System V segment and who keeps it. */
export interface OwnedSegment extends SysvSegment {
  /** As `ipcs` prints it: `0x00005eed`. */
  keyText: string;
  reclaim: Extract<Reclaim, 'process' | 'persistent'>;
}

/** The segments of an IPC namespace. */
export interface SysvSegments {
  /** By shmid, which is the inode number of the file of a segment. */
  byInode: ReadonlyMap<string, OwnedSegment>;
  missing: Missing[];
}

/**
 * Reads the System V segments of the IPC namespace of this process. A segment stays when all processes have
 * exited, unless it has been removed while it was attached.
 * Source: `/proc/sysvipc/shm`.
 * @throws KernelFileError if the file is malformed.
 */
export function readSegments(path?: string): SysvSegments {
  let segments: SysvSegment[];
  try {
    segments = readSysvSegments(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const reason = 'this kernel has no System V shared memory (CONFIG_SYSVIPC), or /proc does not show it';
    return { byInode: new Map(), missing: [{ what: 'System V segments', reason }] };
  }
  const owned = segments.map((segment): [string, OwnedSegment] => [
    String(segment.shmid),
    {
      ...segment,
      keyText: `0x${(segment.key >>> 0).toString(16).padStart(8, '0')}`,
      reclaim: segment.isRemoved ? 'process' : 'persistent',
    },
  ]);
  return { byInode: new Map(owned), missing: [] };
}
