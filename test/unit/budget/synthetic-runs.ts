/** Runs of a fictional program: its memory varies like that of real ones, by a seeded generator. */
import type { RunFigures } from '#src/budget/comparison/run-figures.ts';
import { seededRandom } from '#src/statistics/statistics.ts';
import { MIB, run } from './runs.ts';

const PAGE_BYTES = 4096;

/** The properties of a set of runs. */
export interface Program {
  /** The amount of `anon` above 100 MiB. */
  factor?: number;
  /** One standard deviation of `anon`. Share of its mean. */
  spread?: number;
  /**
   * One standard deviation of page cache, which is in `file`, `current`, `peak` and `workingset`. Share of
   * its mean.
   */
  cacheSpread?: number;
}

/** Generates sets of runs in sequence; the same seed results in the same sets. */
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

  /**
   * Whole pages around a mean; one run in twelve is up to five deviations higher, like after a disturbance.
   */
  #around(mean: number, share: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    const normal = radius * Math.cos(2 * Math.PI * this.#random());
    const outlier = this.#random() < 1 / 12 ? 5 * share * this.#random() : 0;
    return Math.max(0, Math.round((mean * (1 + share * normal + outlier)) / PAGE_BYTES)) * PAGE_BYTES;
  }
}
