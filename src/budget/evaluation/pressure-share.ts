/**
 * The share of time spent waiting for memory, from the totals of memory.pressure, so that it is also correct
 * for a short run.
 */
import type { Sample } from '../../model/sample.ts';

/** Shorter intervals are merged with the next one because of the resolution of the kernel's figures. */
const MIN_SPAN_MS = 20;
const US_PER_MS = 1000;

/** Processes the pressure of one kind, sample by sample. Unit: per cent. */
export class PressureShare {
  readonly #kind: 'some' | 'full';
  #first: { ms: number; us: number } | undefined;
  #from = { ms: 0, us: 0 };
  #lastMs = 0;
  #lastUs = 0;
  /** Of the cgroups before. */
  #before = { ms: 0, us: 0 };

  constructor(kind: 'some' | 'full') {
    this.#kind = kind;
  }

  /**
   * The share since the previous reading; undefined at the first, and if the kernel does not report pressure.
   */
  read({ elapsedMs, pressure }: Sample): number | undefined {
    const us = pressure?.[this.#kind]?.total;
    if (us === undefined) return undefined;
    this.#lastMs = elapsedMs;
    this.#lastUs = us;
    if (this.#first === undefined) {
      this.#first = { ms: elapsedMs, us };
      this.#from = { ms: elapsedMs, us };
      return undefined;
    }
    const ms = elapsedMs - this.#from.ms;
    if (ms < MIN_SPAN_MS) return undefined;
    const share = shareOf(us - this.#from.us, ms);
    this.#from.ms = elapsedMs;
    this.#from.us = us;
    return share;
  }

  /** What follows is of another cgroup, whose totals start at 0. */
  cut(): void {
    this.#before = this.#sums();
    this.#first = undefined;
  }

  /** The share over the whole run; undefined before the second reading. */
  get average(): number | undefined {
    const { ms, us } = this.#sums();
    return ms > 0 ? shareOf(us, ms) : undefined;
  }

  #sums(): { ms: number; us: number } {
    const { ms, us } = this.#before;
    const first = this.#first;
    if (first === undefined) return { ms, us };
    return { ms: ms + this.#lastMs - first.ms, us: us + this.#lastUs - first.us };
  }
}

/** The clocks of the kernel and of cmemstat differ slightly: limit the share to 100 %. */
function shareOf(us: number, ms: number): number {
  return Math.min(100, (us / US_PER_MS / ms) * 100);
}
