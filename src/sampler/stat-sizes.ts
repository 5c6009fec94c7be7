/**
 * The sizes of memory.stat, from the bytes of the file: read many times a second, so without strings and
 * objects for each line.
 */

const SPACE = 32;
const NEWLINE = 10;
const ZERO = 48;
const NINE = 57;

/** Chooses the name under which the size of a key is kept; undefined if it is not kept. */
export type NameOf = (key: string, hasKey: (key: string) => boolean) => string | undefined;

/**
 * Parses a flat keyed file repeatedly. Which line holds which key is determined at the first reading, and
 * again if the lines have changed. Lines that are not `key value` are skipped. Unit: that of the file.
 */
export class StatSizes {
  readonly #nameOf: NameOf;
  /** The names of the kept sizes. */
  names: readonly string[] = [];
  /** The last reading, in the order of `names`; NaN if the value was not a number. */
  values = new Float64Array(0);
  /** Per line: the length of its key, the key's first byte, and the index in `names` or -1. */
  #lengths: number[] = [];
  #firsts: number[] = [];
  #slots: number[] = [];

  constructor(nameOf: NameOf) {
    this.#nameOf = nameOf;
  }

  /** Reads all kept values; returns true if `names` has changed. */
  parse(bytes: Uint8Array): boolean {
    if (this.#parseKnown(bytes)) return false;
    this.#learn(bytes);
    this.#parseKnown(bytes);
    return true;
  }

  /** The value of the last reading; undefined if the file does not have it. */
  valueOf(name: string): number | undefined {
    const value = this.values[this.names.indexOf(name)];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  /** Replaces a value of the last reading. */
  raise(name: string, value: number): void {
    this.values[this.names.indexOf(name)] = value;
  }

  #parseKnown(bytes: Uint8Array): boolean {
    const [lengths, firsts, slots, values] = [this.#lengths, this.#firsts, this.#slots, this.values];
    const end = bytes.length;
    let at = 0;
    let line = 0;
    while (at < end) {
      const start = at;
      while (at < end && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at += 1;
      if (lengths[line] !== at - start || firsts[line] !== bytes[start]) return false;
      const slot = slots[line] ?? -1;
      if (slot < 0) while (at < end && bytes[at] !== NEWLINE) at += 1;
      else {
        at += 1;
        let value = at < end && bytes[at] !== NEWLINE ? 0 : Number.NaN;
        for (; at < end && bytes[at] !== NEWLINE; at += 1) {
          const byte = bytes[at] as number;
          value = byte < ZERO || byte > NINE ? Number.NaN : value * 10 + (byte - ZERO);
        }
        values[slot] = value;
      }
      at += 1;
      line += 1;
    }
    return line === lengths.length;
  }

  #learn(bytes: Uint8Array): void {
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    if (lines.at(-1) === '') lines.pop();
    const keys = lines.map((line) => line.slice(0, line.indexOf(' ') < 0 ? line.length : line.indexOf(' ')));
    const known = new Set(keys);
    const names: string[] = [];
    this.#lengths = keys.map((key) => key.length);
    this.#firsts = lines.map((line) => (line === '' ? NEWLINE : line.charCodeAt(0)));
    this.#slots = keys.map((key, index) => {
      const isPair = key !== '' && lines[index] !== key;
      const name = isPair ? this.#nameOf(key, (other) => known.has(other)) : undefined;
      return name === undefined ? -1 : names.push(name) - 1;
    });
    this.names = names;
    this.values = new Float64Array(names.length).fill(Number.NaN);
  }
}

/** The decimal number that a file with a single value starts with; undefined if it is none. */
export function parseNumberBytes(bytes: Uint8Array): number | undefined {
  let value: number | undefined;
  for (const byte of bytes) {
    if (byte < ZERO || byte > NINE) break;
    value = (value ?? 0) * 10 + (byte - ZERO);
  }
  return value;
}
