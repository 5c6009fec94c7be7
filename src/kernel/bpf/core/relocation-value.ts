/**
 * The value of a CO-RE relocation in one set of types.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_calc_relo`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { CORE_KIND } from '../elf/btf-ext.ts';
import type { Access } from './access.ts';

/** The value of a relocation in one set of types. */
export interface RelocationValue {
  readonly value: bigint;
  /** Whether the compiler computes the same value: for bit fields it may choose other bytes. */
  readonly isExact: boolean;
  /** Size of a field that an instruction loads or stores. */
  readonly field?: { readonly typeId: number; readonly bytes: number };
}

/**
 * The value of a relocation for its target.
 * @throws KernelFileError if types are damaged, or a single load cannot read a bit field.
 */
export function evaluateAccess(access: Access): RelocationValue {
  const { btf, kind, rootTypeId } = access;
  switch (kind) {
    case CORE_KIND.FIELD_EXISTS:
    case CORE_KIND.TYPE_EXISTS:
    case CORE_KIND.TYPE_MATCHES:
    case CORE_KIND.ENUMVAL_EXISTS:
      return exactly(1);
    // Type ids change when objects are linked, so the value in the instruction is not meaningful.
    case CORE_KIND.TYPE_ID_LOCAL:
    case CORE_KIND.TYPE_ID_TARGET:
      return { value: BigInt(rootTypeId), isExact: false };
    case CORE_KIND.TYPE_SIZE:
      return exactly(btf.sizeOf(rootTypeId));
    case CORE_KIND.ENUMVAL_VALUE:
      return { value: enumValue(access), isExact: true };
    default:
      return access.steps.at(-1)?.name === undefined ? evaluateElement(access) : evaluateField(access);
  }
}

/** The value of a relocation for a kernel that lacks the target; absent if no value would be correct. */
export function evaluateAbsence(kind: number): RelocationValue | undefined {
  switch (kind) {
    case CORE_KIND.FIELD_EXISTS:
    case CORE_KIND.ENUMVAL_EXISTS:
    case CORE_KIND.TYPE_EXISTS:
    case CORE_KIND.TYPE_MATCHES:
    case CORE_KIND.TYPE_SIZE:
    case CORE_KIND.TYPE_ID_TARGET:
      return exactly(0);
    default:
      return undefined;
  }
}

function exactly(value: number): RelocationValue {
  return { value: BigInt(value), isExact: true };
}

/** The 64-bit two's complement of a signed number. */
function enumValue({ btf, steps: [step] }: Access): bigint {
  const value = step === undefined ? undefined : btf.enumeratorsOf(step.typeId)[step.index]?.value;
  return BigInt.asUintN(64, value ?? 0n);
}

function evaluateElement({ btf, kind, steps, bitOffset }: Access): RelocationValue {
  const typeId = steps.at(-1)?.typeId ?? 0;
  if (kind === CORE_KIND.FIELD_BYTE_SIZE) return exactly(btf.sizeOf(typeId));
  if (kind === CORE_KIND.FIELD_BYTE_OFFSET) {
    return {
      ...exactly(Math.floor(bitOffset / 8)),
      field: { typeId, bytes: btf.sizeOf(elementOf(btf, typeId)) },
    };
  }
  throw malformed(btf.path, undefined, `a CO-RE relocation of kind ${kind} cannot target an array element`);
}

function evaluateField(access: Access): RelocationValue {
  const { btf, kind, steps, bitOffset } = access;
  const step = steps.at(-1);
  const member = step && btf.membersOf(step.typeId)[step.index];
  if (member === undefined)
    throw malformed(btf.path, undefined, 'a CO-RE relocation does not target a field');
  const typeId = btf.resolve(member.typeId);
  const isBitfield = member.bitfieldSize > 0;
  const { offset, bytes } = isBitfield
    ? loadOfBits(btf, btf.sizeOf(typeId), bitOffset, member.bitfieldSize)
    : { offset: Math.floor(bitOffset / 8), bytes: btf.sizeOf(typeId) };
  const bits = isBitfield ? member.bitfieldSize : bytes * 8;
  switch (kind) {
    case CORE_KIND.FIELD_BYTE_OFFSET:
      if (isBitfield) return { value: BigInt(offset), isExact: false };
      return { ...exactly(offset), field: { typeId, bytes: btf.sizeOf(elementOf(btf, typeId)) } };
    case CORE_KIND.FIELD_BYTE_SIZE:
      return { value: BigInt(bytes), isExact: !isBitfield };
    case CORE_KIND.FIELD_SIGNED:
      return exactly(isSigned(btf, typeId) ? 1 : 0);
    case CORE_KIND.FIELD_LSHIFT_U64: {
      const shift = btf.bigEndian
        ? (8 - bytes) * 8 + (bitOffset - offset * 8)
        : 64 - (bitOffset + bits - offset * 8);
      return { value: BigInt.asUintN(64, BigInt(shift)), isExact: !isBitfield };
    }
    case CORE_KIND.FIELD_RSHIFT_U64:
      return { value: BigInt.asUintN(64, BigInt(64 - bits)), isExact: true };
    default:
      throw malformed(btf.path, undefined, `unknown CO-RE relocation kind ${kind}`);
  }
}

/** The smallest aligned integer that contains all bits of a bit field, starting with the size of its type. */
function loadOfBits(
  btf: Btf,
  typeBytes: number,
  bitOffset: number,
  bits: number,
): { offset: number; bytes: number } {
  const offsetFor = (bytes: number) => Math.floor(Math.floor(bitOffset / 8) / bytes) * bytes;
  for (let bytes = typeBytes; bytes >= 1 && bytes <= 8; bytes *= 2) {
    const offset = offsetFor(bytes);
    if (bitOffset + bits - offset * 8 <= bytes * 8) return { offset, bytes };
  }
  throw malformed(
    btf.path,
    undefined,
    `no single load can read a bit field of ${bits} bits at bit ${bitOffset}`,
  );
}

function isSigned(btf: Btf, typeId: number): boolean {
  const kind = btf.kindOf(typeId);
  if (kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64) return btf.flagOf(typeId);
  return kind === BTF_KIND.INT && btf.integerOf(typeId).signed;
}

/** The element type of an array of any number of dimensions. */
function elementOf(btf: Btf, typeId: number): number {
  let current = btf.resolve(typeId);
  // A cyclic chain has no size, which the caller has already requested.
  while (btf.kindOf(current) === BTF_KIND.ARRAY) current = btf.resolve(btf.arrayOf(current).elementTypeId);
  return current;
}
