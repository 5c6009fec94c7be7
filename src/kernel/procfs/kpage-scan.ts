/** Adds up the pages of cgroups by kind from /proc alone, for kernels and rights without a BPF page scan. */
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { describeErrno, errnoOf, KernelFileError, PermissionError, UnsupportedError } from '../../errors.ts';
import type { ScanKind, ScanRow } from '../scan-row.ts';
import { yieldToEventLoop } from '../sleep.ts';
import { readPageSize } from './auxv.ts';
import { KPF, kindOfFlags } from './kpage-kind.ts';
import { type FrameRange, readFrameRanges } from './zoneinfo.ts';

/** How the pages are read. */
export interface KpageOptions {
  /** Called with the page frames that are done and those to do. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** Only these cgroups, by the inode numbers of their directories; all by default. */
  cgroupIds?: ReadonlySet<number>;
}

/** The pages of cgroups by kind, without files and slab caches. */
export interface KpageScan {
  /** A row refers to its owner by the index. Pages of a removed cgroup are those of the next one above it. */
  readonly owners: readonly { readonly id: number }[];
  readonly rows: readonly ScanRow[];
  readonly scannedPages: number;
}

/** Where the files are, and the page size; the defaults are this host's. */
export interface KpageSources {
  directory?: string;
  pageSize?: number;
  ranges?: readonly FrameRange[];
}

/** Page frames of one read of each file: 512 KiB. */
const CHUNK_FRAMES = 2 ** 16;
const WORD_BYTES = 8;

/**
 * Sums the pages of cgroups by kind. Slab objects are not among them: a page of them has many owners.
 *
 * Source: `/proc/kpagecgroup` and `/proc/kpageflags`, Documentation/admin-guide/mm/pagemap.rst. Since: Linux
 * 4.3, with CONFIG_PROC_PAGE_MONITOR and CONFIG_MEMCG. Needs CAP_SYS_ADMIN.
 * @throws PermissionError, UnsupportedError, KernelFileError; the reason of `signal`.
 */
export async function scanKpages(
  { onProgress, signal, cgroupIds }: KpageOptions = {},
  { directory = '/proc', pageSize = readPageSize(), ranges = readFrameRanges() }: KpageSources = {},
): Promise<KpageScan> {
  const cgroups = new FrameFile(`${directory}/kpagecgroup`);
  try {
    const flags = new FrameFile(`${directory}/kpageflags`);
    try {
      const sums = new KpageSums(pageSize, cgroupIds);
      const total = ranges.reduce((frames, { start, end }) => frames + end - start, 0);
      let done = 0;
      for (const { start, end } of ranges) {
        for (let at = start; at < end; at += CHUNK_FRAMES) {
          const count = Math.min(CHUNK_FRAMES, end - at);
          const [owned, flagged] = [cgroups.read(at, count), flags.read(at, count)];
          sums.add(owned, flagged, Math.min(owned.length, flagged.length) / 2);
          done += count;
          onProgress?.(done, total);
          await yieldToEventLoop();
          signal?.throwIfAborted();
        }
      }
      return { owners: sums.owners(), rows: sums.rows(), scannedPages: done };
    } finally {
      flags.close();
    }
  } finally {
    cgroups.close();
  }
}

/** A file with a 64-bit word for each page frame. */
class FrameFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(CHUNK_FRAMES * WORD_BYTES);

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'r');
    } catch (error) {
      throw explain(path, 'open', error);
    }
  }

  /** The words of `count` frames, each as two; fewer behind the last frame. Valid until the next call. */
  read(frame: number, count: number): Uint32Array {
    const wanted = count * WORD_BYTES;
    let length = 0;
    try {
      while (length < wanted) {
        const position = frame * WORD_BYTES + length;
        const more = readSync(this.#fd, this.#bytes, length, wanted - length, position);
        if (more === 0) break;
        length += more;
      }
    } catch (error) {
      throw explain(this.#path, 'read', error);
    }
    return new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, Math.floor(length / WORD_BYTES) * 2);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function explain(path: string, operation: 'open' | 'read', cause: unknown): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new PermissionError('CAP_SYS_ADMIN', `cannot ${operation} ${path}: requires CAP_SYS_ADMIN`, {
      hint: 'run cmemstat with sudo, or the container with --cap-add=SYS_ADMIN',
      cause,
    });
  }
  if (errno === 'ENOENT') {
    return new UnsupportedError('kpagecgroup', `this kernel has no ${path}`, {
      since: '4.3',
      hint: 'use a kernel that is built with CONFIG_PROC_PAGE_MONITOR=y and CONFIG_MEMCG=y',
      cause,
    });
  }
  return new KernelFileError(operation, path, `cannot ${operation} ${path}: ${describeErrno(errno)}`, {
    errno,
    cause,
  });
}

