/** A compact list of numbers: 8 bytes each. */
export class NumberList {
  #numbers = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  at(index: number): number | undefined {
    return index < this.#length ? this.#numbers[index] : undefined;
  }

  last(): number | undefined {
    return this.at(this.#length - 1);
  }

  /** In an ascending list: how many numbers are at most `value`. */
  countUpTo(value: number): number {
    return this.#firstIndex((each) => each > value);
  }

  /** In an ascending list: how many numbers are less than `value`. */
  countBelow(value: number): number {
    return this.#firstIndex((each) => each >= value);
  }

  clear(): void {
    this.#length = 0;
  }

  #firstIndex(isBeyond: (value: number) => boolean): number {
    let from = 0;
    let to = this.#length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (isBeyond(this.#numbers[middle] ?? 0)) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
