import type { ByteOrder } from '../sys/bpf-struct.ts';

/**
 * Decodes iterator records. Each poll reads up to ten thousand, so 64-bit numbers are combined from halves: a
 * BigInt each would cost more than everything else.
 */
export class RecordReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #little: boolean;
  /** Offsets of the upper and the lower half of a 64-bit number. */
  readonly #high: number;
  readonly #low: number;
  readonly #identities = new Map<number, Map<number, bigint>>();

  constructor(bytes: Buffer, order: ByteOrder) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = order === 'LE';
    this.#high = this.#little ? 4 : 0;
    this.#low = 4 - this.#high;
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, this.#little);
  }

  /** Regardless of the byte order of the host: as a port in a packet. */
  networkU16(offset: number): number {
    return this.#view.getUint16(offset, false);
  }

  s32(offset: number): number {
    return this.#view.getInt32(offset, this.#little);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  /** A signed number that is known to be far below 2^53. */
  s64(offset: number): number {
    return (
      this.#view.getInt32(offset + this.#high, this.#little) * 0x1_0000_0000 +
      this.#view.getUint32(offset + this.#low, this.#little)
    );
  }

  /** `left - right` of two 64-bit counters that wrap; the difference is known to be far below 2^53. */
  difference(left: number, right: number): number {
    const little = this.#little;
    return Number(
      BigInt.asUintN(64, this.#view.getBigUint64(left, little) - this.#view.getBigUint64(right, little)),
    );
  }

  /** A full 64-bit number; cached because many records share few different values. */
  identity(offset: number): bigint {
    const high = this.#view.getUint32(offset + this.#high, this.#little);
    const low = this.#view.getUint32(offset + this.#low, this.#little);
    if (high === 0 && low === 0) return 0n;
    let byLow = this.#identities.get(high);
    if (byLow === undefined) {
      byLow = new Map();
      this.#identities.set(high, byLow);
    }
    let known = byLow.get(low);
    if (known === undefined) {
      known = this.#view.getBigUint64(offset, this.#little);
      byLow.set(low, known);
    }
    return known;
  }

  /** A string that ends at a NUL or after `length` bytes. */
  text(offset: number, length: number): string {
    const text = this.#bytes.toString('latin1', offset, offset + length);
    const end = text.indexOf('\0');
    return end === -1 ? text : text.slice(0, end);
  }

  /** Bytes, one character each. */
  bytes(offset: number, length: number): string {
    return this.#bytes.toString('latin1', offset, offset + length);
  }

  hex(offset: number, length: number): string {
    return this.#bytes.toString('hex', offset, offset + length);
  }
}
