/** The memory of the mappings of a process, by what is mapped. */
import { type Mapping, SmapsParser } from './smaps-mappings.ts';

/** Mappings of the same file, or of the same kind of memory. Sizes in bytes. */
export interface MappedMemory {
  /**
   * A path, or as the kernel writes it: `[heap]`, `[stack]`, `[anon:NAME]`; empty for other anonymous memory.
   */
  name: string;
  count: number;
  size: number;
  rss: number;
  pss: number;
  swap: number;
}

/**
 * Sums up `/proc/<pid>/smaps` line by line: see {@link SmapsParser}. Lines that are not known are ignored.
 *
 * Source: proc_pid_smaps(5). Unit: bytes (the kernel prints KiB).
 */
export class SmapsTotals {
  readonly #byName = new Map<string, MappedMemory>();
  readonly #parser = new SmapsParser((mapping) => this.#sum(mapping));
  /** Number of mappings, without the one that is being read. */
  count = 0;

  add(line: string): void {
    this.#parser.add(line);
  }

  /** Ends the last mapping. Largest resident memory first. */
  totals(): MappedMemory[] {
    this.#parser.end();
    return [...this.#byName.values()].sort((a, b) => b.rss - a.rss || b.size - a.size);
  }

  #sum({ name, size, rss, pss, swap }: Mapping): void {
    const known = this.#byName.get(name) ?? { name, count: 0, size: 0, rss: 0, pss: 0, swap: 0 };
    this.#byName.set(name, known);
    known.count += 1;
    known.size += size;
    known.rss += rss;
    known.pss += pss;
    known.swap += swap;
    this.count += 1;
  }
}
