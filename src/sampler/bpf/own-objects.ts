/**
 * The BPF objects that cmemstat itself creates to measure: they are part of the measurement, not of what is
 * measured.
 */

/** An object that exists for as long as an iterator of ours is open. */
export interface OwnIterator {
  readonly programId: number;
  readonly linkId: number;
  close(): void;
}

/**
 * The open iterators of this process. The opener of an iterator adds it here and closes it here; other code
 * can only ask whether an id is ours. There is one, as ids are ours in every listing of this process,
 * whichever reader made it.
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

  /** Closes an iterator; its ids may be anybody's from then on. More than once does no harm. */
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

/** Of this process. */
export const ownObjects = new OwnObjects();
