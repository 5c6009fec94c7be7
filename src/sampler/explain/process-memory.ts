/** Anonymous memory, page tables and mappings of the processes of a cgroup. */
import { readFileSync } from 'node:fs';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { type PidStatus, readPidStatus } from '../../kernel/procfs/memory/pid-status.ts';
import { visitMappings } from '../../kernel/procfs/memory/smaps-mappings.ts';
import { parseAnonymousRollup } from '../../kernel/procfs/memory/smaps-rollup.ts';
import { readStackPointers } from '../../kernel/procfs/memory/stack-pointers.ts';
import { parseCommandLine } from '../../kernel/procfs/pid-identity.ts';
import { findLivingThread, parsePidStat } from '../../kernel/procfs/pid-stat.ts';
import { findUserName } from '../../target/user-names.ts';
import { MappedFiles } from './mapped-files.ts';
import { type AnonGroup, MappingGroups, type SpecialMapping } from './mapping-groups.ts';
import { hasVanished, isDenied, type Missing, PTRACE_HINT } from './missing.ts';

/**
 * How much is known of a process. `mappings`: everything. `sum`: its anonymous memory, apportioned, but not
 * by mapping: there are too many processes. `status`: its anonymous memory, in which pages shared with other
 * processes count in full. `none`: it has no memory of its own (a zombie, a kernel thread).
 */
export type ProcessDetail = 'mappings' | 'sum' | 'status' | 'none';

/** A process of a cgroup. Unit of sizes: bytes. */
export interface ProcessMemory {
  pid: number;
  /** The name of its main thread, at most 15 bytes; any characters. */
  comm: string;
  /** The words of its command line; absent for kernel threads and zombies. Any characters. */
  command?: string[];
  uid?: number;
  /** The name of the user in /etc/passwd. */
  user?: string;
  threads?: number;
  detail: ProcessDetail;
  /** Why it is not `mappings`. */
  reason?: string;
  /**
   * Absent if it could not be read. With `mappings` and `sum` sums over processes count shared pages once.
   */
  anonBytes?: number;
  /** Beside `anonBytes`, apportioned as they are. */
  swapBytes?: number;
  /** What `anonBytes` and `swapBytes` consist of, largest first; empty unless `mappings`. */
  groups: AnonGroup[];
  /** Mappings of the process; with `isCut` only these were read. */
  mappings?: number;
  isCut?: true;
  /** Page tables below the top level. */
  pageTableBytes?: number;
  /** What no memory cgroup pays for as pages of a process. */
  special: SpecialMapping[];
}

/** The processes of a cgroup. */
export interface ProcessMemories {
  /** Largest first. */
  processes: ProcessMemory[];
  /** The files that they map, also those in shared memory. */
  files: MappedFiles;
  missing: Missing[];
}

/** Bounds of time and memory. */
export interface ProcessMemoryOptions {
  procRoot?: string;
  /** How many processes are read by mapping, largest first. */
  maxItemised?: number;
  /** How long processes are read by mapping; the rest only in sum. Unit: milliseconds. */
  timeLimitMs?: number;
  /** How many mappings of a process are read. */
  maxMappings?: number;
  /** How many mapped files are listed. */
  maxFiles?: number;
}

/** More groups of a process are added up in one of kind `rest`. */
const MAX_KEPT_GROUPS = 24;

/** Threads of a process whose stack is looked for. */
const MAX_STACKS = 2000;

const DEFAULTS = {
  procRoot: '/proc',
  maxItemised: 2000,
  timeLimitMs: 5000,
  maxMappings: 300_000,
  // So that memory is bounded.
  maxFiles: 200_000,
};

/**
 * Reads the memory of processes, in steps: one a process, and one for each MiB of text about its mappings.
 * Processes that exit meanwhile are counted in `missing`.
 *
 * Source: `/proc/<pid>/status`, `smaps`, `smaps_rollup`, `task/<tid>/syscall`. Needs permission to ptrace the
 * processes (CAP_SYS_PTRACE for those of other users); without it `status` is what there is.
 * @throws KernelFileError if the contents of a file are unexpected.
 */
