/** Counters of cgroups that never decrease, although cgroups of the same name replace each other. */

/** How many counters are kept beyond twice those that were read last. */
const KEPT_UNUSED = 1_024;

/** A counter of one cgroup. */
export interface CounterPart {
  readonly id: bigint;
  readonly value: number;
}

interface Kept {
  /** The counts of cgroups that are gone. */
  base: number;
  last: Map<bigint, number>;
}

/** Sums counters under names, repeatedly. */
export class SteadyCounters {
  readonly #kept = new Map<string, Kept>();
  readonly #unused: number;
  #used = 0;

  /** `unused` replaces the number of kept counters in tests. */
  constructor(unused = KEPT_UNUSED) {
    this.#unused = unused;
  }

  /** The count under this name, that of cgroups that are gone included. `parts`: all that are there. */
  add(name: string, parts: readonly CounterPart[]): number {
    const kept = this.#kept.get(name) ?? { base: 0, last: new Map<bigint, number>() };
    const now = new Map<bigint, number>();
    let sum = 0;
    for (const { id, value } of parts) {
      const before = kept.last.get(id);
      kept.last.delete(id);
      // An id may be used again.
      if (before !== undefined && before > value) kept.base += before;
      now.set(id, value);
      sum += value;
    }
    for (const value of kept.last.values()) kept.base += value;
    kept.last = now;
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    this.#used += 1;
    return kept.base + sum;
  }

  /** A reading has ended: forgets counters that are too many, those that were not read for longest first. */
  endReading(): void {
    const most = 2 * this.#used + this.#unused;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= most) break;
      this.#kept.delete(oldest);
    }
    this.#used = 0;
  }
}
