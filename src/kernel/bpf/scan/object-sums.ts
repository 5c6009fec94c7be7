/** Sums of the rows of a page scan by file or slab cache: packed, since a host has hundreds of thousands. */

import type { ScanRow } from '../../scan-row.ts';
import { AddressTable } from './address-table.ts';

/** The pages of one file or slab cache. Sizes in bytes. */
export interface ObjectTotals {
  /** As in the rows of the scan. */
  object: number;
  bytes: number;
  /** Slab objects, else folios. */
  count: number;
  dirtyBytes: number;
  /** Undefined where the kernel keeps no active list. */
  activeBytes: number | undefined;
  mappedBytes: number;
  /** Of directory entries: those whose file does not exist; undefined if not all could be looked at. */
  negativeCount: number | undefined;
}

/** Where the figures of an object are; NaN stands for one that is not known. */
const FIGURE = { bytes: 0, count: 1, dirty: 2, active: 3, mapped: 4, negative: 5 } as const;
const FIGURES = 6;
/** A host has thousands of cgroups, most of them with few files. */
const FIRST_ROOM = 16;

/** The sums of one kind of objects. */
export class ObjectSums {
  readonly #objects = new AddressTable(FIRST_ROOM);
  #figures = new Float64Array(FIRST_ROOM * FIGURES);

  get size(): number {
    return this.#objects.size;
  }

  /** An estimate from some of the pages has fractions, which are rounded. */
  add(object: number, row: ScanRow): void {
    const index = this.#objects.add(object, 0);
    const at = index * FIGURES;
    if (at === this.#figures.length) {
      const figures = new Float64Array(2 * at);
      figures.set(this.#figures);
      this.#figures = figures;
    }
    const isInspected = row.inspectedCount !== undefined && row.inspectedCount >= row.count;
    this.#increase(at + FIGURE.bytes, row.bytes);
    this.#increase(at + FIGURE.count, row.count);
    this.#increase(at + FIGURE.dirty, row.dirtyBytes);
    this.#increase(at + FIGURE.active, row.activeBytes);
    this.#increase(at + FIGURE.mapped, row.mappedBytes);
    this.#increase(at + FIGURE.negative, isInspected ? row.negativeCount : undefined);
  }

  /** As in the rows of the scan. */
  objectAt(index: number): number {
    return this.#objects.firstOf(index);
  }

  /** Unit: bytes. */
  bytesAt(index: number): number {
    return this.#figures[index * FIGURES + FIGURE.bytes] ?? 0;
  }

  at(index: number): ObjectTotals {
    const figure = (name: keyof typeof FIGURE) => this.#figures[index * FIGURES + FIGURE[name]] ?? 0;
    const known = (name: keyof typeof FIGURE) => (Number.isNaN(figure(name)) ? undefined : figure(name));
    return {
      object: this.objectAt(index),
      bytes: figure('bytes'),
      count: figure('count'),
      dirtyBytes: figure('dirty'),
      activeBytes: known('active'),
      mappedBytes: figure('mapped'),
      negativeCount: known('negative'),
    };
  }

  /** The indices of the largest objects, in descending order; of equal ones, of those that came first. */
  largest(count: number): number[] {
    const { size } = this;
    const sizes = new Float64Array(size);
    for (let index = 0; index < size; index++) sizes[index] = this.bytesAt(index);
    const least = size <= count ? 0 : (sizes.slice().sort()[size - count] ?? 0);
    const chosen: number[] = [];
    for (let index = 0; index < size; index++) if ((sizes[index] ?? 0) > least) chosen.push(index);
    for (let index = 0; index < size && chosen.length < count; index++) {
      if (sizes[index] === least) chosen.push(index);
    }
    return chosen.sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  }

  #increase(at: number, by: number | undefined): void {
    this.#figures[at] = (this.#figures[at] ?? 0) + (by === undefined ? Number.NaN : Math.round(by));
  }
}
