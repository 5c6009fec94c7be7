/**
 * Time lost waiting for memory, as a share: from the totals of memory.pressure, so that a short run is right
 * too.
 */
import type { Sample } from '../../model/sample.ts';

/** Shorter spans are joined with the next: the kernel's own figures are not that fine. */
const MIN_SPAN_MS = 20;
const US_PER_MS = 1000;

/** Reads the pressure of one kind, sample by sample. Unit: per cent. */
export class PressureShare {
  readonly #kind: 'some' | 'full';
  #first: { ms: number; us: number } | undefined;
  #from = { ms: 0, us: 0 };
  #lastMs = 0;
  #lastUs = 0;

  constructor(kind: 'some' | 'full') {
    this.#kind = kind;
  }

  /** The share since the reading before; undefined at the first, and where the kernel has no pressure. */
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

  /** Of the whole run; undefined before the second reading. */
  get average(): number | undefined {
    const first = this.#first;
    if (first === undefined || this.#lastMs <= first.ms) return undefined;
    return shareOf(this.#lastUs - first.us, this.#lastMs - first.ms);
  }
}

/** The kernel's clock and ours differ a little: no more than all of the time is lost. */
function shareOf(us: number, ms: number): number {
  return Math.min(100, (us / US_PER_MS / ms) * 100);
}
