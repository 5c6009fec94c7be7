/**
 * An assembler for BPF programs; pure.
 *
 * An instruction is 8 bytes: opcode (8 bits), two registers (4 bits each, in the order of the host's bit fields), a
 * signed offset (16 bits) and a signed immediate (32 bits). A 64-bit immediate takes two instructions.
 * Source: `Documentation/bpf/standardization/instruction-set.rst`, `include/uapi/linux/bpf.h`.
 */
import { type ByteOrder, HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';

/**
 * A register: `r0` takes results, `r1` to `r5` are arguments and lost in a call, `r6` to `r9` survive it, `r10` is the
 * read-only end of the stack of 512 bytes.
 */
export type Register = 'r0' | 'r1' | 'r2' | 'r3' | 'r4' | 'r5' | 'r6' | 'r7' | 'r8' | 'r9' | 'r10';

/** How many bytes a load or a store moves. */
export type AccessSize = 1 | 2 | 4 | 8;

/** Conditions of a jump; all compare without a sign. */
export type Condition = '==' | '!=' | '>' | '>=' | '<' | '<=' | '&';

/** Operations on 64-bit registers; `s>>=` keeps the sign. */
export type Operation = '+=' | '-=' | '*=' | '|=' | '&=' | '<<=' | '>>=' | 's>>=' | '=';

const SIZES: Record<AccessSize, number> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };
const CONDITIONS: Record<Condition, number> = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  '&': 0x40,
  '!=': 0x50,
  '<': 0xa0,
  '<=': 0xb0,
};
const OPERATIONS: Record<Operation, number> = {
  '+=': 0x00,
  '-=': 0x10,
  '*=': 0x20,
  '|=': 0x40,
  '&=': 0x50,
  '<<=': 0x60,
  '>>=': 0x70,
  '=': 0xb0,
  's>>=': 0xc0,
};

const LDX_MEM = 0x61;
const ST_MEM = 0x62;
const STX_MEM = 0x63;
const LD_IMM64 = 0x18;
const JUMP = 0x05;
const CALL = 0x85;
const EXIT = 0x95;
const CLASS_ALU64 = 0x07;
const CLASS_JMP = 0x05;
/** The second operand is a register and not an immediate. */
const FROM_REGISTER = 0x08;
/** In the source register of a call: the immediate is a distance to a function of the same program. */
const PSEUDO_CALL = 1;
/** In the source register of a call: the immediate is the BTF id of a kernel function. */
const PSEUDO_KFUNC_CALL = 2;
/** In the source register of a 64-bit immediate: it is the descriptor of a map. */
const PSEUDO_MAP_FD = 1;
/** In the source register of a 64-bit immediate: it is the BTF id of a variable of the kernel. */
const PSEUDO_BTF_ID = 3;

interface Instruction {
  opcode: number;
  dst?: number;
  src?: number;
  offset?: number;
  imm?: number;
  /** The label to jump to or to call. */
  target?: string;
}

