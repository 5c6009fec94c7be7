/** The parts of a measurement that a short target does not need: BPF memory and processes. */

/** Targets that exit earlier are measured without them. Unit: milliseconds. */
const PREPARE_MS = 20;

/** What is opened, one after the other: processes are read less often the longer a reading takes. */
export interface LatePartsOptions {
  prepareBpf: () => Promise<void>;
  processes: { start(): Promise<void>; stop(): void };
}

/** Opens them a moment after `start`, unless `stop` was called meanwhile. */
export class LateParts {
  readonly #options: LatePartsOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Changes with `stop`: what is still being opened is abandoned. */
  #round = 0;

  constructor(options: LatePartsOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    const round = this.#round;
    this.#timer = setTimeout(() => void this.#open(round), PREPARE_MS);
  }

  /** May be called more than once, and `start` after it. */
  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
    this.#options.processes.stop();
  }

  async #open(round: number): Promise<void> {
    const { prepareBpf, processes } = this.#options;
    await prepareBpf();
    // Meanwhile the run may have ended, or the cgroup may have been left.
    if (round === this.#round) await processes.start();
  }
}