export function* readProcessMemory(
  pids: readonly number[],
  options: ProcessMemoryOptions = {},
): Generator<void, ProcessMemories, void> {
  const reader = new MemoryReader({ ...DEFAULTS, ...options });
  const known: { pid: number; status: PidStatus }[] = [];
  for (const pid of new Set(pids)) {
    const status = reader.readStatus(pid);
    if (status !== undefined) known.push({ pid, status });
    yield;
  }
  known.sort((a, b) => (b.status.vmRss ?? 0) - (a.status.vmRss ?? 0));
  for (const { pid, status } of known) {
    yield* reader.read(pid, status);
    yield;
  }
  return reader.finish();
}

class MemoryReader {
  readonly #options: Required<ProcessMemoryOptions>;
  readonly #processes: ProcessMemory[] = [];
  readonly #files: MappedFiles;
  readonly #users = new Map<number, string | undefined>();
  readonly #startMs = monotonicMs();
  #itemised = 0;
  /** How many processes there are for each reason. */
  readonly #vanished = { count: 0, outside: 0 };
  readonly #reasons = new Map<string, { missing: Missing; count: number }>();

  constructor(options: Required<ProcessMemoryOptions>) {
    this.#options = options;
    this.#files = new MappedFiles(options.maxFiles);
  }

  /** Undefined if the process has exited, is hidden, or is outside our pid namespace (pid 0). */
  readStatus(pid: number): PidStatus | undefined {
    if (pid === 0) {
      this.#vanished.outside += 1;
      return undefined;
    }
    return this.#orVanished(() => readPidStatus(pid, this.#options.procRoot));
  }

  *read(pid: number, status: PidStatus): Generator<void, void, void> {
    const process = this.#orVanished(() => this.#describe(pid, status));
    if (process === undefined) return;
    try {
      yield* this.#readMemory(process, status);
      this.#processes.push(process);
    } catch (error) {
      if (!hasVanished(error)) throw error;
      this.#vanished.count += 1;
    }
  }

  finish(): ProcessMemories {
    const missing = [...this.#reasons.values()].map(({ missing, count }) => ({ ...missing, count }));
    const { count, outside } = this.#vanished;
    if (count > 0) {
      const reason = 'exited meanwhile, or are hidden by the mount option hidepid of /proc';
      missing.push({ what: 'processes', reason, count });
    }
    if (outside > 0) {
      const reason = 'outside the pid namespace of cmemstat';
      missing.push({ what: 'processes', reason, hint: 'run cmemstat on the host', count: outside });
    }
    if (this.#files.omitted > 0) {
      const reason = `only the first ${this.#options.maxFiles} were listed`;
      missing.push({ what: 'mapped files', reason, count: this.#files.omitted });
    }
    this.#processes.sort((a, b) => (b.anonBytes ?? 0) - (a.anonBytes ?? 0));
    return { processes: this.#processes, files: this.#files, missing };
  }

  #describe(pid: number, status: PidStatus): ProcessMemory {
    const folder = `${this.#options.procRoot}/${pid}`;
    const { comm } = parsePidStat(readFileSync(`${folder}/stat`, 'utf8'), `${folder}/stat`);
    const command = parseCommandLine(readFileSync(`${folder}/cmdline`, 'utf8'));
    const { uid, threads, vmPte } = status;
    const user = uid === undefined ? undefined : this.#userOf(uid);
    return {
      pid,
      comm,
      ...(command === undefined ? {} : { command }),
      ...(uid === undefined ? {} : { uid }),
      ...(user === undefined ? {} : { user }),
      ...(threads === undefined ? {} : { threads }),
      ...(vmPte === undefined ? {} : { pageTableBytes: vmPte }),
      detail: 'none',
      groups: [],
      special: [],
    };
  }

  *#readMemory(process: ProcessMemory, status: PidStatus): Generator<void, void, void> {
    let { pid } = process;
    let own = status;
    if (own.vmRss === undefined) {
      // The main thread has exited: another one shows the memory.
      const thread = (own.threads ?? 1) > 1 ? findLivingThread(pid) : undefined;
      if (thread === undefined) return;
      pid = thread.pid;
      own = readPidStatus(pid, this.#options.procRoot);
      if (own.vmPte !== undefined) process.pageTableBytes = own.vmPte;
    }
    const isItemised =
      this.#itemised < this.#options.maxItemised && monotonicMs() - this.#startMs < this.#options.timeLimitMs;
    try {
      if (isItemised) yield* this.#readMappings(process, pid);
      else this.#readSum(process, pid);
    } catch (error) {
      if (!isDenied(error)) throw error;
      this.#useStatus(process, own, DENIED);
    }
  }

  *#readMappings(process: ProcessMemory, pid: number): Generator<void, void, void> {
    const { procRoot, maxMappings } = this.#options;
    this.#itemised += 1;
    const pointers = (process.threads ?? 1) > 1 ? readStackPointers(pid, MAX_STACKS, procRoot) : [];
    const groups = new MappingGroups(pointers);
    yield* visitMappings(`${procRoot}/${pid}/smaps`, (mapping) => {
      groups.add(mapping);
      return groups.count < maxMappings;
    });
    const anon = groups.anon();
    process.detail = 'mappings';
    process.anonBytes = sum(anon, 'bytes');
    process.swapBytes = sum(anon, 'swapBytes');
    process.groups = keepLargest(anon);
    process.special = groups.special();
    process.mappings = groups.count;
    this.#files.add(process.pid, groups.files());
    if (groups.count < maxMappings) return;
    process.isCut = true;
    process.reason = `only the first ${maxMappings} mappings were read`;
    this.#count({ what: 'mappings of processes', reason: process.reason });
  }

  #readSum(process: ProcessMemory, pid: number): void {
    const path = `${this.#options.procRoot}/${pid}/smaps_rollup`;
    const rollup = parseAnonymousRollup(readFileSync(path, 'latin1'), path);
    if (rollup === undefined) return;
    process.detail = 'sum';
    process.anonBytes = rollup.pssAnon;
    process.swapBytes = rollup.swapPss;
    const { maxItemised, timeLimitMs } = this.#options;
    process.reason =
      this.#itemised >= maxItemised
        ? `only the ${maxItemised} largest processes were read by mapping`
        : `reading mappings was stopped after ${timeLimitMs} ms`;
    this.#count({ what: 'memory by mapping', reason: process.reason });
  }

  #useStatus(process: ProcessMemory, status: PidStatus, missing: Missing): void {
    process.detail = 'status';
    process.reason = missing.reason;
    if (status.rssAnon !== undefined) process.anonBytes = status.rssAnon;
    if (status.vmSwap !== undefined) process.swapBytes = status.vmSwap;
    this.#count(missing);
  }

