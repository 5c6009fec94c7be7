/**
 * Whether a type of the object is compatible with one of the kernel; the names have already been compared.
 * Source: tools/lib/bpf/relo_core.c, `__bpf_core_types_are_compat`, `bpf_core_fields_are_compat`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { BtfMember } from '../btf/btf-types.ts';
import { kindsAreCompatible } from './candidates.ts';
import type { Effort } from './effort.ts';
import { essentialName } from './flavour.ts';

/** The same limit as libbpf and the kernel. */
const MAX_DEPTH = 32;

/** The two sets of types that are compared. */
export interface TypePair {
  readonly local: Btf;
  readonly kernel: Btf;
  /** Members of the kernel's structs, cached because many relocations target the same few. */
  readonly kernelMembers: Map<number, readonly BtfMember[]>;
  readonly effort: Effort;
}

/** The members of a struct or union of the kernel. @throws KernelFileError if the type is neither. */
export function kernelMembersOf({ kernel, kernelMembers }: TypePair, id: number): readonly BtfMember[] {
  const known = kernelMembers.get(id);
  if (known !== undefined) return known;
  const members = kernel.membersOf(id);
  kernelMembers.set(id, members);
  return members;
}

/**
 * Whether two types have the same kind, recursively through pointers and arrays.
 * @throws KernelFileError if they are nested too deep, UnsupportedError if comparing them takes too long.
 */
export function typesAreCompatible(
  pair: TypePair,
  localId: number,
  kernelId: number,
  level: number = MAX_DEPTH,
): boolean {
  const { local, kernel, effort } = pair;
  if (!kindsAreCompatible(local.kindOf(localId), kernel.kindOf(kernelId))) return false;
  let [left, right] = [localId, kernelId];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    effort.spend();
    left = local.resolve(left);
    right = kernel.resolve(right);
    const kind = local.kindOf(left);
    if (!kindsAreCompatible(kind, kernel.kindOf(right))) return false;
    switch (kind) {
      case BTF_KIND.INT:
        return local.integerOf(left).bitOffset === 0 && kernel.integerOf(right).bitOffset === 0;
      case BTF_KIND.PTR:
        left = local.referredBy(left);
        right = kernel.referredBy(right);
        break;
      case BTF_KIND.ARRAY:
        left = local.arrayOf(left).elementTypeId;
        right = kernel.arrayOf(right).elementTypeId;
        break;
      case BTF_KIND.FUNC_PROTO: {
        const [ours, theirs] = [local.parametersOf(left), kernel.parametersOf(right)];
        if (ours.length !== theirs.length) return false;
        if (ours.length > 0 && level <= 0) throw endless(local, localId);
        const areAlike = ours.every((parameter, index) =>
          typesAreCompatible(
            pair,
            local.resolve(parameter.typeId),
            kernel.resolve(theirs[index]?.typeId ?? 0),
            level - 1,
          ),
        );
        if (!areAlike) return false;
        left = local.referredBy(left);
        right = kernel.referredBy(right);
        break;
      }
      default:
        return isPlain(kind);
    }
  }
  throw endless(local, localId);
}

function isPlain(kind: number): boolean {
  return (
    kind === 0 ||
    kind === BTF_KIND.STRUCT ||
    kind === BTF_KIND.UNION ||
    kind === BTF_KIND.ENUM ||
    kind === BTF_KIND.ENUM64 ||
    kind === BTF_KIND.FWD
  );
}

/**
 * Whether two fields of the same name are compatible: integers of any size, any two pointers, any two
 * structs.
 * @throws KernelFileError if they are nested too deep, UnsupportedError if comparing them takes too long.
 */
export function fieldsAreCompatible(
  { local, kernel, effort }: TypePair,
  localId: number,
  kernelId: number,
): boolean {
  let [left, right] = [localId, kernelId];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    effort.spend();
    left = local.resolve(left);
    right = kernel.resolve(right);
    const kind = local.kindOf(left);
    if (isContainer(kind) && isContainer(kernel.kindOf(right))) return true;
    if (!kindsAreCompatible(kind, kernel.kindOf(right))) return false;
    switch (kind) {
      case BTF_KIND.PTR:
      case BTF_KIND.FLOAT:
        return true;
      case BTF_KIND.FWD:
      case BTF_KIND.ENUM:
      case BTF_KIND.ENUM64: {
        const [ours, theirs] = [essentialName(local.nameOf(left)), essentialName(kernel.nameOf(right))];
        return ours === '' || theirs === '' || ours === theirs;
      }
      case BTF_KIND.INT:
        return local.integerOf(left).bitOffset === 0 && kernel.integerOf(right).bitOffset === 0;
      case BTF_KIND.ARRAY:
        left = local.arrayOf(left).elementTypeId;
        right = kernel.arrayOf(right).elementTypeId;
        break;
      default:
        return false;
    }
  }
  throw endless(local, localId);
}

/** Whether a kind has members. */
export function isContainer(kind: number): boolean {
  return kind === BTF_KIND.STRUCT || kind === BTF_KIND.UNION;
}

/** The error for types that are nested deeper than libbpf and the kernel support. */
export function endless(btf: Btf, typeId: number): Error {
  return malformed(btf.path, undefined, `type ${typeId} is nested more than ${MAX_DEPTH} deep`);
}
