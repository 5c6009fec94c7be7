/** The maximum per key over many objects that nearly always have the same keys. */
export class KeyMaxima {
  readonly #keys: string[] = [];
  readonly #maxima: number[] = [];
  readonly #slots = new Map<string, number>();

  /** Adds the values of one object; NaN and missing keys have no effect. */
  add(values: Readonly<Record<string, number>>): void {
    const [keys, maxima] = [this.#keys, this.#maxima];
    let next = 0;
    for (const key in values) {
      // The same keys arrive in the same order: a lookup for each would dominate the cost of a sample.
      const slot = keys[next] === key ? next : this.#slotOf(key);
      next = slot + 1;
      const value = values[key];
      if (value !== undefined && value > (maxima[slot] ?? 0)) maxima[slot] = value;
    }
  }

  /** Adds one value; an absent value has no effect. */
  raise(key: string, value: number | undefined): void {
    if (value === undefined) return;
    const slot = this.#slotOf(key);
    if (value > (this.#maxima[slot] ?? 0)) this.#maxima[slot] = value;
  }

  /** Whether a value of this key was added. */
  has(key: string): boolean {
    return this.#slots.has(key);
  }

  /** The maximum of a key; undefined if no value of it was added. */
  valueOf(key: string): number | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#maxima[slot];
  }

  /** The keys in the order of first occurrence, each with its maximum. */
  entries(): [key: string, value: number][] {
    return this.#keys.map((key, slot) => [key, this.#maxima[slot] ?? 0]);
  }

  #slotOf(key: string): number {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#keys.push(key) - 1;
    this.#maxima.push(Number.NEGATIVE_INFINITY);
    this.#slots.set(key, slot);
    return slot;
  }
}
