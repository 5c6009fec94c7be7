/** The readings of the processes of a run, which a short target does not need. */
import type { RunRecord } from '../../../output/sink.ts';
import type { ProcessTable } from '../../../sampler/process-table.ts';
import type { RunProcesses } from './run-processes.ts';

/** What the readings need of the run. */
export interface ProcessRoundsParts {
  /** 0 if processes are not to be read. Unit: milliseconds. */
  intervalMs: number;
  processes: RunProcesses;
  elapsedMs: () => number;
  emit: (record: RunRecord) => void;
  warn: (message: string) => void;
}

/** Reads them between `start` and `stop`, until the first failure. */
export class ProcessRounds {
  readonly #parts: ProcessRoundsParts;
  #table: ProcessTable | undefined;
  /** Changes with `stop`: a start that is still loading is abandoned. */
  #round = 0;

  constructor(parts: ProcessRoundsParts) {
    this.#parts = parts;
  }

  /** Resolves when the first reading is scheduled. */
  async start(): Promise<void> {
    const { intervalMs, processes, elapsedMs, emit } = this.#parts;
    if (intervalMs === 0) return;
    // Abandons a start that is still loading, too.
    this.stop();
    const round = this.#round;
    const { ProcessTable: Table } = await import('../../../sampler/process-table.ts');
    if (round !== this.#round) return;
    this.#table = new Table(
      {
        list: () => processes.byCgroup(),
        targetPid: processes.targetPid ?? 0,
        elapsedMs,
        emit,
        onError: (error) => this.#disable(error),
      },
      intervalMs,
    );
    this.#table.start();
  }

  /** An unscheduled reading; resolves immediately if processes are not read. */
  async read(): Promise<void> {
    await this.#table?.read();
  }

  /** May be called more than once, and `start` after it. */
  stop(): void {
    this.#round++;
    this.#table?.stop();
    this.#table = undefined;
  }

  #disable(error: unknown): void {
    this.stop();
    const message = error instanceof Error ? error.message : String(error);
    this.#parts.warn(`the processes could not be read: ${message}`);
  }
}
