import type { ByteOrder } from '../sys/bpf-struct.ts';

/**
 * Takes the records of an iterator apart; pure. Ten thousand of them are read at each poll, so 64-bit numbers are put together
 * from halves: a BigInt each would cost more than all the rest.
 */
export class RecordReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #little: boolean;
  /** Where the upper and the lower half of a 64-bit number are. */
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

  u32(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  /** A signed number that is known to be far from 2^53. */
  s64(offset: number): number {
    return (
      this.#view.getInt32(offset + this.#high, this.#little) * 0x1_0000_0000 +
      this.#view.getUint32(offset + this.#low, this.#little)
    );
  }

  /** `left - right` of two counters of 64 bits that go round; the difference is known to be far from 2^53. */
  difference(left: number, right: number): number {
    const little = this.#little;
    return Number(
      BigInt.asUintN(64, this.#view.getBigUint64(left, little) - this.#view.getBigUint64(right, little)),
    );
  }

  /** A number of all 64 bits, of which there are few different ones in many records. */
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

  /** Text that ends with a NUL or after `length` bytes. */
  text(offset: number, length: number): string {
    const text = this.#bytes.toString('latin1', offset, offset + length);
    const end = text.indexOf('\0');
    return end === -1 ? text : text.slice(0, end);
  }

  hex(offset: number, length: number): string {
    return this.#bytes.toString('hex', offset, offset + length);
  }
}
