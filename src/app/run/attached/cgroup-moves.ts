/** The steps of a measurement from one cgroup of an attachment to the next. */
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { RunRecord } from '../../../output/sink.ts';
import type { Segments } from '../../../sampler/attached/segments.ts';
import type { Attachment, CgroupMoves } from './attached-target.ts';

/** What the steps need of the measurement. */
export interface MoveParts {
  readonly attachment: Pick<Attachment, 'cgroup'>;
  readonly segments: Pick<Segments, 'attached'>;
  readonly elapsedMs: () => number;
  readonly emit: (record: RunRecord) => void;
  /** Takes the last sample of a cgroup, and closes what was read of it. */
  readonly end: () => Promise<void>;
  /** Opens the files of a cgroup; false if it is gone already. */
  readonly open: (cgroup: MeasuredCgroup) => Promise<boolean>;
  /** Samples what is open. */
  readonly start: () => Promise<void>;
}

/** Takes one step at a time; none after `stop`. */
export class AttachedMoves implements CgroupMoves {
  readonly #parts: MoveParts;
  /** The step that is in progress. */
  #moving: Promise<unknown> = Promise.resolve();
  /** The cgroup was left, and the next one is not open yet. */
  #isAway = false;
  #isStopped = false;

  constructor(parts: MoveParts) {
    this.#parts = parts;
  }

  async leave(message: string): Promise<void> {
    await this.#step(() => this.#leave(message));
  }

  enter(from: string): Promise<boolean> {
    return this.#step(() => this.#enter(from));
  }

  /** Resolves after the step that is in progress. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#moving;
  }

  #step(step: () => Promise<boolean>): Promise<boolean> {
    const moving = this.#moving.then(() => (this.#isStopped ? false : step()));
    this.#moving = moving.catch(() => {});
    return moving;
  }

  async #leave(message: string): Promise<boolean> {
    if (this.#isAway) return true;
    const { segments, elapsedMs, emit } = this.#parts;
    const { cgroup = '' } = segments.attached ?? {};
    await this.#end();
    emit({ type: 'event', elapsedMs: elapsedMs(), event: 'waiting', cgroup, message });
    return true;
  }

  async #end(): Promise<void> {
    this.#isAway = true;
    await this.#parts.end();
  }

  /** Continues in the cgroup that the attachment has now. */
  async #enter(from: string): Promise<boolean> {
    const { attachment, segments, elapsedMs, emit, open, start } = this.#parts;
    if (!this.#isAway) await this.#end();
    if (!(await open(attachment.cgroup))) return false;
    const { attached } = segments;
    const { target = '', cgroup = '' } = attached ?? {};
    emit({
      type: 'event',
      elapsedMs: elapsedMs(),
      event: 'followed',
      message: `${target} is in ${cgroup === from ? 'a new cgroup of the same path' : cgroup} now: counters and growth start again`,
      cgroup,
      from,
      ...(attached === undefined ? {} : { attached }),
    });
    this.#isAway = false;
    await start();
    return true;
  }
}
