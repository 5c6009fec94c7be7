/**
 * Structures of bpf(2) as bytes: their numbers and names, in either byte order.
 *
 * Source: `include/uapi/linux/bpf.h`. The layout has no implicit padding that differs between architectures
 * (pointers are 64 bits wide everywhere), so only the byte order varies.
 */
import { endianness } from 'node:os';

/** The byte order of a structure: `LE` or `BE`, as `os.endianness()` says it. */
export type ByteOrder = 'LE' | 'BE';

/** The byte order of this host. */
export const HOST_BYTE_ORDER: ByteOrder = endianness();

/**
 * The kernel cuts the name of a map or a program at 15 characters (`BPF_OBJ_NAME_LEN` less the final NUL).
 */
export const BPF_OBJ_NAME_MAX = 15;

/** Writes the fields of a structure in one byte order; what is not written is 0. */
export class StructWriter {
  /** The structure as far as it is written. */
  readonly bytes: Buffer;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(size: number, order: ByteOrder) {
    this.bytes = Buffer.alloc(size);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.#little = order === 'LE';
  }

  /** Puts a number of 32 bits. */
  u32(offset: number, value = 0): this {
    this.#view.setUint32(offset, value, this.#little);
    return this;
  }

  /** Puts a number of 64 bits. */
  u64(offset: number, value = 0n): this {
    this.#view.setBigUint64(offset, value, this.#little);
    return this;
  }

  /** Puts the name of an object, cut as the kernel cuts it. */
  name(offset: number, text = ''): this {
    this.bytes.write(text, offset, BPF_OBJ_NAME_MAX, 'latin1');
    return this;
  }
}

/** A number of 32 bits. */
export function readU32(bytes: Buffer, offset: number, order: ByteOrder): number {
  return order === 'LE' ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

/** A number of 64 bits. */
export function readU64(bytes: Buffer, offset: number, order: ByteOrder): bigint {
  return order === 'LE' ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
}

/** The name of an object; empty where it has none. */
export function readName(bytes: Buffer, offset: number): string {
  const text = bytes.toString('latin1', offset, offset + BPF_OBJ_NAME_MAX + 1);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** The first `count` numbers of an array of `__u32`. */
export function decodeU32Array(bytes: Buffer, count: number, order: ByteOrder = HOST_BYTE_ORDER): number[] {
  return Array.from({ length: count }, (_, index) => readU32(bytes, index * 4, order));
}
