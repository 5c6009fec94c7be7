/** A bounded number of states along a recording, from which any position can be reached quickly. */

/** A state that records are applied to, in order. */
export interface Checkpointed<T, R> {
  apply(record: R): void;
  /** An independent copy. */
  clone(): T;
}

/** A state and its position in the recording. */
export interface Checkpoint<T> {
  state: T;
  /** Number of records that it includes. */
  records: number;
  /** Offset of the line after them. Unit: bytes. */
  offset: number;
}

const MAX_CHECKPOINTS = 32;

/** Initial distance between two checkpoints. Unit: bytes. */
const FIRST_STRIDE_BYTES = 1024 * 1024;

/** Keeps states at roughly equal distances; as the recording grows, every second one is dropped. */
export class Checkpoints<T extends { clone(): T }> {
  #kept: Checkpoint<T>[] = [];
  #strideBytes = FIRST_STRIDE_BYTES;

  /** Copies the state if the last copy is far enough behind. */
  offer({ state, records, offset }: Checkpoint<T>): void {
    if (offset - (this.#kept.at(-1)?.offset ?? 0) < this.#strideBytes) return;
    this.#kept.push({ state: state.clone(), records, offset });
    if (this.#kept.length < MAX_CHECKPOINTS) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 1);
    this.#strideBytes *= 2;
  }

  /** The last state with at most `records` records; clone it before applying any. */
  before(records: number): Checkpoint<T> | undefined {
    return this.#kept.findLast((each) => each.records <= records);
  }

  clear(): void {
    this.#kept = [];
    this.#strideBytes = FIRST_STRIDE_BYTES;
  }
}
