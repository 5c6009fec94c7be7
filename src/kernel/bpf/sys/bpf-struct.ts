/**
 * Encodes and decodes numbers and names in structures of bpf(2), in either byte order.
 *
 * Source: `include/uapi/linux/bpf.h`. The layout has no implicit padding that differs between architectures
 * (pointers are 64 bits wide everywhere), so only the byte order varies.
 */
import { endianness } from 'node:os';

/** The byte order of a structure: `LE` or `BE`, as in `os.endianness()`. */
export type ByteOrder = 'LE' | 'BE';

/** The byte order of this host. */
export const HOST_BYTE_ORDER: ByteOrder = endianness();

/**
 * The kernel truncates names of maps and programs to 15 characters (`BPF_OBJ_NAME_LEN` less the final NUL).
 */
export const BPF_OBJ_NAME_MAX = 15;

/** Writes the fields of a structure in one byte order; unwritten fields are 0. */
export class StructWriter {
  /** The structure up to the last written field. */
  readonly bytes: Buffer;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(size: number, order: ByteOrder) {
    this.bytes = Buffer.alloc(size);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.#little = order === 'LE';
  }

  /** Writes a 32-bit number. */
  u32(offset: number, value = 0): this {
    this.#view.setUint32(offset, value, this.#little);
    return this;
  }

  /** Writes a 64-bit number. */
  u64(offset: number, value = 0n): this {
    this.#view.setBigUint64(offset, value, this.#little);
    return this;
  }

  /** Writes an object name, truncated like the kernel does. */
  name(offset: number, text = ''): this {
    this.bytes.write(text, offset, BPF_OBJ_NAME_MAX, 'latin1');
    return this;
  }
}

/** Reads a 32-bit number. */
export function readU32(bytes: Buffer, offset: number, order: ByteOrder): number {
  return order === 'LE' ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

/** Reads a 64-bit number. */
export function readU64(bytes: Buffer, offset: number, order: ByteOrder): bigint {
  return order === 'LE' ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
}

/** Reads an object name; empty if it has none. */
export function readName(bytes: Buffer, offset: number): string {
  const text = bytes.toString('latin1', offset, offset + BPF_OBJ_NAME_MAX + 1);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** Reads the first `count` numbers of an array of `__u32`. */
export function decodeU32Array(bytes: Buffer, count: number, order: ByteOrder = HOST_BYTE_ORDER): number[] {
  return Array.from({ length: count }, (_, index) => readU32(bytes, index * 4, order));
}
