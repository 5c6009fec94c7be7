/** `--explain`: reads the memory of the leaf by name at chosen moments of a run. */
import { describeCgroup } from '../../../cgroup/find-cgroup.ts';
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { ExplainedMoment, ExplainMoment, ExplainRecord } from '../../../model/explain/explain-record.ts';
import type { Explanation, MemoryNode } from '../../../model/explain/explanation.ts';
import { foldTree, largestNames } from '../../../model/explain/memory-tree.ts';
import { type ExplainOptions, explainCgroup } from '../../explain/explain.ts';

/** What an explainer needs of the run. */
export interface RunExplainerParts {
  moments: ReadonlySet<ExplainMoment>;
  /** Milliseconds since the launch. */
  elapsedMs: () => number;
  emit: (record: ExplainRecord) => void;
  warn: (message: string) => void;
  /** Reads the memory of the leaf. */
  explain: () => Promise<Explanation>;
  /** CPU time of this process. Unit: milliseconds. */
  cpuMs: () => number;
}

/** Reads the memory of a leaf by name. @throws KernelFileError if it is gone. */
export function explainLeaf(leaf: MeasuredCgroup, options: ExplainOptions = {}): Promise<Explanation> {
  return explainCgroup(describeCgroup(leaf.version, leaf.directory), { mapAdvice: false, ...options });
}

/** The parts that read the leaf of this moment. */
export function readersOf(leaf: () => MeasuredCgroup): Pick<RunExplainerParts, 'explain' | 'cpuMs'> {
  return {
    explain: () => explainLeaf(leaf()),
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
  };
}

/** The shortest time between two readings at a peak. Unit: milliseconds. */
const PEAK_INTERVAL_MS = 5_000;
/** The part of a CPU that readings at peaks may take, beyond a few readings. */
const PEAK_SHARE = 0.01;
/** CPU time of a few readings, so that a short run has its highest peak explained. Unit: milliseconds. */
const PEAK_CREDIT_MS = 2_000;
/** A peak is read again if it is higher by this much. */
const PEAK_RISE = 1.05;
/** Memory may have fallen since the peak, down to this share of it. */
const NEAR_PEAK = 0.95;
/** A rise is over if there was no higher reading for this time. Unit: milliseconds. */
const SETTLED_MS = 400;

const NO_PEAK = `--explain peak: no peak lasted: after ${SETTLED_MS} ms memory was lower by more than ${Math.round(
  (1 - NEAR_PEAK) * 100,
)} %, or the run had ended`;

/** Lines of a recording are bounded: how many children a node has at most. */
const MAX_CHILDREN = 100;
const MAX_NAMES = 10;

/** Takes explanations, one at a time. */
export class RunExplainer {
  readonly #parts: RunExplainerParts;
  readonly #explained: ExplainedMoment[] = [];
  #running: Promise<void> | undefined;
  #peakBytes = 0;
  #peakMs = 0;
  #explainedPeak = 0;
  #nextPeakMs = 0;
  #peakCpuMs = 0;
  #hasExceeded = false;
  #stopped = false;

  constructor(parts: RunExplainerParts) {
    this.#parts = parts;
  }

  /** Receives each sample of `current`, and the highest reading since the last one. Unit: bytes. */
  see(current: number, highest = current): void {
    if (!this.#parts.moments.has('peak') || this.#stopped) return;
    const now = this.#parts.elapsedMs();
    if (highest > this.#peakBytes) {
      this.#peakBytes = highest;
      this.#peakMs = now;
    }
    const isNew = this.#peakBytes > this.#explainedPeak * PEAK_RISE;
    const isSettled = now - this.#peakMs >= SETTLED_MS && current >= this.#peakBytes * NEAR_PEAK;
    if (!isNew || !isSettled || now < this.#nextPeakMs || this.#running !== undefined) return;
    this.#explainedPeak = this.#peakBytes;
    this.#start('peak');
  }

  /** A budget can no longer be met; only the first one is explained. */
  exceeded(message: string): void {
    if (!this.#parts.moments.has('exceeded') || this.#hasExceeded || this.#stopped) return;
    this.#hasExceeded = true;
    this.#start('exceeded', message);
  }

  /** The target has ended: takes the last explanation, and waits for those that are still being taken. */
  async end(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    if (this.#parts.moments.has('peak') && this.#explainedPeak === 0) this.#parts.warn(NO_PEAK);
    if (this.#parts.moments.has('end')) {
      this.#start('end');
      await this.#running;
    }
  }

  /** For the summary; undefined if none was taken. */
  summary(): ExplainedMoment[] | undefined {
    return this.#explained.length === 0 ? undefined : this.#explained;
  }

  #start(moment: ExplainMoment, message?: string): void {
    const before = this.#running ?? Promise.resolve();
    const running = before.then(() => this.#explain(moment, message));
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  async #explain(moment: ExplainMoment, message: string | undefined): Promise<void> {
    const { elapsedMs, emit, warn, explain, cpuMs } = this.#parts;
    const startMs = elapsedMs();
    const cpuBefore = cpuMs();
    try {
      const explanation = await explain();
      const record: ExplainRecord = {
        type: 'explain',
        elapsedMs: startMs,
        moment,
        ...(message === undefined ? {} : { message }),
        ...explanation,
        tree: foldTree(explanation.tree, { top: MAX_CHILDREN }),
      };
      // Several explanations of a peak: the highest is the last.
      const known = this.#explained.findIndex((each) => each.moment === moment);
      if (known >= 0) this.#explained.splice(known, 1);
      this.#explained.push(momentOf(record, explanation));
      emit(record);
    } catch (error) {
      warn(`--explain ${moment}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (moment !== 'peak') return;
    this.#peakCpuMs += cpuMs() - cpuBefore;
    const affordableMs = (this.#peakCpuMs - PEAK_CREDIT_MS) / PEAK_SHARE;
    this.#nextPeakMs = Math.max(startMs + PEAK_INTERVAL_MS, affordableMs);
  }
}

function momentOf(
  { moment, elapsedMs, message, method, reason }: ExplainRecord,
  { tree }: Explanation,
): ExplainedMoment {
  return {
    moment,
    elapsedMs,
    ...(message === undefined ? {} : { message }),
    method,
    ...(reason === undefined ? {} : { reason }),
    bytes: tree.bytes,
    names: largestNames(tree, MAX_NAMES).map(namedBytes),
  };
}

function namedBytes({ kind, name, path, pid, bytes, reclaim }: MemoryNode): ExplainedMoment['names'][number] {
  return {
    kind,
    name: path ?? name,
    ...(pid === undefined ? {} : { pid }),
    bytes,
    reclaim,
  };
}
