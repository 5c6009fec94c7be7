/** Opens the files to read and watch for a run, depending on where it was placed. */
import { closeSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import { errnoOf, UnsupportedError } from '../../../errors.ts';
import type { OnMalformed } from '../../../kernel/flat-keyed.ts';
import type { OwnPeak } from '../../../sampler/attached/own-peak.ts';
import { openCgroup1Reader } from '../../../sampler/cgroup1-reader.ts';
import { openCgroup2Reader } from '../../../sampler/cgroup2-reader.ts';
import { type EventWatch, watchEvents1, watchEvents2 } from '../../../sampler/event-watch.ts';
import { FastClock, type FastClockParts } from '../../../sampler/fast-clock.ts';
import { absentAs, type FigureReader } from '../../../sampler/figure-reader.ts';
import type { Sampler } from '../../../sampler/sampler.ts';
import { openSizeReader } from '../../../sampler/size-reader.ts';
import { UsageThreshold } from '../../../sampler/usage-threshold.ts';
import type { RunExplainer, RunExplainerParts } from './run-explainer.ts';

/**
 * Opens the reader for the figures of a leaf; lines that cannot be parsed are skipped, and passed to
 * `onMalformed`. @throws KernelFileError.
 */
export function openLeafReader(
  leaf: MeasuredCgroup,
  onMalformed: OnMalformed,
  ownPeak?: OwnPeak,
): FigureReader {
  return leaf.version === 2
    ? openCgroup2Reader(leaf.directory, () => leaf.processes(), onMalformed, ownPeak)
    : openCgroup1Reader(leaf.directory, leaf, onMalformed);
}

/**
 * Opens the reader for the figures of the leaf, or of the process tree below `pid` without one.
 * @throws KernelFileError.
 */
export async function openReader(
  leaf: MeasuredCgroup | undefined,
  pid: number,
  onMalformed: OnMalformed,
): Promise<FigureReader> {
  if (leaf !== undefined) return openLeafReader(leaf, onMalformed);
  // pidusage is only loaded if needed.
  const { ProcessTreeReader } = await import('../../../sampler/process-tree-reader.ts');
  return new ProcessTreeReader(pid);
}

/**
 * Opens what reads the memory of the leaf of that time by name at these moments; undefined without moments,
 * and, with a warning, without a leaf.
 */
export async function openExplainer(
  leafNow: () => MeasuredCgroup | undefined,
  moments: RunExplainerParts['moments'],
  parts: Pick<RunExplainerParts, 'elapsedMs' | 'emit' | 'warn'>,
): Promise<RunExplainer | undefined> {
  if (moments.size === 0) return undefined;
  const first = leafNow();
  if (first === undefined) {
    parts.warn('--explain: requires a memory cgroup, and the process tree is measured');
    return undefined;
  }
  // Only loaded if requested.
  const { RunExplainer, readersOf } = await import('./run-explainer.ts');
  return new RunExplainer({ ...readersOf(() => leafNow() ?? first), moments, ...parts });
}

/** The errnos of files of a cgroup that was removed. */
export const REMOVED = ['ENOENT', 'ENODEV'];

/** A fast clock with the files that it reads; `start` changes the priority of this process. */
export type LeafClock = Pick<FastClock, 'start' | 'take' | 'poll' | 'stop'>;

/** Opens the sizes of the leaf for a fast clock. @throws KernelFileError. */
export function openFastClock(
  { version, directory }: MeasuredCgroup,
  parts: Omit<FastClockParts, 'sizes' | 'watchRise'>,
): LeafClock {
  const sizes = openSizeReader(version, directory);
  let threshold: UsageThreshold | undefined;
  // Only cgroup v1 has thresholds.
  const watchRise = (aboveBytes: number) => {
    threshold ??= absentAs(undefined, () => new UsageThreshold(directory, createEventFd, () => clock.wake()));
    threshold?.watch(aboveBytes);
  };
  const ownPriority = getPriority();
  // A cgroup of other programs is not written to.
  const mayWatch = version === 1 && parts.isAttached !== true;
  const clock = new FastClock({ ...parts, sizes, ...(mayWatch ? { watchRise } : {}) });
  let isOpen = true;
  return {
    start: () => {
      clock.start();
      trySetPriority(Math.min(ownPriority, PRIORITY));
    },
    take: () => clock.take(),
    poll: () => clock.poll(),
    stop: () => {
      if (!isOpen) return;
      isOpen = false;
      clock.stop();
      // What is started from now on inherits it.
      trySetPriority(ownPriority);
      threshold?.close();
      sizes.close();
    },
  };
}

/**
 * The niceness while the clock runs, if we may set it: a target that uses all CPUs would delay readings by
 * hundreds of milliseconds. Only the main thread has it.
 */
const PRIORITY = -15;

function trySetPriority(priority: number): void {
  try {
    setPriority(priority);
  } catch {
    // Not permitted: readings may be late.
  }
}

async function createEventFd(): Promise<number> {
  const libc = await import('../../../kernel/bpf/sys/libc.ts');
  return libc.createEventFd();
}

/**
 * Watches the events of the leaf; undefined if they are only detected at ticks, or if the leaf was removed.
 * @throws SyscallError, KernelFileError.
 */
export async function watchEvents(
  { version, directory }: Pick<MeasuredCgroup, 'version' | 'directory'>,
  notice: Sampler['noticeEvents'],
): Promise<EventWatch | undefined> {
  try {
    if (version === 2) return watchEvents2(directory, notice);
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
