/** Sources of an inventory: BPF iterators, or a walk over ids. */
import { PermissionError, ToolError, UnsupportedError } from '../../errors.ts';
import { type IteratorObjects, prepareIteratorObjects } from '../../kernel/bpf/iter/iterator-objects.ts';
import { type KernelLink, openLinkIterator } from '../../kernel/bpf/iter/link-iterator.ts';
import { openMapIterator } from '../../kernel/bpf/iter/map-iterator.ts';
import type { KernelMap } from '../../kernel/bpf/iter/map-records.ts';
import {
  COMMON_PROGRAM_LIMITS,
  type KernelProgram,
  openProgramIterator,
} from '../../kernel/bpf/iter/program-iterator.ts';
import { openTaskFileIterator } from '../../kernel/bpf/iter/task-file-iterator.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { collectLinks, collectPrograms } from '../../kernel/bpf/sys/objects.ts';
import type { MapFdinfo } from '../../kernel/procfs/fdinfo.ts';
import { listAllProcesses } from '../../kernel/procfs/process-tree.ts';
import { type BpfHolders, indexHolders, scanHolders } from './holders.ts';
import { type OwnIterator, ownObjects } from './own-objects.ts';

/** A map, with the fields that all sources provide. */
export type SourceMap = Omit<KernelMap, 'refcnt' | 'usercnt'> & {
  refcnt: number | undefined;
  usercnt: number | undefined;
  /** Set if the source reads it anyway; as of when the map was first seen. */
  fdinfo?: MapFdinfo | undefined;
};

/** A program, with the fields that all sources provide. */
export type SourceProgram = Pick<
  KernelProgram,
  'id' | 'type' | 'name' | 'tag' | 'jited_prog_len' | 'map_ids'
> & {
  btf_id: number | undefined;
  /** The pages of its main function, or `memlock` in bytes, depending on the source. */
  pages?: number;
  functionPages?: number;
  memlock?: number;
};

/** A link, with the fields that all sources provide. */
export type SourceLink = Pick<KernelLink, 'id' | 'type' | 'prog_id' | 'map_id'>;

/**
 * Reads all objects, repeatedly; excludes our own. All reads throw ToolErrors.
 */
export interface BpfSource {
  /** Whether maps have `refcnt` and `usercnt`. */
  readonly countsReferences: boolean;
  /** Only the maps charged to the requested cgroup, if the source knows the charge. */
  readMaps(): readonly SourceMap[];
  /** All maps of the host. */
  readAllMaps(): readonly SourceMap[];
  readPrograms(): readonly SourceProgram[];
  readLinks(): readonly SourceLink[];
  /** Descriptors of all accessible processes. */
  readHolders(): BpfHolders;
  close(): void;
}

/** Collects opened resources, to close all of them. */
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

/** The scope of the iterators of one inventory. */
export interface IteratorOptions {
  /** Only the maps charged to this cgroup or a descendant, if the kernel records it. */
  cgroupId: bigint | undefined;
  holders: boolean;
  /** Whether to read links; true by default. */
  links?: boolean | undefined;
}

/** The iterators, and whether they report the charged cgroup of a map. */
export interface IteratorSource extends BpfSource {
  readonly attributesCharge: boolean;
}

/** The iterator programs for this kernel, or why there are none. */
export type PreparedIterators = IteratorObjects | ToolError;

/**
 * Prepares the iterator programs for this kernel, with a pause after each short step where no cache has them.
 * @throws only errors other than ToolError.
 */
export async function prepareIterators(pause?: () => Promise<void>): Promise<PreparedIterators> {
  try {
    return await prepareIteratorObjects(pause);
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
}

/**
 * Opens iterators over maps, programs, links and descriptors. If this kernel lacks one of the latter two,
 * links come from the walk over ids, and descriptors from /proc.
 *
 * Since: Linux 5.9. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError.
 */
export function openIteratorSource(
  bpf: Bpf,
  objects: IteratorObjects,
  options: IteratorOptions,
): IteratorSource {
  const iterators = new Iterators();
  try {
    const attributesCharge = objects.recordsCharge;
    const cgroupId = attributesCharge ? options.cgroupId : undefined;
    const maps = iterators.add(openMapIterator(bpf, objects, { cgroupId }));
    let programs = iterators.add(openProgramIterator(bpf, objects, COMMON_PROGRAM_LIMITS));
    const readPrograms = () => {
      const read = programs.read();
      if (!programs.exceedsLimits()) return read;
      programs = iterators.add(openProgramIterator(bpf, objects));
      return programs.read();
    };
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
      readPrograms: () => readPrograms().filter(({ id }) => !ownObjects.ownsProgram(id)),
      readLinks: () => (links?.read() ?? walkLinks(bpf)).filter(({ id }) => !ownObjects.ownsLink(id)),
      readHolders: () => (files === undefined ? scanHolders(listAllProcesses()) : indexHolders(files.read())),
      close: () => iterators.close(),
    };
  } catch (error) {
    iterators.close();
    throw error;
  }
}

/** Falls back if this kernel lacks an iterator, but not if a capability is missing. */
function unlessUnsupported<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof PermissionError || !(error instanceof ToolError)) throw error;
    return undefined;
  }
}

/**
 * The links, by walking their ids; none before Linux 5.8, and none without CAP_SYS_ADMIN, which the iterators
 * do not need.
 * @throws SyscallError, KernelFileError.
 */
export function walkLinks(bpf: Bpf): SourceLink[] {
  try {
    // Id 0 means none.
    return collectLinks(bpf).map((link) => ({ ...link, prog_id: link.prog_id || undefined }));
  } catch (error) {
    if (error instanceof PermissionError || error instanceof UnsupportedError) return [];
    throw error;
  }
}

/** The programs, by walking their ids. @throws PermissionError, SyscallError, KernelFileError. */
export function walkPrograms(bpf: Bpf): SourceProgram[] {
  return collectPrograms(bpf).filter(({ id }) => !ownObjects.ownsProgram(id));
}
