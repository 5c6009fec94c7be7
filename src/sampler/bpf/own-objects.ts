/**
 * The BPF objects that cmemstat itself creates for measuring, which are excluded from results.
 */

/** An object that exists while one of our iterators is open. */
export interface OwnIterator {
  readonly programId: number;
  readonly linkId: number;
  close(): void;
}

/**
 * The open iterators of this process. The code that opens an iterator registers and closes it here; other
 * code can only query whether an id is ours. A single registry, since our ids are excluded from all listings
 * of this process.
 */
class OwnObjects {
  readonly #open = new Set<OwnIterator>();
  readonly #programs = new Set<number>();
  readonly #links = new Set<number>();

  add<T extends OwnIterator>(iterator: T): T {
    this.#open.add(iterator);
    this.#programs.add(iterator.programId);
    this.#links.add(iterator.linkId);
    return iterator;
  }

  /** Closes an iterator; its ids are no longer ours. May be called more than once. */
  close(iterator: OwnIterator): void {
    if (!this.#open.delete(iterator)) return;
    iterator.close();
    this.#programs.delete(iterator.programId);
    this.#links.delete(iterator.linkId);
  }

  ownsProgram(id: number): boolean {
    return this.#programs.has(id);
  }

  ownsLink(id: number): boolean {
    return this.#links.has(id);
  }
}

/** The registry of this process. */
export const ownObjects = new OwnObjects();
