/** The mappings of a process with the memory behind each, read in steps: there may be millions of lines. */
import { readStream } from './read-lines.ts';

/** What the kernel counts for a mapping. Unit: bytes (the kernel prints KiB). */
export interface MappingSizes {
  /** The addresses it covers. */
  size: number;
  /** Mapped pages; without those of hugetlb. */
  rss: number;
  /** Of `rss`, a page that n mappings share counts 1/n. Since: Linux 2.6.25. */
  pss: number;
  /** The part of `pss` in dirty pages. Since: Linux 6.0; 0 before. */
  pssDirty: number;
  sharedClean: number;
  sharedDirty: number;
  privateClean: number;
  privateDirty: number;
  /** Of `rss`: anonymous pages, also those that a write to a private mapping of a file has made. */
  anonymous: number;
  /** Of `anonymous`: pages merged by KSM. Since: Linux 6.7; 0 before. */
  ksm: number;
  /** Of `anonymous`: what the process has offered with MADV_FREE. Since: Linux 4.12. */
  lazyFree: number;
  /** Of `anonymous`: transparent huge pages that are mapped whole. Since: Linux 2.6.38. */
  anonHugePages: number;
  /** Pages of hugetlb that others map too. Since: Linux 4.4. */
  sharedHugetlb: number;
  privateHugetlb: number;
  /** For a mapping of shared memory: of the part of the object that is mapped. */
  swap: number;
  /** Of `swap`, a page that n mappings share counts 1/n. Since: Linux 4.3. */
  swapPss: number;
}

/** A mapping. */
export interface Mapping extends MappingSizes {
  /** The first address; above 2^53, where the kernel maps code of its own, it is rounded. */
  start: number;
  /** The first address behind it. */
  end: number;
  /** As `rw-p`. */
  permissions: string;
  /** The device of the file as `major:minor` in decimal, as in mountinfo; `0:0` without a file. */
  device: string;
  /** The inode number of the file in decimal; `0` without a file. */
  inode: string;
  /** A byte string: a path, `[heap]`, `[anon:NAME]`, ...; empty for other anonymous memory. */
  name: string;
}

const FIELDS: ReadonlyMap<string, keyof MappingSizes> = new Map([
  ['Size', 'size'],
  ['Rss', 'rss'],
  ['Pss', 'pss'],
  ['Pss_Dirty', 'pssDirty'],
  ['Shared_Clean', 'sharedClean'],
  ['Shared_Dirty', 'sharedDirty'],
  ['Private_Clean', 'privateClean'],
  ['Private_Dirty', 'privateDirty'],
  ['Anonymous', 'anonymous'],
  ['KSM', 'ksm'],
  ['LazyFree', 'lazyFree'],
  ['AnonHugePages', 'anonHugePages'],
  ['Shared_Hugetlb', 'sharedHugetlb'],
  ['Private_Hugetlb', 'privateHugetlb'],
  ['Swap', 'swap'],
  ['SwapPss', 'swapPss'],
]);

/** A line of `/proc/<pid>/maps`, which begins each mapping. */
const HEADER = /^([\da-f]+)-([\da-f]+) (\S+) \S+ ([\da-f]+):([\da-f]+) (\d+) *(.*)$/;

/**
 * The mappings in `/proc/<pid>/smaps`, a line at a time:
 *
 *     55d0c0a3b000-55d0c0a5c000 rw-p 00000000 00:00 0                          [heap]
 *     Size:                132 kB
 *     Anonymous:            12 kB
 *
 * Source: proc_pid_smaps(5); `show_smap` in fs/proc/task_mmu.c. Newlines in paths are written as `\012`.
 * Lines of later kernels are ignored.
 */
export class SmapsParser {
  readonly #visit: (mapping: Mapping) => void;
  #current: Mapping | undefined;

  /** `visit` receives each mapping when the next one begins, the last one with `end`. */
  constructor(visit: (mapping: Mapping) => void) {
    this.#visit = visit;
  }

  /** Takes a line as a byte string. */
  add(line: string): void {
    const colon = line.indexOf(':');
    const field = FIELDS.get(line.slice(0, colon));
    if (field !== undefined) {
      if (this.#current !== undefined) this.#current[field] = parseKib(line, colon + 1);
      return;
    }
    const header = HEADER.exec(line);
    if (header === null) return;
    this.end();
    this.#current = toMapping(header);
  }

  end(): void {
    if (this.#current !== undefined) this.#visit(this.#current);
    this.#current = undefined;
  }
}

const ZERO = 48;
const NINE = 57;

/** The first number of a line from an offset on, in bytes. */
function parseKib(line: string, from: number): number {
  let kib = 0;
  let at = from;
  while (line.charCodeAt(at) === 32) at += 1;
  for (; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
    kib = kib * 10 + (code - ZERO);
  }
  return kib * 1024;
}

function toMapping(header: RegExpExecArray): Mapping {
  const [, start = '', end = '', permissions = '', major = '', minor = '', inode = '0', name = ''] = header;
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    permissions,
    device: `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`,
    inode,
    name: name.replaceAll('\\012', '\n'),
    size: 0,
    rss: 0,
    pss: 0,
    pssDirty: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    anonymous: 0,
    ksm: 0,
    lazyFree: 0,
    anonHugePages: 0,
    sharedHugetlb: 0,
    privateHugetlb: 0,
    swap: 0,
    swapPss: 0,
  };
}

/**
 * Reads `/proc/<pid>/smaps` in steps of about a MiB of text. For each page of the process the kernel takes
 * some 10 ns, and it holds a lock of its memory meanwhile. `visit` may return false to stop.
 *
 * Source: proc_pid_smaps(5). Needs permission to ptrace the process. Without any mapping for a kernel thread
 * and a process that has exited; newer kernels fail with `ESRCH` instead.
 * @throws KernelFileError with the errno: `EACCES` without permission; `ENOENT` or `ESRCH` if the process
 * does not exist, or is hidden by the mount option `hidepid`.
 */
export function* visitMappings(
  path: string,
  visit: (mapping: Mapping) => boolean | undefined,
): Generator<void, void, void> {
  let goesOn = true;
  const parser = new SmapsParser((mapping) => {
    if (goesOn) goesOn = visit(mapping) !== false;
  });
  yield* readStream(path, (line) => {
    parser.add(line);
    return goesOn;
  });
  parser.end();
}
