/** The cgroups that an attachment measures one after the other, and what each of them used. */
import type { MeasuredCgroup } from '../../cgroup/foreign-cgroup.ts';
import type { CpuTime } from '../../kernel/cgroup2/cpu-stat.ts';
import type { AttachedSegment, AttachedTo, Restarts } from '../../model/restarts.ts';
import type { Sample } from '../../model/sample.ts';
import { readCgroupTime } from '../cpu-time.ts';
import { RunGrowth } from '../run-growth.ts';

/** Maximum number of cgroups in the summary. */
const MAX_LISTED = 20;

/** Interval of the readings of CPU time, which can no longer be read when the cgroup is gone. */
const CPU_INTERVAL_MS = 500;

/** Sums up each cgroup; memory is bounded. */
export class Segments {
  readonly #ended: AttachedSegment[] = [];
  #current: OpenSegment | undefined;
  #count = 0;
  #waitedMs = 0;
  #leftMs: number | undefined;
  #hasEnded = false;
  /** Of all that have ended; undefined if the time of one of them is unknown. */
  #cpu: CpuTime | undefined = { user: 0, system: 0 };

  /** From now on this cgroup is measured. */
  enter(cgroup: MeasuredCgroup, attached: AttachedTo, elapsedMs: number): void {
    if (this.#leftMs !== undefined) {
      this.#count += 1;
      this.#waitedMs += elapsedMs - this.#leftMs;
    }
    this.#leftMs = undefined;
    // The first one is opened before the clock starts.
    this.#current = new OpenSegment(cgroup, attached, this.#current === undefined ? 0 : elapsedMs);
  }

  /** The cgroup that is measured, or was measured last. */
  get attached(): AttachedTo | undefined {
    return this.#current?.attached;
  }

  /** The growth of the cgroup that is measured, or was measured last. */
  get growth(): RunGrowth | undefined {
    return this.#current?.growth;
  }

  add(sample: Sample): void {
    this.#current?.add(sample);
  }

  /** The cgroup is no longer measured. */
  leave(elapsedMs: number): void {
    const ended = this.#current?.end(elapsedMs);
    if (ended === undefined || this.#leftMs !== undefined) return;
    this.#leftMs = elapsedMs;
    this.#ended.push(ended);
    if (this.#ended.length > MAX_LISTED) this.#ended.shift();
    const { cpuUs } = ended;
    this.#cpu = this.#cpu &&
      cpuUs && { user: this.#cpu.user + cpuUs.user, system: this.#cpu.system + cpuUs.system };
  }

  /**
   * For the summary, after the last `leave`: `restarts` is undefined if there was only one cgroup up to the
   * end, and `cpuUs` if it is unknown for one of them.
   */
  summary(endMs: number): { restarts: Restarts | undefined; cpuUs: CpuTime | undefined } {
    const atEndMs = this.#hasEnded ? 0 : endMs - (this.#leftMs ?? endMs);
    const waitedMs = this.#waitedMs + atEndMs;
    const restarts = { count: this.#count, waitedMs: roundMs(waitedMs), cgroups: this.#ended };
    const isOne = this.#count === 0 && this.#hasEnded;
    return { restarts: isOne ? undefined : restarts, cpuUs: this.#cpu };
  }

  /** The measurement ends in the cgroup that it is in. */
  finish(elapsedMs: number): void {
    if (this.#leftMs !== undefined) return;
    this.leave(elapsedMs);
    this.#hasEnded = true;
  }
}

/** The cgroup that is being measured. */
class OpenSegment {
  readonly growth = new RunGrowth();
  readonly #cgroup: MeasuredCgroup;
  readonly #segment: AttachedSegment;
  readonly #cpuBefore: CpuTime | undefined;
  #cpu: CpuTime | undefined;
  #cpuDueMs = 0;

  constructor(cgroup: MeasuredCgroup, attached: AttachedTo, fromMs: number) {
    this.#cgroup = cgroup;
    this.#segment = { attached, fromMs, toMs: fromMs };
    this.#cpu = readCgroupTime(cgroup);
    // A cgroup that was made since is measured as a whole.
    this.#cpuBefore = attached.followed === true ? { user: 0, system: 0 } : this.#cpu;
  }

  get attached(): AttachedTo {
    return this.#segment.attached;
  }

  add(sample: Sample): void {
    const { elapsedMs, current, peak, maxima, events, eventsLocal, pressure } = sample;
    const segment = this.#segment;
    this.growth.add(sample);
    const { peakSince, followed } = segment.attached;
    const mark = peakSince === 'attachment' || followed === true ? peak : undefined;
    const seen = [current, mark, maxima?.bytes.current, segment.peakBytes].filter(
      (each) => each !== undefined,
    );
    if (seen.length > 0) segment.peakBytes = Math.max(...seen);
    if (current !== undefined) segment.lastBytes = current;
    const counts = events ?? eventsLocal;
    if (counts !== undefined) segment.events = counts;
    const [some, full] = [pressure?.some?.total, pressure?.full?.total];
    if (some !== undefined || full !== undefined) {
      segment.stallUs = { ...(some === undefined ? {} : { some }), ...(full === undefined ? {} : { full }) };
    }
    if (elapsedMs >= this.#cpuDueMs) this.#readCpu(elapsedMs);
  }

  end(toMs: number): AttachedSegment {
    this.#readCpu(toMs);
    const segment = { ...this.#segment, toMs };
    const growth = this.growth.summary();
    if (growth !== undefined) segment.growth = growth;
    const [cpu, before] = [this.#cpu, this.#cpuBefore];
    if (cpu !== undefined && before !== undefined) {
      segment.cpuUs = { user: cpu.user - before.user, system: cpu.system - before.system };
    }
    return segment;
  }

  #readCpu(elapsedMs: number): void {
    this.#cpuDueMs = elapsedMs + CPU_INTERVAL_MS;
    // Another cgroup that has got its path meanwhile has used less.
    const now = readCgroupTime(this.#cgroup);
    if (now !== undefined && now.user >= (this.#cpu?.user ?? 0) && now.system >= (this.#cpu?.system ?? 0)) {
      this.#cpu = now;
    }
  }
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
