/**
 * Whether a type of the object and one of the kernel are alike enough for a relocation; names have been compared already.
 * Source: tools/lib/bpf/relo_core.c, `__bpf_core_types_are_compat`, `bpf_core_fields_are_compat`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { BtfMember } from '../btf/btf-types.ts';
import { kindsAreCompatible } from './candidates.ts';
import type { Effort } from './effort.ts';
import { essentialName } from './flavour.ts';

/** As deep as libbpf and the kernel go. */
const DEEPEST = 32;

/** The two sets of types that are compared. */
export interface TypePair {
  readonly local: Btf;
  readonly kernel: Btf;
  /** The members of the kernel's structs that were looked at: many relocations are about the same few. */
  readonly kernelMembers: Map<number, readonly BtfMember[]>;
  readonly effort: Effort;
}

/** The members of a struct or union of the kernel. @throws KernelFileError when it is none. */
export function kernelMembersOf({ kernel, kernelMembers }: TypePair, id: number): readonly BtfMember[] {
  const known = kernelMembers.get(id);
  if (known !== undefined) return known;
  const members = kernel.membersOf(id);
  kernelMembers.set(id, members);
  return members;
}

/**
 * Whether two types are the same kind of thing all the way down to what pointers and arrays are made of.
 * @throws KernelFileError when they are nested without an end, UnsupportedError when they take too long.
 */
export function typesAreCompatible(
  pair: TypePair,
  localId: number,
  kernelId: number,
  level: number = DEEPEST,
): boolean {
  const { local, kernel, effort } = pair;
  if (!kindsAreCompatible(local.kindOf(localId), kernel.kindOf(kernelId))) return false;
  let [left, right] = [localId, kernelId];
  for (let depth = 0; depth < DEEPEST; depth++) {
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
 * Whether two fields of the same name may stand for each other: numbers of any size, any two pointers, any two structs.
 * @throws KernelFileError when they are nested without an end.
 */
export function fieldsAreCompatible(
  { local, kernel, effort }: TypePair,
  localId: number,
  kernelId: number,
): boolean {
  let [left, right] = [localId, kernelId];
  for (let depth = 0; depth < DEEPEST; depth++) {
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

/** The error for types that are nested deeper than libbpf and the kernel follow. */
export function endless(btf: Btf, typeId: number): Error {
  return malformed(btf.path, undefined, `type ${typeId} is nested more than ${DEEPEST} deep`);
}