  #count(missing: Missing): void {
    const key = `${missing.what} ${missing.reason}`;
    const known = this.#reasons.get(key);
    if (known === undefined) this.#reasons.set(key, { missing, count: 1 });
    else known.count += 1;
  }

  #orVanished<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!hasVanished(error)) throw error;
      this.#vanished.count += 1;
      return undefined;
    }
  }

  #userOf(uid: number): string | undefined {
    if (!this.#users.has(uid)) this.#users.set(uid, findUserName(uid));
    return this.#users.get(uid);
  }
}

const DENIED: Missing = {
  what: 'memory by mapping',
  reason: 'permission denied: requires CAP_SYS_PTRACE; shared pages count in full',
  hint: PTRACE_HINT,
};

function sum(groups: readonly AnonGroup[], key: 'bytes' | 'swapBytes'): number {
  return groups.reduce((total, group) => total + group[key], 0);
}

/** The largest groups, and one with the rest. */
function keepLargest(groups: AnonGroup[]): AnonGroup[] {
  if (groups.length <= MAX_KEPT_GROUPS) return groups;
  const rest: AnonGroup = {
    kind: 'rest',
    name: '',
    mappings: 0,
    bytes: 0,
    hugeBytes: 0,
    lazyFreeBytes: 0,
    ksmBytes: 0,
    swapBytes: 0,
  };
  const kept = groups.slice(0, MAX_KEPT_GROUPS - 1).filter(({ kind }) => kind !== 'rest');
  for (const group of groups.filter((each) => !kept.includes(each))) {
    rest.mappings += group.mappings;
    rest.bytes += group.bytes;
    rest.hugeBytes += group.hugeBytes;
    rest.lazyFreeBytes += group.lazyFreeBytes;
    rest.ksmBytes += group.ksmBytes;
    rest.swapBytes += group.swapBytes;
  }
  return [...kept, rest];
}
