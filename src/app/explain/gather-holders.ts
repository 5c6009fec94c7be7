/** Who keeps the files in memory of a cgroup: processes, or none. */
import type { ScanFile } from '../../kernel/bpf/scan/scan-names.ts';
import { fileKey } from '../../kernel/file-number.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { Reclaim } from '../../model/explain/explanation.ts';
import { findFileHolders, readSegments } from '../../sampler/explain/file-holders.ts';
import type { Missing } from '../../sampler/explain/missing.ts';
import { findOtherMappers, type MappedFile, type OtherMappers } from '../../sampler/explain/other-mappers.ts';
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import type { NamedObjects } from './page-totals.ts';

/** Holders are looked for among the descriptors of all processes: only of the largest files. */
const MAX_FILES = 500;

/** What is known of the holders of files. */
export interface Holders {
  isHeld(file: ScanFile): boolean | undefined;
  /** Of a System V segment: whether it ends with its processes; undefined if it is not visible here. */
  reclaimOf(file: ScanFile): Reclaim | undefined;
  /** Processes of the cgroup that map the file. */
  usersOf(file: ScanFile): readonly number[];
  missing: readonly Missing[];
}

/**
 * Looks for processes outside of the cgroup (`own` are those in it) that map the largest of its files that
 * are mapped at all.
 */
export function gatherOtherMappers(
  { file, shmem }: NamedObjects,
  own: readonly number[],
  pause: () => Promise<void>,
): Promise<OtherMappers> {
  const mapped = [file, shmem].flatMap((files) =>
    files
      .filter(({ object }) => object.mappedBytes > 0)
      .slice(0, MAX_FILES)
      .flatMap(({ name }): MappedFile[] => {
        if (name?.kind !== 'file') return [];
        const { device, inode, components, fileSystem } = name;
        // Those on overlayfs lie on other file systems, but hardly ever in memory.
        const last = fileSystem === 'tmpfs' ? undefined : components?.at(-1);
        return [{ device, inode: String(inode), name: last }];
      }),
  );
  // We are there only while this is read.
  return takeSteps(findOtherMappers(mapped, new Set([...own, process.pid])), pause);
}

/** Looks for processes that hold the largest files in memory. */
export async function gatherHolders(
  named: NamedObjects,
  processes: ProcessMemories,
  pause: () => Promise<void>,
): Promise<Holders> {
  const largest = named.shmem.slice(0, MAX_FILES);
  const files = largest
    .map(({ name }) => name)
    .filter((name) => name?.kind === 'file')
    .map(({ device, inode }) => ({ device, inode: String(inode) }));
  const found = files.length === 0 ? undefined : await takeSteps(findFileHolders(files), pause);
  const segments = readSegments();
  const wanted = new Set(files.map(({ device, inode }) => fileKey(device, inode)));
  return {
    isHeld({ device, inode, special }) {
      if (processes.files.get(device, inode) !== undefined) return true;
      if (special?.type === 'sysv') {
        const attached = segments.byInode.get(String(inode))?.attached;
        return attached === undefined ? undefined : attached > 0;
      }
      if (!wanted.has(fileKey(device, inode))) return undefined;
      const holders = found?.holdersOf({ device, inode: String(inode) });
      return holders === undefined ? undefined : holders.length > 0;
    },
    reclaimOf: ({ special, inode }) =>
      special?.type === 'sysv' ? segments.byInode.get(String(inode))?.reclaim : undefined,
    usersOf: ({ device, inode }) => processes.files.get(device, inode)?.pids ?? [],
    missing: [...(found?.missing ?? []), ...(largest.length === 0 ? [] : segments.missing)],
  };
}
