/** Opens the files to read and watch for a run, depending on where it was placed. */
import { closeSync } from 'node:fs';
import type { Leaf } from '../../cgroup/leaf.ts';
import { errnoOf, UnsupportedError } from '../../errors.ts';
import type { OnMalformed } from '../../kernel/flat-keyed.ts';
import { openCgroup1Reader } from '../../sampler/cgroup1-reader.ts';
import { openCgroup2Reader } from '../../sampler/cgroup2-reader.ts';
import { type EventWatch, watchEvents1, watchEvents2 } from '../../sampler/event-watch.ts';
import type { FigureReader } from '../../sampler/figure-reader.ts';
import type { Sampler } from '../../sampler/sampler.ts';

/**
 * Opens the reader for the figures of a leaf; lines that cannot be parsed are skipped, and passed to
 * `onMalformed`. @throws KernelFileError.
 */
export function openLeafReader(leaf: Leaf, onMalformed: OnMalformed): FigureReader {
  return leaf.version === 2
    ? openCgroup2Reader(leaf.directory, () => leaf.processes(), onMalformed)
    : openCgroup1Reader(leaf.directory, leaf, onMalformed);
}

/**
 * Opens the reader for the figures of the leaf, or of the process tree below `pid` without one.
 * @throws KernelFileError.
 */
export async function openReader(
  leaf: Leaf | undefined,
  pid: number,
  onMalformed: OnMalformed,
): Promise<FigureReader> {
  if (leaf !== undefined) return openLeafReader(leaf, onMalformed);
  // pidusage is only loaded if needed.
  const { ProcessTreeReader } = await import('../../sampler/process-tree-reader.ts');
  return new ProcessTreeReader(pid);
}

/** The errnos of files of a cgroup that was removed. */
const REMOVED = ['ENOENT', 'ENODEV'];

/**
 * Watches the events of the leaf; undefined if they are only detected at ticks, or if the leaf was removed.
 * @throws SyscallError, KernelFileError.
 */
export async function watchEvents(
  { version, directory }: Pick<Leaf, 'version' | 'directory'>,
  sampler: Pick<Sampler, 'noticeEvents'>,
): Promise<EventWatch | undefined> {
  const notice: Sampler['noticeEvents'] = (counts, noticed) => sampler.noticeEvents(counts, noticed);
  try {
    if (version === 2) return watchEvents2(directory, notice);
    const { createEventFd } = await import('../../kernel/bpf/sys/libc.ts');
    const eventFd = await createEventFd();
    try {
      return watchEvents1(directory, eventFd, notice);
    } catch (error) {
      closeSync(eventFd);
      throw error;
    }
  } catch (error) {
    // Without koffi, events are detected at the next tick and marked accordingly.
    if (error instanceof UnsupportedError || REMOVED.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
