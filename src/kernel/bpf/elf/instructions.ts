/**
 * A sequence of BPF instructions as bytes, in either byte order; fields are read and modified in place.
 *
 * An instruction is 8 bytes: opcode (8 bits), two registers (4 bits each, in the order of the machine's bit
 * fields), a signed offset (16 bits) and a signed immediate (32 bits). A 64-bit immediate takes two
 * instructions.
 * Source: Documentation/bpf/standardization/instruction-set.rst
 */
import type { ByteOrder } from '../sys/bpf-struct.ts';

/** Unit: bytes. */
export const INSTRUCTION_SIZE = 8;

/** The class of an instruction, the low three bits of its opcode. Source: include/uapi/linux/bpf_common.h */
export const INSTRUCTION_CLASS = {
  LD: 0,
  LDX: 1,
  ST: 2,
  STX: 3,
  ALU: 4,
  JMP: 5,
  JMP32: 6,
  ALU64: 7,
} as const;

/** `BPF_LD | BPF_IMM | BPF_DW`: a 64-bit immediate. */
export const LD_IMM64 = 0x18;
/** `BPF_JMP | BPF_CALL`. */
export const CALL = 0x85;

/**
 * What the source register of a 64-bit immediate or a call means. Source: include/uapi/linux/bpf.h,
 * `BPF_PSEUDO_*`
 */
export const PSEUDO = {
  /** 64-bit immediate: the descriptor of a map. */
  MAP_FD: 1,
  /** 64-bit immediate: the descriptor of a map, and an offset into its only value. */
  MAP_VALUE: 2,
  /** 64-bit immediate: the id of a kernel variable or function in the kernel's BTF. */
  BTF_ID: 3,
  /** 64-bit immediate: the distance to a function of the same program, whose address it becomes. */
  FUNC: 4,
  /** Call: the distance to a function of the same program. */
  CALL: 1,
  /** Call: the id of a kernel function in the kernel's BTF. */
  KFUNC_CALL: 2,
} as const;

/** A helper id that does not exist, `0xbad2310`: the verifier rejects the call only if it is reachable. */
export const POISON = 195_896_080;

/** Accessors for the fields of BPF instructions. Operates on the given bytes, not on a copy. */
export class Instructions {
  readonly bytes: Buffer;
  readonly order: ByteOrder;

  constructor(bytes: Buffer, order: ByteOrder) {
    this.bytes = bytes;
    this.order = order;
  }

  /** A 64-bit immediate counts as two. */
  get length(): number {
    return this.bytes.length / INSTRUCTION_SIZE;
  }

  opcode(index: number): number {
    return this.bytes.readUInt8(index * INSTRUCTION_SIZE);
  }

  setOpcode(index: number, opcode: number): void {
    this.bytes.writeUInt8(opcode, index * INSTRUCTION_SIZE);
  }

  /** One of {@link INSTRUCTION_CLASS}. */
  class(index: number): number {
    return this.opcode(index) & 0x07;
  }

  destination(index: number): number {
    const registers = this.bytes.readUInt8(index * INSTRUCTION_SIZE + 1);
    return this.order === 'LE' ? registers & 0x0f : registers >>> 4;
  }

  source(index: number): number {
    const registers = this.bytes.readUInt8(index * INSTRUCTION_SIZE + 1);
    return this.order === 'LE' ? registers >>> 4 : registers & 0x0f;
  }

  setSource(index: number, source: number): void {
    this.#setRegisters(index, this.destination(index), source);
  }

  offset(index: number): number {
    const at = index * INSTRUCTION_SIZE + 2;
    return this.order === 'LE' ? this.bytes.readInt16LE(at) : this.bytes.readInt16BE(at);
  }

  setOffset(index: number, offset: number): void {
    const at = index * INSTRUCTION_SIZE + 2;
    if (this.order === 'LE') this.bytes.writeInt16LE(offset, at);
    else this.bytes.writeInt16BE(offset, at);
  }

  immediate(index: number): number {
    const at = index * INSTRUCTION_SIZE + 4;
    return this.order === 'LE' ? this.bytes.readInt32LE(at) : this.bytes.readInt32BE(at);
  }

  /** Stores the low 32 bits of any number. */
  setImmediate(index: number, immediate: number): void {
    const at = index * INSTRUCTION_SIZE + 4;
    if (this.order === 'LE') this.bytes.writeInt32LE(immediate | 0, at);
    else this.bytes.writeInt32BE(immediate | 0, at);
  }

  /** The value of a 64-bit immediate, unsigned. */
  immediate64(index: number): bigint {
    return (BigInt(this.immediate(index + 1) >>> 0) << 32n) | BigInt(this.immediate(index) >>> 0);
  }

  setImmediate64(index: number, value: bigint): void {
    this.setImmediate(index, Number(BigInt.asIntN(32, value)));
    this.setImmediate(index + 1, Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** Whether a complete 64-bit immediate starts at this index. */
  isLoadImmediate64(index: number): boolean {
    return this.opcode(index) === LD_IMM64 && index + 1 < this.length;
  }

  /** Whether it is a call of a function of the same program. */
  isLocalCall(index: number): boolean {
    return this.opcode(index) === CALL && this.source(index) === PSEUDO.CALL;
  }

  /** Replaces it with a call that has only this immediate. */
  setCall(index: number, immediate: number): void {
    this.setOpcode(index, CALL);
    this.#setRegisters(index, 0, 0);
    this.setOffset(index, 0);
    this.setImmediate(index, immediate);
  }

  #setRegisters(index: number, destination: number, source: number): void {
    const byte = this.order === 'LE' ? (source << 4) | destination : (destination << 4) | source;
    this.bytes.writeUInt8(byte, index * INSTRUCTION_SIZE + 1);
  }
}
