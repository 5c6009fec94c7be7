/** The BPF memory of a run, read on a clock of its own and whenever its charge is needed. */
import type { BpfAdvice } from '../../model/bpf-advice.ts';
import type { EventRecord } from '../../model/recording.ts';
import { type BpfBytes, BpfClock, type BpfReading, type BpfUnavailable } from './bpf-clock.ts';
import type { RunBpf } from './run-bpf.ts';

/** Reads the BPF memory of a run until the first failure. */
export class ScheduledBpf {
  readonly #clock: BpfClock;
  readonly #run: RunBpf | undefined;

  private constructor(clock: BpfClock, run: RunBpf | undefined) {
    this.#clock = clock;
    this.#run = run;
  }

  /**
   * Opens the reader; if that is not possible, `unavailable` says why.
   * @throws only errors other than ToolError.
   */
  static async open(
    intervalMs: number,
    elapsedMs: () => number,
    openRun: () => Promise<RunBpf>,
  ): Promise<ScheduledBpf> {
    let run: RunBpf | undefined;
    const clock = await BpfClock.open(intervalMs, elapsedMs, async () => {
      run = await openRun();
      return run;
    });
    return new ScheduledBpf(clock, run);
  }

  /** Why BPF memory is not read, or no longer. */
  get unavailable(): BpfUnavailable | undefined {
    return this.#clock.unavailable;
  }

  /** Undefined if reading has failed. */
  get reader(): RunBpf | undefined {
    return this.unavailable === undefined ? this.#run : undefined;
  }

  /** Advice on the maps of the run at its maximum; computed on request. */
  advice(): readonly BpfAdvice[] {
    return this.reader?.largest().advice ?? [];
  }

  /** Opens what a short target does not need; `pause` is called between short steps. */
  async prepare(pause: () => void): Promise<void> {
    await this.#run?.prepare(pause);
  }

  /** What is charged now; undefined if reading has failed. */
  readCharged(pids: () => number[]): BpfBytes | undefined {
    const totals = this.#clock.attempt(() => this.#run?.collectCharged(pids));
    if (totals === undefined) return undefined;
    const { charged, uncharged } = totals;
    return {
      maps: charged.maps.bytes,
      programs: charged.programs.bytes,
      uncharged: uncharged.maps.bytes,
    };
  }

  /**
   * A whole reading if one is due, or always with `now`. The last one is attributed even if the target exited
   * before the iterators were opened.
   */
  async read(
    pids: () => number[],
    { now, isLast }: { now: boolean; isLast: boolean },
  ): Promise<BpfReading | undefined> {
    if (isLast) await this.reader?.prepareLast(pids());
    return this.#clock.read(pids, now);
  }

  /** The warning that BPF memory is not measured; undefined if it is. */
  warning(elapsedMs: number): EventRecord | undefined {
    if (this.unavailable === undefined) return undefined;
    const { reason, hint } = this.unavailable;
    return {
      type: 'event',
      elapsedMs,
      event: 'warning',
      message: `BPF memory is not measured: ${reason}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }

  close(): void {
    this.#clock.close();
  }
}
