/** Which processes of other cgroups map the files that a cgroup is charged for. */
import { type FileNumber, fileKey } from '../../kernel/file-number.ts';
import { readComm } from '../../kernel/procfs/comm.ts';
import { visitMappedFiles } from '../../kernel/procfs/memory/open-files.ts';
import type { ByteString } from '../../target/byte-string.ts';
import type { Missing } from './missing.ts';
import { type SearchOptions, searchProcesses } from './search-processes.ts';

/** A file to look for: as its superblock numbers it, with its last name. */
export interface MappedFile extends FileNumber {
  /** Absent if it has none. */
  name?: ByteString | undefined;
}

/** A process that maps a file. */
export interface OtherProcess {
  pid: number;
  /** Its name, at most 15 bytes. */
  comm: ByteString;
}

/** The processes that map one file. */
export interface OtherMapping {
  count: number;
  /** Some of them. */
  processes: OtherProcess[];
}

/** What was found. */
export interface OtherMappers {
  /** Undefined if no other process maps the file. */
  of(file: FileNumber): OtherMapping | undefined;
  missing: Missing[];
}

const MAX_LISTED = 3;
const TIME_LIMIT_MS = 1000;

/**
 * Looks for processes that map some files, other than `own`, in steps, one a process.
 *
 * Mappings of overlayfs and btrfs have a device of their own (since Linux 6.7 on overlayfs): such a mapping
 * is of the file if inode number and last name are the same.
 *
 * Source: `/proc/<pid>/maps`. Needs permission to ptrace the processes.
 * @throws KernelFileError if a file is malformed.
 */
export function* findOtherMappers(
  files: Iterable<MappedFile>,
  own: ReadonlySet<number>,
  { pids, procRoot = '/proc', timeLimitMs = TIME_LIMIT_MS }: SearchOptions = {},
): Generator<void, OtherMappers, void> {
  const wanted = new Map<string, MappedFile>();
  const byInode = new Map<string, MappedFile>();
  for (const file of files) {
    wanted.set(keyOf(file), file);
    if (file.name !== undefined) byInode.set(`${file.inode} ${file.name}`, file);
  }
  const found = new Map<string, OtherMapping>();
  function* visit(pid: number): Generator<void, boolean, void> {
    if (own.has(pid)) return false;
    const mapped = new Set<string>();
    const add = (file: FileNumber, path: () => ByteString) => {
      const known = wanted.get(keyOf(file)) ?? sameName(byInode, file, path);
      if (known !== undefined) mapped.add(keyOf(known));
      return true;
    };
    try {
      yield* visitMappedFiles(pid, add, procRoot);
    } finally {
      // Also of a process that has exited meanwhile.
      if (mapped.size > 0) note(found, mapped, pid, procRoot);
    }
    return false;
  }
  const terms = { stopped: WHAT, denied: WHAT };
  const { missing } = yield* searchProcesses(wanted.size === 0 ? [] : pids, timeLimitMs, terms, visit);
  return { of: (file) => found.get(keyOf(file)), missing };
}

const WHAT = 'files that processes of other cgroups map';

/** Only devices without a block device have numbers of their own: their major number is 0. */
function sameName(
  byInode: ReadonlyMap<string, MappedFile>,
  { device, inode }: FileNumber,
  path: () => ByteString,
): MappedFile | undefined {
  if (!device.startsWith('0:')) return undefined;
  const full = path();
  return byInode.get(`${inode} ${full.slice(full.lastIndexOf('/') + 1)}`);
}

function note(
  found: Map<string, OtherMapping>,
  mapped: ReadonlySet<string>,
  pid: number,
  procRoot: string,
): void {
  let comm: ByteString | undefined;
  for (const key of mapped) {
    const known = found.get(key) ?? { count: 0, processes: [] };
    known.count += 1;
    if (known.processes.length < MAX_LISTED) {
      comm ??= readComm(pid, { procRoot, encoding: 'latin1' }) ?? '?';
      known.processes.push({ pid, comm });
    }
    found.set(key, known);
  }
}

function keyOf({ device, inode }: FileNumber): string {
  return fileKey(device, inode);
}
