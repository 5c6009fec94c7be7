/** The memory of the mappings of a process, by what is mapped. */

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

const FIELDS: Readonly<Record<string, 'size' | 'rss' | 'pss' | 'swap'>> = {
  Size: 'size',
  Rss: 'rss',
  Pss: 'pss',
  Swap: 'swap',
};

/**
 * Sums up `/proc/<pid>/smaps` line by line: a line for each mapping, followed by its sizes.
 *
 *     55d0c0a3b000-55d0c0a5c000 rw-p 00000000 00:00 0                          [heap]
 *     Size:                132 kB
 *     Rss:                  12 kB
 *
 * Source: proc_pid_smaps(5); newlines in paths are written as `\012`. Unit: bytes (the kernel prints KiB).
 * Other lines are ignored.
 */
export class SmapsTotals {
  readonly #byName = new Map<string, MappedMemory>();
  #last: MappedMemory | undefined;
  /** Number of mappings. */
  count = 0;

  add(line: string): void {
    const [, name] = /^[\da-f]+-[\da-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      this.#last = this.#byName.get(name) ?? { name, count: 0, size: 0, rss: 0, pss: 0, swap: 0 };
      this.#byName.set(name, this.#last);
      this.#last.count += 1;
      this.count += 1;
      return;
    }
    const [, key = '', kib] = /^(\w+): +(\d+) kB/.exec(line) ?? [];
    const field = FIELDS[key];
    if (field !== undefined && this.#last !== undefined) this.#last[field] += Number(kib) * 1024;
  }

  /** Largest resident memory first. */
  totals(): MappedMemory[] {
    return [...this.#byName.values()].sort((a, b) => b.rss - a.rss || b.size - a.size);
  }
}
