/**
 * Patches an instruction with the value of a CO-RE relocation on this kernel.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_patch_insn`
 */
import { INSTRUCTION_CLASS, type Instructions, POISON } from '../elf/instructions.ts';
import type { RelocationValue } from './relocation-value.ts';

/** The result of a patch; if it failed, the reason. */
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
const MAX_OFFSET = 32_767;

/** Replaces an instruction with one that the verifier rejects if it is reachable. */
export function poison(instructions: Instructions, index: number): void {
  // Otherwise the verifier would report the second half of a 64-bit immediate.
  if (instructions.isLoadImmediate64(index)) instructions.setCall(index + 1, POISON);
  instructions.setCall(index, POISON);
}

/**
 * Replaces the object's value with the kernel's: in the immediate, in the offset of a load or store, or in a
 * 64-bit immediate.
 * @param mayResize whether the size of a load of this field may change.
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
  if ((instructions.opcode(index) & FROM_REGISTER) !== 0)
    return objectFault('an operation on two registers has no immediate');
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
  if (offset > MAX_OFFSET) return kernelFault(`is at byte offset ${offset}, beyond the range of a load`);
  const [before, now] = [local.field?.bytes ?? 0, kernel.field?.bytes ?? 0];
  if (before !== now) {
    if (!mayResize)
      return kernelFault(
        `has ${now} bytes instead of ${before}, and is neither an unsigned integer nor a pointer`,
      );
    const opcode = instructions.opcode(index);
    if (SIZE_CODES.get(before) !== (opcode & SIZE_MASK))
      return objectFault(`an access of a size other than ${before} bytes`);
    const code = SIZE_CODES.get(now);
    if (code === undefined) return kernelFault(`has ${now} bytes, which no single load can read`);
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
    // Compilers that do not record whether an enum is signed still sign-extend its values.
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
