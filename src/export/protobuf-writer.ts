/**
 * Writes messages of Protocol Buffers: fields one after the other, nested messages with their length.
 * Source: "Encoding" in the documentation of Protocol Buffers.
 */

/** How a value is written. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Most of a trace are small messages. Unit: bytes. */
const INITIAL_BYTES = 4096;

/** Collects fields. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  /** Number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return bytes;
  }

  /** A whole number of at least 0. */
  uint(field: number, value: number): this {
    this.#tag(field, VARINT);
    this.#varint(value);
    return this;
  }

  /** A whole number beyond 2^53: `high` times a million plus `low`. */
  uintMillions(field: number, high: number, low: number): this {
    this.#tag(field, VARINT);
    this.#bigVarint(BigInt(high) * 1_000_000n + BigInt(low));
    return this;
  }

  /** A whole number that may be below 0, in two's complement. */
  int(field: number, value: number): this {
    this.#tag(field, VARINT);
    if (value >= 0) this.#varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    return this;
  }

  string(field: number, text: string): this {
    const bytes = Buffer.byteLength(text);
    this.#tag(field, LENGTH);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#length += this.#bytes.write(text, this.#length);
    return this;
  }

  /** A nested message, whose fields `write` adds. */
  message(field: number, write: (writer: this) => void): this {
    this.#tag(field, LENGTH);
    // One byte is enough for the length of most of them.
    const start = this.#length + 1;
    this.#reserve(1);
    this.#length = start;
    write(this);
    const bytes = this.#length - start;
    const more = lengthOfVarint(bytes) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
    }
    this.#length = start - 1;
    this.#varint(bytes);
    this.#length += bytes;
    return this;
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    // Bit operations are limited to 32 bits.
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) + 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #bigVarint(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes[this.#length] = Number(rest & 0x7fn) + 0x80;
      this.#length += 1;
      rest >>= 7n;
    }
    this.#bytes[this.#length] = Number(rest);
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function lengthOfVarint(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}
