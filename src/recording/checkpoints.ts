/** States along a recording, from which any moment is near; never more than a few. */

/** A state that records are applied to, one after the other. */
export interface Checkpointed<T, R> {
  apply(record: R): void;
  /** A copy that stays as it is while the original goes on. */
  clone(): T;
}

/** A state and how far into the recording it is. */
export interface Checkpoint<T> {
  state: T;
  /** The number of records in it. */
  records: number;
  /** Where the line after them starts. Unit: bytes. */
  offset: number;
}

const MAX_CHECKPOINTS = 32;

/** The first distance between two. Unit: bytes. */
const FIRST_STRIDE_BYTES = 1024 * 1024;

/** Keeps states at about equal distances; as the recording grows, every other one is dropped. */
export class Checkpoints<T extends { clone(): T }> {
  #kept: Checkpoint<T>[] = [];
  #strideBytes = FIRST_STRIDE_BYTES;

  /** Copies the state, if the last copy is far enough behind. */
  offer({ state, records, offset }: Checkpoint<T>): void {
    if (offset - (this.#kept.at(-1)?.offset ?? 0) < this.#strideBytes) return;
    this.#kept.push({ state: state.clone(), records, offset });
    if (this.#kept.length < MAX_CHECKPOINTS) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 1);
    this.#strideBytes *= 2;
  }

  /** The last one that has no more than `records`; to be cloned before anything is applied. */
  before(records: number): Checkpoint<T> | undefined {
    return this.#kept.findLast((each) => each.records <= records);
  }

  clear(): void {
    this.#kept = [];
    this.#strideBytes = FIRST_STRIDE_BYTES;
  }
}
