/** The BPF maps of a host as far as they can be read. */
import { ToolError } from '../../errors.ts';
import type { ComputeMapCost } from '../../model/bpf-advice.ts';
import type { BpfByCgroup, HostBpf } from './host-bpf.ts';

/** What reads them. */
export type BpfSource = Pick<HostBpf, 'absent' | 'read' | 'close'> &
  Partial<Pick<HostBpf, 'computeCost' | 'readHeldMaps'>>;

/** What reads them, and why they were not read. It can be opened again. */
export class ReadableBpf {
  readonly #open: () => Promise<BpfSource>;
  #source: BpfSource;
  #absent: BpfSource['absent'];

  /** @throws what `open` throws. */
  static async open(open: () => Promise<BpfSource>): Promise<ReadableBpf> {
    return new ReadableBpf(open, await open());
  }

  private constructor(open: () => Promise<BpfSource>, source: BpfSource) {
    this.#open = open;
    this.#source = source;
    this.#absent = source.absent;
  }

  /** Why the last reading has none; undefined if it has them. */
  get absent(): BpfSource['absent'] {
    return this.#absent;
  }

  /** A right that is lost meanwhile is a reason, too; what fails once may succeed the next time. */
  read(): BpfByCgroup | undefined {
    this.#absent = this.#source.absent;
    if (this.#absent !== undefined) return undefined;
    try {
      return this.#source.read();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#absent = { reason: error.message, hint: error.hint };
      return undefined;
    }
  }

  /** Opens it again if it could not be opened. @throws what `open` throws. */
  async retry(): Promise<void> {
    if (this.#source.absent === undefined) return;
    const source = await this.#open();
    this.#source.close();
    this.#source = source;
  }

  /** See {@link HostBpf}. @throws ToolError. */
  readHeldMaps(): ReadonlyMap<number, ReadonlySet<number>> | undefined {
    return this.#source.readHeldMaps?.();
  }

  /** See {@link HostBpf}. */
  get computeCost(): ComputeMapCost {
    return this.#source.computeCost ?? (() => undefined);
  }

  close(): void {
    this.#source.close();
  }
}
