/** The files of the cgroup that is measured: its figures, its events, and its sizes between two samples. */
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { EventWatch } from '../../../sampler/event-watch.ts';
import type { FastClockParts } from '../../../sampler/fast-clock.ts';
import { type FigureReader, MalformedLines } from '../../../sampler/figure-reader.ts';
import type { Sampler } from '../../../sampler/sampler.ts';
import type { AttachedFigures } from '../attached/attached-figures.ts';
import type { Attachment } from '../attached/attached-target.ts';
import { type LeafClock, openFastClock, openLeafReader, openReader, watchEvents } from './open-readers.ts';

/** What the files are opened for. */
export interface MeasuredFilesParts extends Omit<FastClockParts, 'sizes' | 'watchRise' | 'isAttached'> {
  readonly attachment: Attachment | undefined;
  readonly noticeEvents: Sampler['noticeEvents'];
  readonly warn: (message: string) => void;
}

/** The files of one cgroup at a time, or of a process tree. */
export class MeasuredFiles {
  /** Set once figures are open, if a cgroup was attached to. */
  attached: AttachedFigures | undefined;
  /** Undefined before `open`. */
  reader: FigureReader | undefined;
  readonly #parts: MeasuredFilesParts;
  readonly #malformed: MalformedLines;
  #clock: LeafClock | undefined;
  #watch: EventWatch | undefined;

  constructor(parts: MeasuredFilesParts) {
    this.#parts = parts;
    this.#malformed = new MalformedLines(parts.warn);
  }

  /** Undefined before `openClock`, and of a process tree. */
  get clock(): LeafClock | undefined {
    return this.#clock;
  }

  /** Opens the sizes of a cgroup. @throws KernelFileError. */
  openClock(cgroup: MeasuredCgroup): void {
    const isAttached = this.#parts.attachment !== undefined;
    this.#clock = openFastClock(cgroup, { ...this.#parts, isAttached });
  }

  /** Opens the figures of a cgroup, and watches its events. @throws KernelFileError, SyscallError. */
  async open(cgroup: MeasuredCgroup): Promise<FigureReader> {
    const reader = await this.#openFigures(cgroup);
    this.reader = reader;
    // Before slow operations, so that events are detected from now on.
    if (this.#parts.attachment === undefined || cgroup.version === 2) {
      this.#watch = await watchEvents(cgroup, (...event) => this.#noticeEvents(...event));
    }
    return reader;
  }

  /** Opens the figures of a process tree. */
  async openTree(pid: number): Promise<FigureReader> {
    this.reader = await openReader(undefined, pid, this.#malformed.add);
    return this.reader;
  }

  /** What could not be parsed; undefined if there was nothing. */
  describeMalformed(): string | undefined {
    return this.#malformed.describe();
  }

  /** Closes the figures and stops watching events; the clock has its own `stop`. */
  close(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.reader?.close();
  }

  /** Of a cgroup that was attached to, counters and the maximum start now. */
  async #openFigures(cgroup: MeasuredCgroup): Promise<FigureReader> {
    const { attachment, elapsedMs } = this.#parts;
    if (attachment === undefined) return openLeafReader(cgroup, this.#malformed.add);
    if (this.attached === undefined) {
      const { AttachedFigures } = await import('../attached/attached-figures.ts');
      this.attached = new AttachedFigures(attachment, elapsedMs, (each, ownPeak) =>
        openLeafReader(each, this.#malformed.add, ownPeak),
      );
    }
    return this.attached.open(cgroup);
  }

  readonly #noticeEvents: Sampler['noticeEvents'] = (counts, noticed) => {
    const since = this.attached === undefined ? counts : this.attached.subtractEvents(counts);
    if (since !== undefined) this.#parts.noticeEvents(since, noticed);
  };
}
