/**
 * Changing an instruction to what a CO-RE relocation stands for on this kernel.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_patch_insn`
 */
import { INSTRUCTION_CLASS, type Instructions } from '../elf/instructions.ts';
import type { RelocationValue } from './relocation-value.ts';

/** A helper that doesn't exist, `0xbad2310`: the verifier minds a call of it only where it can be reached. */
export const POISON = 195_896_080;

/** How a patch went; with what is wrong where it did not go. */
export type PatchResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly fault: 'object' | 'kernel'; readonly reason: string };

const DONE: PatchResult = { ok: true };
/** The second operand is a register and not an immediate. */
const FROM_REGISTER = 0x08;
const SIZE_MASK = 0x18;
const SIZE_CODES: ReadonlyMap<number, number> = new Map([
  [4, 0x00],
  [2, 0x08],
  [1, 0x10],
  [8, 0x18],
]);
const LARGEST_OFFSET = 32_767;

/** Makes an instruction one that the verifier refuses where it can be reached. */
export function poison(instructions: Instructions, index: number): void {
  // Without this the verifier would complain about the second half of a 64-bit immediate.
  if (instructions.isLoadImmediate64(index)) instructions.setCall(index + 1, POISON);
  instructions.setCall(index, POISON);
}

/**
 * Puts the kernel's value where the object's is: into the immediate, the offset of a load or a store, or a 64-bit immediate.
 * @param mayResize whether the field is one whose loads may be of another size.
 */
export function patch(
  instructions: Instructions,
  index: number,
  local: RelocationValue,
  kernel: RelocationValue,
  mayResize: boolean,
): PatchResult {
  switch (instructions.class(index)) {
    case INSTRUCTION_CLASS.ALU:
    case INSTRUCTION_CLASS.ALU64:
      return patchImmediate(instructions, index, local, kernel);
    case INSTRUCTION_CLASS.LDX:
    case INSTRUCTION_CLASS.ST:
    case INSTRUCTION_CLASS.STX:
      return patchAccess(instructions, index, local, kernel, mayResize);
    default:
      return patchImmediate64(instructions, index, local, kernel);
  }
}

function patchImmediate(
  instructions: Instructions,
  index: number,
  local: RelocationValue,
  kernel: RelocationValue,
): PatchResult {
  if ((instructions.opcode(index) & FROM_REGISTER) !== 0) return objectFault('an operation on two registers');
  const found = BigInt.asUintN(64, BigInt(instructions.immediate(index)));
  if (local.isExact && found !== local.value) return unexpected(found, local);
  instructions.setImmediate(index, Number(BigInt.asIntN(32, kernel.value)));
  return DONE;
}

function patchAccess(
  instructions: Instructions,
  index: number,
  local: RelocationValue,
  kernel: RelocationValue,
  mayResize: boolean,
): PatchResult {
  const found = BigInt.asUintN(64, BigInt(instructions.offset(index)));
  if (local.isExact && found !== local.value) return unexpected(found, local);
  const offset = Number(kernel.value);
  if (offset > LARGEST_OFFSET) return kernelFault(`lies at byte ${offset}, further than a load reaches`);
  const [before, now] = [local.field?.bytes ?? 0, kernel.field?.bytes ?? 0];
  if (before !== now) {
    if (!mayResize)
      return kernelFault(`has ${now} bytes and not ${before}, and is not an unsigned number or a pointer`);
    const opcode = instructions.opcode(index);
    if (SIZE_CODES.get(before) !== (opcode & SIZE_MASK))
      return objectFault(`an access to another size than ${before} bytes`);
    const code = SIZE_CODES.get(now);
    if (code === undefined) return kernelFault(`has ${now} bytes, which no load takes at once`);
    instructions.setOpcode(index, (opcode & ~SIZE_MASK) | code);
  }
  instructions.setOffset(index, offset);
  return DONE;
}

function patchImmediate64(
  instructions: Instructions,
  index: number,
  local: RelocationValue,
  kernel: RelocationValue,
): PatchResult {
  const isPlain =
    instructions.isLoadImmediate64(index) &&
    instructions.source(index) === 0 &&
    instructions.offset(index) === 0 &&
    instructions.bytes.readUInt32BE(8 * (index + 1)) === 0;
  if (!isPlain) return objectFault('neither arithmetic, nor a load or store, nor a 64-bit immediate');
  const found = instructions.immediate64(index);
  if (local.isExact && found !== local.value) {
    // Compilers that don't say whether an enum is signed extend its values all the same.
    if (found !== withSign(local.value)) return unexpected(found, local);
    instructions.setImmediate64(index, withSign(kernel.value));
    return DONE;
  }
  instructions.setImmediate64(index, kernel.value);
  return DONE;
}

function withSign(value: bigint): bigint {
  return value >> 32n === 0n ? BigInt.asUintN(64, BigInt.asIntN(32, value)) : value;
}

function unexpected(found: bigint, { value }: RelocationValue): PatchResult {
  return objectFault(
    `it holds ${BigInt.asIntN(64, found)} where the object's types say ${BigInt.asIntN(64, value)}`,
  );
}

function objectFault(reason: string): PatchResult {
  return { ok: false, fault: 'object', reason };
}

function kernelFault(reason: string): PatchResult {
  return { ok: false, fault: 'kernel', reason };
}
