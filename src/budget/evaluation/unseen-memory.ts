/** What the kernel's high-water mark shows that no reading has seen. */
import { unitOfMetric } from '../../model/figures.ts';
import type { Sample } from '../../model/sample.ts';
import { kindOf } from '../expression/metric-catalogue.ts';

/** A recording without maxima only has samples, whose gaps are long. Unit: bytes. */
const NOTICED_BYTES = 512 * 1024;
const NOTICED_SHARE = 0.01;

/** Compares the high-water mark of a run with the readings of `current`. */
export class UnseenMemory {
  #peakBytes = 0;
  #unseenBytes = 0;
  #lastCurrent = 0;

  /**
   * Takes the next sample; returns how far `current` was above the readings since the previous one, 0 if it
   * was not or if that is unknown.
   */
  add({ peak = 0, current = 0, maxima }: Sample): number {
    const isHigher = peak > this.#peakBytes;
    const seen = Math.max(current, this.#lastCurrent);
    this.#lastCurrent = current;
    this.#peakBytes = Math.max(this.#peakBytes, peak);
    let unseenBytes = maxima?.unseenBytes ?? 0;
    if (maxima === undefined && isHigher && peak - seen > Math.max(NOTICED_BYTES, peak * NOTICED_SHARE)) {
      unseenBytes = peak - seen;
    }
    this.#unseenBytes = Math.max(this.#unseenBytes, unseenBytes);
    return unseenBytes;
  }

  /** What follows is of another cgroup. */
  cut(): void {
    this.#lastCurrent = 0;
  }

  /** The high-water mark; 0 if the kernel has none. Unit: bytes. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Whether most of the high-water mark was not seen: the readings say nothing about the maximum. */
  get isContradiction(): boolean {
    return this.#unseenBytes * 2 > this.#peakBytes;
  }
}

/** Whether a metric is a part of `current`: it cannot be larger than its high-water mark. */
export function isPartOfCurrent(metric: string): boolean {
  const name = metric.replace(/^stat\./, '');
  if (OUTSIDE.has(name) || metric.startsWith('psi.')) return false;
  const kind = kindOf(metric);
  return kind === 'maps' || kind === 'bpf' || (kind === 'figure' && unitOfMetric(name) === 'bytes');
}

/** Sizes that are not part of `current`, whose maximum is always known, or that are differences. */
const OUTSIDE: ReadonlySet<string> = new Set([
  ...['current', 'peak', 'swap', 'rss', 'pss', 'processes', 'unexplained', 'bpf.uncharged'],
  ...['hierarchical_memory_limit', 'hierarchical_memsw_limit', 'zswapped', 'swapcached', 'swap_total'],
]);
