/**
 * Numbers kernel addresses, or other pairs of words, in the order in which they are first seen. A `Map` with
 * a BigInt for each of 100,000 addresses would take ten times the memory and time.
 */
export class AddressTable {
  #count = 0;
  /** Each address as two words, by its number. */
  #words: Uint32Array;
  /** One more than the number of the address that is stored here; 0 for none. */
  #slots: Uint32Array;

  /** @param room for how many there is room at first: a power of two. */
  constructor(room = 1024) {
    this.#words = new Uint32Array(2 * room);
    this.#slots = new Uint32Array(4 * room);
  }

  /** How many addresses have a number. */
  get size(): number {
    return this.#count;
  }

  /** The number of an address, which is given one if it has none. */
  add(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    for (let at = hashOf(first, second) & mask; ; at = (at + 1) & mask) {
      const held = this.#slots[at] ?? 0;
      if (held === 0) {
        this.#slots[at] = this.#count + 1;
        return this.#append(first, second);
      }
      if (this.#words[2 * held - 2] === first && this.#words[2 * held - 1] === second) return held - 1;
    }
  }

  /** Copies an address, as the kernel wrote it, to another place. */
  copy(number: number, to: Uint32Array, at: number): void {
    to[at] = this.#words[2 * number] ?? 0;
    to[at + 1] = this.#words[2 * number + 1] ?? 0;
  }

  /** The first word of an address. */
  firstOf(number: number): number {
    return this.#words[2 * number] ?? 0;
  }

  #append(first: number, second: number): number {
    const number = this.#count++;
    if (2 * number === this.#words.length) {
      const words = new Uint32Array(2 * this.#words.length);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[2 * number] = first;
    this.#words[2 * number + 1] = second;
    if (2 * this.#count > this.#slots.length) this.#spread();
    return number;
  }

  #spread(): void {
    const slots = new Uint32Array(4 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let at = hashOf(this.#words[2 * number] ?? 0, this.#words[2 * number + 1] ?? 0) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = number + 1;
    }
    this.#slots = slots;
  }
}

/** A hash of two words, of 32 bits. */
export function hashOf(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e37_79b1) ^ Math.imul(second, 0x85eb_ca77);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
