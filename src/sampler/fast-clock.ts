/**
 * The fast clock: keeps running maxima of the sizes of a leaf between two samples, so that a maximum does not
 * depend on when samples are taken.
 */
import { monotonicMs } from '../kernel/monotonic.ts';
import type { SampleMaxima } from '../model/sample.ts';
import type { BpfBytes } from './bpf/bpf-clock.ts';
import { Pace } from './pace.ts';
import type { SizeReader, SizeReading } from './size-reader.ts';

/** The inputs of a fast clock. */
export interface FastClockParts {
  sizes: SizeReader;
  /** Milliseconds since the launch. */
  elapsedMs: () => number;
  /** Whether the cgroup existed before: its high-water mark is older than the first reading. */
  isAttached?: boolean;
  /** Whether budgets are evaluated: they justify more readings while memory does not move. */
  hasBudgets: boolean;
  /** Reads BPF memory; undefined if it cannot be read. */
  readBpf?: () => BpfBytes | undefined;
  /** Requests a call of `wake` when `current` rises above this size. Unit: bytes. */
  watchRise?: (aboveBytes: number) => void;
  /** Called if a reading fails; the clock has stopped then. */
  onError: (error: unknown) => void;
}

/** A rise above the readings around it that is reported as missed. Unit: bytes. */
const MISSED_BYTES = 256 * 1024;
/** The same as a share of the high-water mark. */
const MISSED_SHARE = 0.01;
/** A rise of kernel memory by this much may be BPF memory. Unit: bytes. */
const BPF_RISE_BYTES = 64 * 1024;
/** The share of time that BPF readings of this clock may take. */
const BPF_SHARE = 0.003;
/** While memory is steady, `watchRise` requests a notification this far above it. */
const RISE_BYTES = 1024 * 1024;
const RISE_SHARE = 0.02;

/** Reads the sizes of one leaf from `start` to `stop`. */
export class FastClock {
  readonly #parts: FastClockParts;
  readonly #pace: Pace;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #lastMs = 0;
  #dueMs = 0;
  #lastCurrent = 0;
  #peakSeen = 0;
  #cpuBefore: number | undefined;
  /** Undefined before the first reading of BPF memory. */
  #kernelAtBpf: number | undefined;
  #bpfDueMs = 0;
  // The running maxima.
  #readings = 0;
  #bpfReadings = 0;
  #longestGapMs = 0;
  #unseenBytes = 0;
  #names: readonly string[] = [];
  #stat = new Float64Array(0);
  readonly #others = new Map<string, number>();