/** Collects instructions and labels; {@link Assembler.assemble} makes them bytes. All methods can be chained. */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  /** How many instructions there are by now; a 64-bit immediate counts twice. */
  get length(): number {
    return this.#instructions.length;
  }

  /** Names the next instruction; jumps may come before or after it. @throws RangeError when the name is taken. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new RangeError(`label '${name}' is there twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** `dst op operand`, such as `r1 += 8` or `r1 = r2`. A numeric operand is extended from 32 bits with its sign. */
  alu(dst: Register, operation: Operation, operand: Register | number): this {
    const opcode = OPERATIONS[operation] | CLASS_ALU64;
    return this.#add(
      typeof operand === 'number'
        ? { opcode, dst: number(dst), imm: operand }
        : { opcode: opcode | FROM_REGISTER, dst: number(dst), src: number(operand) },
    );
  }

  /** `dst = *(size *)(base + offset)`; the upper bits become 0. */
  load(size: AccessSize, dst: Register, base: Register, offset: number): this {
    return this.#add({ opcode: LDX_MEM | SIZES[size], dst: number(dst), src: number(base), offset });
  }

  /** `*(size *)(base + offset) = value`. */
  store(size: AccessSize, base: Register, offset: number, value: Register | number): this {
    return this.#add(
      typeof value === 'number'
        ? { opcode: ST_MEM | SIZES[size], dst: number(base), offset, imm: value }
        : { opcode: STX_MEM | SIZES[size], dst: number(base), src: number(value), offset },
    );
  }

  /** `dst = value`, 64 bits of it. */
  load64(dst: Register, value: bigint): this {
    return this.#addPair(dst, 0, value);
  }

  /** `dst` = the map behind a descriptor of this process. */
  loadMap(dst: Register, mapFd: number): this {
    return this.#addPair(dst, PSEUDO_MAP_FD, BigInt(mapFd));
  }

  /** `dst` = the address of a variable of the kernel, by its id in the kernel's BTF. Since: Linux 5.10. */
  loadVariable(dst: Register, btfId: number): this {
    return this.#addPair(dst, PSEUDO_BTF_ID, BigInt(btfId));
  }

  /** `if (left condition right) goto target`. */
  jumpIf(left: Register, condition: Condition, right: Register | number, target: string): this {
    const opcode = CONDITIONS[condition] | CLASS_JMP;
    return this.#add(
      typeof right === 'number'
        ? { opcode, dst: number(left), imm: right, target }
        : { opcode: opcode | FROM_REGISTER, dst: number(left), src: number(right), target },
    );
  }

  /** `goto target`. */
  jump(target: string): this {
    return this.#add({ opcode: JUMP, target });
  }

  /** `r0 = helper(r1, ..., r5)`; the numbers are in `enum bpf_func_id`. */
  call(helper: number): this {
    return this.#add({ opcode: CALL, imm: helper });
  }

  /** `r0 = function(r1, ..., r5)`: a function of the kernel by its id in the kernel's BTF. Since: Linux 5.13. */
  callKernelFunction(btfId: number): this {
    return this.#add({ opcode: CALL, src: PSEUDO_KFUNC_CALL, imm: btfId });
  }

  /** `r0 = target(r1, ..., r5)`: a function of the same program. Since: Linux 4.16. */
  callFunction(target: string): this {
    return this.#add({ opcode: CALL, src: PSEUDO_CALL, target });
  }

  /** `return r0`. */
  exit(): this {
    return this.#add({ opcode: EXIT });
  }

  /**
   * The program's bytes.
   * @throws RangeError when a label is missing, or a number does not fit into its field.
   */
  assemble(order: ByteOrder = HOST_BYTE_ORDER): Buffer {
    const bytes = Buffer.alloc(this.#instructions.length * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const little = order === 'LE';
    this.#instructions.forEach((instruction, index) => {
      const { opcode, dst = 0, src = 0 } = instruction;
      const distance = this.#distance(instruction, index);
      // A call has its distance where a jump has a number to compare with.
      const offset = opcode === CALL ? 0 : (distance ?? instruction.offset ?? 0);
      const imm = opcode === CALL ? (distance ?? instruction.imm ?? 0) : (instruction.imm ?? 0);
      if (offset < -0x8000 || offset > 0x7fff)
        throw new RangeError(`offset ${offset} of instruction ${index}`);
      if (imm < -0x8000_0000 || imm > 0xffff_ffff)
        throw new RangeError(`immediate ${imm} of instruction ${index}`);
      view.setUint8(index * 8, opcode);
      view.setUint8(index * 8 + 1, little ? (src << 4) | dst : (dst << 4) | src);
      view.setInt16(index * 8 + 2, offset, little);
      view.setInt32(index * 8 + 4, imm, little);
    });
    return bytes;
  }

  /** From the instruction after this one to its target, if it has one. */
  #distance({ target }: Instruction, index: number): number | undefined {
    if (target === undefined) return undefined;
    const to = this.#labels.get(target);
    if (to === undefined) throw new RangeError(`there is no label '${target}'`);
    return to - index - 1;
  }

  #addPair(dst: Register, src: number, value: bigint): this {
    const unsigned = BigInt.asUintN(64, value);
    this.#add({ opcode: LD_IMM64, dst: number(dst), src, imm: Number(unsigned & 0xffff_ffffn) });
    return this.#add({ opcode: 0, imm: Number(unsigned >> 32n) });
  }

  #add(instruction: Instruction): this {
    this.#instructions.push(instruction);
    return this;
  }
}

function number(register: Register): number {
  return Number(register.slice(1));
}
