/** Where the facts of an inventory come from: iterators in the kernel, or a walk over ids. */
import { PermissionError, ToolError, UnsupportedError } from '../../errors.ts';
import { openIteratorObjects } from '../../kernel/bpf/iter/iterator-objects.ts';
import { type KernelLink, openLinkIterator } from '../../kernel/bpf/iter/link-iterator.ts';
import { openMapIterator } from '../../kernel/bpf/iter/map-iterator.ts';
import type { KernelMap } from '../../kernel/bpf/iter/map-records.ts';
import { type KernelProgram, openProgramIterator } from '../../kernel/bpf/iter/program-iterator.ts';
import { openTaskFileIterator } from '../../kernel/bpf/iter/task-file-iterator.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { collectLinks, collectPrograms } from '../../kernel/bpf/sys/objects.ts';
import type { MapFdinfo } from '../../kernel/procfs/fdinfo.ts';
import { listAllProcesses } from '../../kernel/procfs/process-tree.ts';
import { type BpfHolders, indexHolders, scanHolders } from './holders.ts';
import { type OwnIterator, ownObjects } from './own-objects.ts';

/** A map as far as its source knows it. */
export type SourceMap = Omit<KernelMap, 'refcnt' | 'usercnt'> & {
  refcnt: number | undefined;
  usercnt: number | undefined;
  /** Where it was read anyway; as it was when the map was first seen. */
  fdinfo?: MapFdinfo | undefined;
};

/** A program as far as its source knows it. */
export type SourceProgram = Pick<
  KernelProgram,
  'id' | 'type' | 'name' | 'tag' | 'jited_prog_len' | 'map_ids'
> & {
  btf_id: number | undefined;
  /** The pages of its main function, or the bytes that `memlock` says: which of the two a source has. */
  pages?: number;
  functionPages?: number;
  memlock?: number;
};

/** A link as far as its source knows it. */
export type SourceLink = Pick<KernelLink, 'id' | 'type' | 'prog_id' | 'map_id'>;

/**
 * Reads all objects as often as one asks; what belongs to ourselves is left out. All reads throw ToolErrors.
 */
export interface BpfSource {
  /** Whether maps have `refcnt` and `usercnt`. */
  readonly countsReferences: boolean;
  /** Only the maps that are charged to the requested cgroup, if the source knows the charge. */
  readMaps(): readonly SourceMap[];
  /** All maps of the host. */
  readAllMaps(): readonly SourceMap[];
  readPrograms(): readonly SourceProgram[];
  readLinks(): readonly SourceLink[];
  /** Of all processes that we may look into. */
  readHolders(): BpfHolders;
  close(): void;
}

/** Keeps what was opened, and closes all of it. */
class Iterators {
  readonly #open: OwnIterator[] = [];

  add<T extends OwnIterator>(iterator: T): T {
    this.#open.push(iterator);
    return ownObjects.add(iterator);
  }

  close(): void {
    for (const iterator of this.#open.splice(0)) ownObjects.close(iterator);
  }
}

/** What the iterators of one inventory are to read. */
export interface IteratorOptions {
  /** Only the maps that are charged to this cgroup or one below it, if the kernel records it. */
  cgroupId: bigint | undefined;
  holders: boolean;
  /** Whether links are read; true where it is left out. */
  links?: boolean | undefined;
}

/** The iterators, and whether they report the charged cgroup of a map. */
export interface IteratorSource extends BpfSource {
  readonly attributesCharge: boolean;
}

/**
 * Opens iterators over maps and programs, links and descriptors; where this kernel lacks one of the latter
 * two, the walk over ids or the scan of /proc does its part.
 *
 * Since: Linux 5.9. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError.
 */
export function openIteratorSource(bpf: Bpf, options: IteratorOptions): IteratorSource {
  const objects = openIteratorObjects();
  const iterators = new Iterators();
  try {
    const attributesCharge = objects.recordsCharge;
    const cgroupId = attributesCharge ? options.cgroupId : undefined;
    const maps = iterators.add(openMapIterator(bpf, objects, { cgroupId }));
    const programs = iterators.add(openProgramIterator(bpf, objects));
    const links =
      options.links === false
        ? undefined
        : unlessUnsupported(() => iterators.add(openLinkIterator(bpf, objects)));
    const files = options.holders
      ? unlessUnsupported(() => iterators.add(openTaskFileIterator(bpf, objects)))
      : undefined;
    let allMaps = cgroupId === undefined ? maps : undefined;
    return {
      attributesCharge,
      countsReferences: true,
      readMaps: () => maps.read(),
      readAllMaps: () => {
        allMaps ??= iterators.add(openMapIterator(bpf, objects));
        return allMaps.read();
      },
      readPrograms: () => programs.read().filter(({ id }) => !ownObjects.ownsProgram(id)),
      readLinks: () => (links?.read() ?? walkLinks(bpf)).filter(({ id }) => !ownObjects.ownsLink(id)),
      readHolders: () => (files === undefined ? scanHolders(listAllProcesses()) : indexHolders(files.read())),
      close: () => iterators.close(),
    };
  } catch (error) {
    iterators.close();
    throw error;
  }
}

/** What this kernel has no iterator for is read in another way; a missing right is no reason to. */
function unlessUnsupported<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof PermissionError || !(error instanceof ToolError)) throw error;
    return undefined;
  }
}

/**
 * The links by their ids; none before Linux 5.8, and none without CAP_SYS_ADMIN, which the iterators don't
 * take.
 * @throws SyscallError, KernelFileError.
 */
export function walkLinks(bpf: Bpf): SourceLink[] {
  try {
    // An id of 0 stands for "none".
    return collectLinks(bpf).map((link) => ({ ...link, prog_id: link.prog_id || undefined }));
  } catch (error) {
    if (error instanceof PermissionError || error instanceof UnsupportedError) return [];
    throw error;
  }
}

/** The programs by their ids. @throws PermissionError, SyscallError, KernelFileError. */
export function walkPrograms(bpf: Bpf): SourceProgram[] {
  return collectPrograms(bpf).filter(({ id }) => !ownObjects.ownsProgram(id));
}