  constructor(parts: FastClockParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.hasBudgets);
  }

  /** Reads at once, and from now on. */
  start(): void {
    // There is nothing to read before a cgroup is attached to, which may be long after the first one was.
    if (this.#parts.isAttached === true) this.#lastMs = this.#parts.elapsedMs();
    this.#isRunning = true;
    this.#tick();
  }

  /** Ends the readings; the maxima can still be taken. */
  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  /** Reads now: `current` has risen. */
  wake(): void {
    if (!this.#isRunning) return;
    clearTimeout(this.#timer);
    this.#pace.wake(this.#parts.elapsedMs());
    this.#tick();
  }

  /** Reads if a reading is due: for work that keeps the event loop busy. */
  poll(): void {
    if (!this.#isRunning || this.#parts.elapsedMs() < this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#tick();
  }

  /** The maxima since the last call. */
  take(): SampleMaxima {
    const elapsedMs = this.#parts.elapsedMs();
    const bytes: Record<string, number> = {};
    for (const [index, name] of this.#names.entries()) {
      const value = this.#stat[index];
      if (value !== undefined && value >= 0) bytes[name] = value;
    }
    for (const [name, value] of this.#others) bytes[name] = value;
    const maxima: SampleMaxima = {
      readings: this.#readings,
      longestGapMs: Math.round(Math.max(this.#longestGapMs, elapsedMs - this.#lastMs) * 1000) / 1000,
      bytes,
    };
    if (this.#bpfReadings > 0) maxima.bpfReadings = this.#bpfReadings;
    if (this.#unseenBytes > 0) maxima.unseenBytes = this.#unseenBytes;
    this.#lastMs = elapsedMs;
    this.#readings = 0;
    this.#bpfReadings = 0;
    this.#longestGapMs = 0;
    this.#unseenBytes = 0;
    this.#stat.fill(-1);
    this.#others.clear();
    return maxima;
  }

  #tick(): void {
    const { sizes, elapsedMs, onError } = this.#parts;
    try {
      const now = elapsedMs();
      const reading = sizes.read();
      if (reading === undefined) return void this.stop();
      const delayMs = this.#observe(reading, now);
      this.#dueMs = now + delayMs;
      this.#timer = setTimeout(() => this.#tick(), delayMs);
    } catch (error) {
      this.stop();
      onError(error);
    }
  }

  #observe(reading: SizeReading, elapsedMs: number): number {
    const { stat } = reading;
    this.#longestGapMs = Math.max(this.#longestGapMs, elapsedMs - this.#lastMs);
    this.#lastMs = elapsedMs;
    const anon = stat.valueOf('anon') ?? 0;
    // Without anonymous memory, the target of a run has not started yet, or is gone.
    if (anon > 0 || this.#parts.isAttached === true) this.#readings += 1;
    this.#raiseStat(reading);
    const current = reading.current ?? 0;
    this.#raise('current', reading.current);
    this.#raise('kernel', reading.kernel);
    this.#raise('swap', reading.swap);
    const inactive = stat.valueOf('inactive_file');
    if (inactive !== undefined) this.#raise('workingset', Math.max(0, current - inactive));
    const hasMissed = this.#lookAtPeak(reading, current);
    this.#lastCurrent = current;
    this.#readBpf(reading.kernel ?? Math.max(0, current - anon - (stat.valueOf('file') ?? 0)), elapsedMs);
    const delayMs = this.#pace.next({ elapsedMs, current, anon, hasMissed, cpuMs: this.#cpuSinceLast() });
    if (this.#pace.isSteady(elapsedMs)) {
      this.#parts.watchRise?.(current + Math.max(RISE_BYTES, current * RISE_SHARE));
    }
    return delayMs;
  }

  #raiseStat({ stat: { names, values } }: SizeReading): void {
    if (names !== this.#names) {
      // The first reading, or the kernel prints other lines: keep what is known.
      for (const [index, name] of this.#names.entries()) this.#raise(name, this.#stat[index]);
      this.#names = names;
      this.#stat = new Float64Array(names.length).fill(-1);
    }
    const maxima = this.#stat;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (value > (maxima[index] as number)) maxima[index] = value;
    }
  }

  #raise(name: string, value: number | undefined): void {
    if (value !== undefined && value >= 0 && value > (this.#others.get(name) ?? -1)) {
      this.#others.set(name, value);
    }
  }

  /** Returns true if the high-water mark shows a maximum that no reading has seen. */
  #lookAtPeak({ peak, isWindow }: SizeReading, current: number): boolean {
    if (peak === undefined) return false;
    const isOld = this.#parts.isAttached === true && this.#peakSeen === 0;
    const isKnown = !isOld && (isWindow || peak > this.#peakSeen);
    this.#peakSeen = Math.max(this.#peakSeen, peak);
    if (!isKnown) return false;
    // The mark is that of `current`, whose maximum is known now.
    this.#raise('current', peak);
    const unseen = peak - Math.max(current, this.#lastCurrent);
    if (unseen <= Math.max(MISSED_BYTES, peak * MISSED_SHARE)) return false;
    this.#unseenBytes = Math.max(this.#unseenBytes, unseen);
    return true;
  }

  #readBpf(kernel: number, elapsedMs: number): void {
    const { readBpf } = this.#parts;
    if (readBpf === undefined) return;
    if (elapsedMs < this.#bpfDueMs) return;
    if (this.#kernelAtBpf !== undefined) {
      this.#kernelAtBpf = Math.min(this.#kernelAtBpf, kernel);
      if (kernel < this.#kernelAtBpf + BPF_RISE_BYTES) return;
    }
    const begin = monotonicMs();
    const bytes = readBpf();
    if (bytes === undefined) return;
    this.#kernelAtBpf = kernel;
    this.#bpfReadings += 1;
    this.#bpfDueMs = elapsedMs + (monotonicMs() - begin) / BPF_SHARE;
    this.#raise('bpf', bytes.maps + bytes.programs);
    this.#raise('bpf.maps', bytes.maps);
    this.#raise('bpf.programs', bytes.programs);
    this.#raise('bpf.uncharged', bytes.uncharged);
  }

  #cpuSinceLast(): number | undefined {
    const { user, system } = process.cpuUsage();
    const total = (user + system) / 1000;
    const before = this.#cpuBefore;
    this.#cpuBefore = total;
    return before === undefined ? undefined : total - before;
  }
}
