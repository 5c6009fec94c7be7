/** Runs of a program that does not exist: its memory varies as that of real ones does, by a seeded generator. */
import type { RunFigures } from '#src/budget/comparison/run-figures.ts';
import { seededRandom } from '#src/statistics/statistics.ts';
import { MIB, run } from './runs.ts';

const PAGE_BYTES = 4096;

/** What a set of runs is like. */
export interface Program {
  /** Of `anon`: by so much it is more than 100 MiB. */
  factor?: number;
  /** One standard deviation of `anon`. Share of its mean. */
  spread?: number;
  /** One standard deviation of page cache, which is in `file`, `current`, `peak` and `workingset`. Share of its mean. */
  cacheSpread?: number;
}

/** Makes sets of runs, one after the other; the same seed gives the same sets. */
export class RunMaker {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** `count` runs of a program. */
  runs(count: number, { factor = 1, spread = 0.01, cacheSpread = 0.14 }: Program = {}): RunFigures[] {
    return Array.from({ length: count }, () => {
      const anon = this.#around(100 * MIB * factor, spread);
      const file = this.#around(60 * MIB, cacheSpread);
      const kernel = this.#around(6 * MIB, 0.02);
      const lag = Math.floor((this.#random() - 0.5) * 128) * PAGE_BYTES;
      const current = anon + file + kernel;
      return run({
        anon: anon + lag,
        file,
        kernel,
        shmem: 0,
        bpf: 2 * MIB,
        'bpf.uncharged': 0,
        current,
        workingset: current - this.#around(0.5 * file, 0.3),
        peak: current + this.#around(2 * MIB, 0.5),
      });
    });
  }

  /** Whole pages around a mean; one run in twelve lies up to five deviations further up, as when something else woke up. */
  #around(mean: number, share: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    const normal = radius * Math.cos(2 * Math.PI * this.#random());
    const outlier = this.#random() < 1 / 12 ? 5 * share * this.#random() : 0;
    return Math.max(0, Math.round((mean * (1 + share * normal + outlier)) / PAGE_BYTES)) * PAGE_BYTES;
  }
}
