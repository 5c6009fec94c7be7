/**
 * The mappings of a process by what they hold: anonymous memory in groups, files, and what is beside both.
 */
import { fileKey } from '../../kernel/file-number.ts';
import type { Mapping } from '../../kernel/procfs/memory/smaps-mappings.ts';
import type { ByteString } from '../../target/byte-string.ts';

/**
 * What anonymous memory is for. `thread-stacks`: of threads other than the first, where they can be
 * recognised. `file`: pages of private mappings of a file that were written to. `rest`: groups beyond a
 * limit.
 */
export type AnonKind = 'heap' | 'stack' | 'thread-stacks' | 'named' | 'other' | 'file' | 'rest';

/** Anonymous memory of a process. Unit: bytes. */
export interface AnonGroup {
  kind: AnonKind;
  /** As the kernel writes it: `[heap]`, `[anon:NAME]`, a path; empty without a name. */
  name: ByteString;
  mappings: number;
  /** A page that n mappings share counts 1/n, so that sums over processes count it once. */
  bytes: number;
  /** Part of `bytes`, at most, in transparent huge pages that are mapped whole. */
  hugeBytes: number;
  /** Part of `bytes`, at most, that the kernel can drop since the process offered it (MADV_FREE). */
  lazyFreeBytes: number;
  /** Part of `bytes`, at most, merged by KSM. Since: Linux 6.7. */
  ksmBytes: number;
  /** Beside `bytes`, apportioned as they are. */
  swapBytes: number;
}

/**
 * A file that is mapped, or shared memory, which is a file of a tmpfs that may have no mount. Unit: bytes.
 */
export interface MappedFile {
  /** The device as `major:minor` in decimal. */
  device: string;
  /** The inode number in decimal. */
  inode: string;
  /** The path as the process sees it, or what the kernel writes: `/memfd:NAME`, `/SYSV00000000`. */
  name: ByteString;
  mappings: number;
  /** Pages of the file that are mapped, in each mapping. */
  rssBytes: number;
  /** A page that n mappings share counts 1/n. */
  pssBytes: number;
}

/** Memory that no memory cgroup pays for as pages of a process. */
export interface SpecialMapping {
  kind: 'perf-buffer' | 'io-uring' | 'gpu' | 'hugetlb';
  name: ByteString;
  device: string;
  inode: string;
  mappings: number;
  /** The size of the mappings; for hugetlb, of the pages that are there. Unit: bytes. */
  bytes: number;
  /** Part of `bytes` that others map too. Unit: bytes. */
  sharedBytes: number;
}

/** Groups beyond this number go into the one of kind `rest`, so that memory is bounded. */
const MAX_GROUPS = 4096;

/** What the C libraries use by default is 4 KiB and 8 MiB. Unit: bytes. */
const MAX_GUARD_SIZE = 1024 * 1024;
const MAX_STACK_SIZE = 256 * 1024 * 1024;

/** Adds up the mappings of one process. */
export class MappingGroups {
  readonly #anon = new Map<string, AnonGroup>();
  readonly #files = new Map<string, MappedFile>();
  readonly #special = new Map<string, SpecialMapping>();
  readonly #stackPointers: readonly number[];
  #previous: Mapping | undefined;
  /** Number of mappings. */
  count = 0;

  /** `stackPointers`: of the threads, in ascending order. */
  constructor(stackPointers: readonly number[] = []) {
    this.#stackPointers = stackPointers;
  }

  add(mapping: Mapping): void {
    this.count += 1;
    const special = specialKind(mapping);
    if (special !== undefined) this.#addSpecial(special, mapping);
    else {
      const anonBytes = apportionedAnon(mapping);
      const isPrivate = mapping.permissions[3] !== 's';
      if (isPrivate && (anonBytes > 0 || mapping.swap > 0)) this.#addAnon(mapping, anonBytes);
      if (mapping.inode !== '0') this.#addFile(mapping, anonBytes);
    }
    this.#previous = mapping;
  }

  /** Anonymous memory, largest first. */
  anon(): AnonGroup[] {
    return [...this.#anon.values()].sort((a, b) => b.bytes - a.bytes || b.swapBytes - a.swapBytes);
  }

  files(): MappedFile[] {
    return [...this.#files.values()];
  }

  special(): SpecialMapping[] {
    return [...this.#special.values()];
  }

  #addAnon(mapping: Mapping, bytes: number): void {
    const [kind, name] = this.#describe(mapping);
    const group = entryOf(this.#anon, `${kind} ${name}`, 'rest', (isRest) => ({
      kind: isRest ? 'rest' : kind,
      name: isRest ? '' : name,
      mappings: 0,
      bytes: 0,
      hugeBytes: 0,
      lazyFreeBytes: 0,
      ksmBytes: 0,
      swapBytes: 0,
    }));
    group.mappings += 1;
    group.bytes += bytes;
    // These are counted in full: of a shared page the same part is taken as of all pages of the mapping.
    const share = mapping.anonymous === 0 ? 0 : bytes / mapping.anonymous;
    group.hugeBytes += Math.round(mapping.anonHugePages * share);
    group.lazyFreeBytes += Math.round(mapping.lazyFree * share);
    group.ksmBytes += Math.round(mapping.ksm * share);
    // Before Linux 4.3 there is only the sum.
    group.swapBytes += mapping.swapPss || mapping.swap;
  }

