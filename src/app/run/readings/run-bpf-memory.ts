/** The BPF memory of a run, and of cgroups that are attached to one after the other. */
import { statSync } from 'node:fs';
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import { plural } from '../../../format/plural.ts';
import { formatBytes } from '../../../format/units.ts';
import type { BpfAdvice } from '../../../model/bpf-advice.ts';
import type { EventRecord } from '../../../model/recording.ts';
import type { Sample } from '../../../model/sample.ts';
import type { BpfBytes, BpfReading, BpfUnavailable } from '../../../sampler/bpf/bpf-clock.ts';
import type { RunMaps } from '../../../sampler/bpf/leaf-bpf.ts';
import type { RunBpf } from '../../../sampler/bpf/run-bpf.ts';
import { ScheduledBpf } from '../../../sampler/bpf/scheduled-bpf.ts';

/** What reading the BPF memory of a run requires. */
export interface RunBpfMemoryParts {
  /** 0 if BPF memory is not to be read. Unit: milliseconds. */
  intervalMs: number;
  elapsedMs: () => number;
  /** The path of a nested cgroup; undefined if there is none with this inode number. */
  nameNested: (id: bigint) => string | undefined;
  /** Whether individual maps are needed. */
  listsMaps: boolean;
  /** Called between short steps. */
  pause: () => void;
}

/** Nothing is read before `open`. */
export class RunBpfMemory {
  readonly #parts: RunBpfMemoryParts;
  #scheduled: ScheduledBpf | undefined;
  /** The maps of the cgroup before that had most. */
  #before: RunMaps | undefined;
  #hasWarned = false;

  constructor(parts: RunBpfMemoryParts) {
    this.#parts = parts;
  }

  /**
   * Opens what reads the maps and programs of this cgroup, or of a process tree; if that is not possible,
   * `unavailable` says why. @throws only errors other than ToolError.
   */
  async open(cgroup: MeasuredCgroup | undefined): Promise<void> {
    const { intervalMs, elapsedMs, pause, nameNested, listsMaps } = this.#parts;
    if (intervalMs === 0) return;
    this.#hasWarned = false;
    const cgroupId =
      cgroup === undefined
        ? undefined
        : statSync(cgroup.directory, { bigint: true, throwIfNoEntry: false })?.ino;
    this.#scheduled = await ScheduledBpf.open(intervalMs, elapsedMs, async () => {
      // Only loaded if BPF memory is read.
      const { RunBpf: Reader } = await import('../../../sampler/bpf/run-bpf.ts');
      pause();
      return await Reader.open({ cgroupId, nameNested, listsMaps });
    });
  }

  /** Why BPF memory was not read; undefined if it was, or was not requested. */
  get unavailable(): BpfUnavailable | undefined {
    return this.#scheduled?.unavailable;
  }

  /** Undefined if it is unavailable or not requested. */
  get reader(): RunBpf | undefined {
    return this.#scheduled?.reader;
  }

  /** Advice on the maps at the maximum; computed on request. */
  advice(): readonly BpfAdvice[] {
    return this.#scheduled?.advice() ?? [];
  }

  /** The event that says that BPF memory is not measured; undefined if it is, or was not requested. */
  warning(): EventRecord | undefined {
    return this.#scheduled?.warning(this.#parts.elapsedMs());
  }

  /** Opens what a short target does not need. */
  async prepare(): Promise<void> {
    await this.#scheduled?.prepare(this.#parts.pause);
  }

  /** As `ScheduledBpf.read`. */
  async read(pids: () => number[], when: { now: boolean; isLast: boolean }): Promise<BpfReading | undefined> {
    return await this.#scheduled?.read(pids, when);
  }

  /** What is charged now; undefined if reading has failed, or was not requested. */
  readCharged(pids: () => number[]): BpfBytes | undefined {
    return this.#scheduled?.readCharged(pids);
  }

  /** The maps of the cgroup that had most BPF memory. */
  largest(reader: RunBpf): RunMaps {
    const now = reader.largest();
    const before = this.#before;
    if (before === undefined) return now;
    return bytesOf(before) > bytesOf(now) ? before : now;
  }

  /** The event for maps that are charged to a removed cgroup: once for each cgroup that is attached to. */
  noticeOrphans({ elapsedMs, bpf }: Sample): EventRecord | undefined {
    const { count = 0, bytes = 0 } = bpf?.orphaned?.maps ?? {};
    if (count === 0 || this.#hasWarned) return undefined;
    this.#hasWarned = true;
    return {
      type: 'event',
      elapsedMs,
      event: 'warning',
      message: `${plural(count, 'BPF map')} of ${formatBytes(bytes)} that it uses ${count === 1 ? 'was' : 'were'} charged to a cgroup that was removed: one above it pays (orphaned)`,
      hint: 'sudo cmemstat maps --orphaned',
    };
  }

  /** The cgroup was left; `open` continues with another one. */
  leave(): void {
    if (this.reader !== undefined) this.#before = this.largest(this.reader);
    this.close();
  }

  close(): void {
    this.#scheduled?.close();
  }
}

function bytesOf({ maps }: RunMaps): number {
  return maps.reduce((sum, { bytes }) => sum + bytes, 0);
}
