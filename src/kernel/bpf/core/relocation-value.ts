/**
 * The number that a CO-RE relocation stands for, in one set of types.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_calc_relo`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { CORE_KIND } from '../elf/btf-ext.ts';
import type { Access } from './access.ts';

/** What a relocation makes of one set of types. */
export interface RelocationValue {
  readonly value: bigint;
  /** Whether the compiler computes the same: of bit fields it may load other bytes than we would. */
  readonly isExact: boolean;
  /** Of a field that an instruction loads or stores. */
  readonly field?: { readonly typeId: number; readonly bytes: number };
}

/**
 * What a relocation makes of the place that it is about.
 * @throws KernelFileError when types are damaged, or a bit field can't be loaded at once.
 */
export function evaluateAccess(access: Access): RelocationValue {
  const { btf, kind, rootTypeId } = access;
  switch (kind) {
    case CORE_KIND.FIELD_EXISTS:
    case CORE_KIND.TYPE_EXISTS:
    case CORE_KIND.TYPE_MATCHES:
    case CORE_KIND.ENUMVAL_EXISTS:
      return exactly(1);
    // The ids of types change when objects are linked: what the instruction holds says nothing.
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

/** What a relocation makes of a kernel that lacks what it is about; absent where no number would be right. */
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

/** With its sign, as the 64 bits that hold it. */
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
  throw malformed(
    btf.path,
    undefined,
    `a CO-RE relocation of kind ${kind} can't be about an element of an array`,
  );
}

function evaluateField(access: Access): RelocationValue {
  const { btf, kind, steps, bitOffset } = access;
  const step = steps.at(-1);
  const member = step && btf.membersOf(step.typeId)[step.index];
  if (member === undefined) throw malformed(btf.path, undefined, 'a CO-RE relocation is about no field');
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
      throw malformed(btf.path, undefined, `a CO-RE relocation of the unknown kind ${kind}`);
  }
}

/** The smallest aligned number that holds all bits of a bit field, from the size of its type on. */
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
    `a bit field of ${bits} bits at bit ${bitOffset} can't be loaded at once`,
  );
}

function isSigned(btf: Btf, typeId: number): boolean {
  const kind = btf.kindOf(typeId);
  if (kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64) return btf.flagOf(typeId);
  return kind === BTF_KIND.INT && btf.integerOf(typeId).signed;
}

/** What an array is made of, however many dimensions it has. */
function elementOf(btf: Btf, typeId: number): number {
  let current = btf.resolve(typeId);
  // A chain that ends in itself has no size, which was asked for already.
  while (btf.kindOf(current) === BTF_KIND.ARRAY) current = btf.resolve(btf.arrayOf(current).elementTypeId);
  return current;
}