  #describe(mapping: Mapping): [AnonKind, ByteString] {
    const { name } = mapping;
    if (name === '[heap]') return ['heap', name];
    if (name.startsWith('[stack')) return ['stack', name];
    if (name.startsWith('[anon:')) {
      // glibc names a stack after its thread: thousands of names would hide that they are the same.
      const isStack = /^\[anon:.*\bstack\b/.test(name);
      return isStack ? ['thread-stacks', name.replace(/:? *\d+\]$/, ']')] : ['named', name];
    }
    if (mapping.inode !== '0') return ['file', name];
    if (name === '' && this.#isThreadStack(mapping)) return ['thread-stacks', ''];
    return ['other', name];
  }

  /**
   * Whether a thread has its stack pointer there, above some guard pages. Goroutines run on the heap: it is
   * larger, and what lies below it is either nothing or large.
   */
  #isThreadStack({ start, end, size }: Mapping): boolean {
    const guard = this.#previous;
    if (guard === undefined || guard.end !== start || !guard.permissions.startsWith('---')) return false;
    if (guard.size > MAX_GUARD_SIZE || size > MAX_STACK_SIZE) return false;
    return hasBetween(this.#stackPointers, start, end);
  }

  #addFile(mapping: Mapping, anonBytes: number): void {
    const { device, inode, name } = mapping;
    const file = entryOf(this.#files, fileKey(device, inode), undefined, () => ({
      device,
      inode,
      name,
      mappings: 0,
      rssBytes: 0,
      pssBytes: 0,
    }));
    file.mappings += 1;
    file.rssBytes += Math.max(0, mapping.rss - mapping.anonymous);
    file.pssBytes += Math.max(0, mapping.pss - anonBytes);
  }

  #addSpecial(kind: SpecialMapping['kind'], mapping: Mapping): void {
    const { device, inode, name } = mapping;
    const special = entryOf(this.#special, `${kind} ${fileKey(device, inode)}`, undefined, () => ({
      kind,
      name,
      device,
      inode,
      mappings: 0,
      bytes: 0,
      sharedBytes: 0,
    }));
    special.mappings += 1;
    special.bytes += kind === 'hugetlb' ? mapping.privateHugetlb + mapping.sharedHugetlb : mapping.size;
    special.sharedBytes += mapping.sharedHugetlb;
  }
}

/** The entry of a key, made if it is missing; that of `rest` if there are too many. */
function entryOf<T>(
  entries: Map<string, T>,
  key: string,
  rest: string | undefined,
  make: (isRest: boolean) => T,
): T {
  const isRest = rest !== undefined && entries.size >= MAX_GROUPS && !entries.has(key);
  const used = isRest ? rest : key;
  let entry = entries.get(used);
  if (entry === undefined) {
    entry = make(isRest);
    entries.set(used, entry);
  }
  return entry;
}

function hasBetween(sorted: readonly number[], start: number, end: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low];
  return found !== undefined && found < end;
}

/**
 * The anonymous part of the PSS of a mapping. The kernel prints it for whole processes only. It is exact
 * where all or no pages are anonymous. In a private mapping of a file some are: those that were written to
 * are dirty, and most pages of the file are not.
 */
export function apportionedAnon(mapping: Mapping): number {
  const { rss, pss, pssDirty, anonymous } = mapping;
  if (anonymous === 0) return 0;
  if (anonymous >= rss) return pss;
  // Each page counts at most in full.
  const [least, most] = [Math.max(0, pss - (rss - anonymous)), Math.min(pss, anonymous)];
  const guess = pssDirty > 0 ? pssDirty : Math.round((pss * anonymous) / rss);
  return Math.min(most, Math.max(least, guess));
}

/** Source: the names that drivers give their devices and files; those of anon_inode_getfile(). */
function specialKind(mapping: Mapping): SpecialMapping['kind'] | undefined {
  const { name } = mapping;
  if (mapping.privateHugetlb + mapping.sharedHugetlb > 0) return 'hugetlb';
  if (name === 'anon_inode:[perf_event]') return 'perf-buffer';
  if (name === 'anon_inode:[io_uring]') return 'io-uring';
  return /^(\/dev\/(dri\/|nvidia|kfd$|mali|accel\/)|\/dmabuf:|anon_inode:\[?dmabuf)/.test(name)
    ? 'gpu'
    : undefined;
}