/** In pages. */
interface KindSum {
  pages: number;
  heads: number;
  dirty: number;
  active: number;
  mapped: number;
  unevictable: number;
  huge: number;
}

const LOW = endianness() === 'LE' ? 0 : 1;

/** The sums by cgroup and kind. */
class KpageSums {
  readonly #pageSize: number;
  readonly #wanted: ReadonlySet<number> | undefined;
  readonly #sums = new Map<number, Map<ScanKind, KindSum>>();
  /** Of the large page that the last page was part of; 0 for none. */
  #headCgroup = 0;
  #headFlags = 0;

  constructor(pageSize: number, wanted: ReadonlySet<number> | undefined) {
    this.#pageSize = pageSize;
    this.#wanted = wanted;
  }

  add(cgroups: Uint32Array, flags: Uint32Array, count: number): void {
    for (let index = 0; index < count; index++) {
      let bits = flags[2 * index + LOW] ?? 0;
      let cgroup = (cgroups[2 * index + 1 - LOW] ?? 0) * 0x1_0000_0000 + (cgroups[2 * index + LOW] ?? 0);
      const isTail = (bits & KPF.compoundTail) !== 0;
      if (isTail) {
        // Kernels differ in what they show of the pages behind the first. Each is mapped on its own.
        cgroup = this.#headCgroup;
        bits = (this.#headFlags & ~KPF.mapped) | (bits & KPF.mapped);
      } else {
        this.#headCgroup = cgroup;
        this.#headFlags = bits;
      }
      if (cgroup === 0 || this.#wanted?.has(cgroup) === false) continue;
      const sum = this.#sumOf(cgroup, kindOfFlags(isTail ? this.#headFlags : bits));
      sum.pages++;
      if (!isTail) sum.heads++;
      if (bits & (KPF.dirty | KPF.writeback)) sum.dirty++;
      if (bits & KPF.active) sum.active++;
      if (bits & KPF.mapped) sum.mapped++;
      if (bits & KPF.unevictable) sum.unevictable++;
      if (bits & KPF.thp) sum.huge++;
    }
  }

  owners(): { id: number }[] {
    return Array.from(this.#sums.keys(), (id) => ({ id }));
  }

  rows(): ScanRow[] {
    return [...this.#sums.values()].flatMap((kinds, owner) =>
      Array.from(kinds, ([kind, sum]) => ({
        owner,
        kind,
        isRest: false,
        bytes: sum.pages * this.#pageSize,
        count: sum.heads,
        dirtyBytes: sum.dirty * this.#pageSize,
        activeBytes: sum.active * this.#pageSize,
        mappedBytes: sum.mapped * this.#pageSize,
        unevictableBytes: sum.unevictable * this.#pageSize,
        hugeBytes: sum.huge * this.#pageSize,
      })),
    );
  }

  #sumOf(cgroup: number, kind: ScanKind): KindSum {
    let kinds = this.#sums.get(cgroup);
    if (kinds === undefined) {
      kinds = new Map();
      this.#sums.set(cgroup, kinds);
    }
    let sum = kinds.get(kind);
    if (sum === undefined) {
      sum = { pages: 0, heads: 0, dirty: 0, active: 0, mapped: 0, unevictable: 0, huge: 0 };
      kinds.set(kind, sum);
    }
    return sum;
  }
}
