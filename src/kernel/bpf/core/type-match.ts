/**
 * Whether a type of the object matches one of the kernel: every member of the object's type exists with a
 * matching type, and integer sizes and array lengths are equal.
 * Source: tools/lib/bpf/relo_core.c, `__bpf_core_types_match`
 */
import { BTF_KIND } from '../btf/btf-format.ts';
import type { BtfMember } from '../btf/btf-types.ts';
import { essentialName } from './flavour.ts';
import { endless, kernelMembersOf, type TypePair } from './type-compatibility.ts';

const MAX_DEPTH = 32;

/**
 * Whether the object's type matches the kernel's.
 * @throws KernelFileError if they are nested too deep, UnsupportedError if comparing them takes too long.
 */
export function typesMatch(
  pair: TypePair,
  localId: number,
  kernelId: number,
  isPointee = false,
  level: number = MAX_DEPTH,
): boolean {
  const { local, kernel, effort } = pair;
  if (level <= 0) throw endless(local, localId);
  let [left, right] = [localId, kernelId];
  let behindPointer = isPointee;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    effort.spend();
    left = local.resolve(left);
    right = kernel.resolve(right);
    if (!namesMatch(local.nameOf(left), kernel.nameOf(right))) return false;
    const [ours, theirs] = [local.kindOf(left), kernel.kindOf(right)];
    switch (ours) {
      case 0:
        return theirs === 0;
      case BTF_KIND.FWD:
        return forwardMatches(pair, left, right, behindPointer);
      case BTF_KIND.ENUM:
      case BTF_KIND.ENUM64:
        return (theirs === BTF_KIND.ENUM || theirs === BTF_KIND.ENUM64) && enumsMatch(pair, left, right);
      case BTF_KIND.STRUCT:
      case BTF_KIND.UNION:
        if (!behindPointer) return ours === theirs && membersMatch(pair, left, right, level);
        if (ours === theirs) return true;
        return theirs === BTF_KIND.FWD && (ours === BTF_KIND.UNION) === kernel.flagOf(right);
      case BTF_KIND.INT:
        return (
          ours === theirs &&
          local.sizeOf(left) === kernel.sizeOf(right) &&
          local.integerOf(left).signed === kernel.integerOf(right).signed
        );
      case BTF_KIND.PTR:
        if (ours !== theirs) return false;
        behindPointer = true;
        left = local.referredBy(left);
        right = kernel.referredBy(right);
        break;
      case BTF_KIND.ARRAY: {
        if (ours !== theirs) return false;
        const [our, their] = [local.arrayOf(left), kernel.arrayOf(right)];
        if (our.length !== their.length) return false;
        left = our.elementTypeId;
        right = their.elementTypeId;
        break;
      }
      case BTF_KIND.FUNC_PROTO: {
        if (ours !== theirs) return false;
        const [our, their] = [local.parametersOf(left), kernel.parametersOf(right)];
        if (our.length !== their.length) return false;
        const isBehind = behindPointer;
        const areAlike = our.every(({ typeId }, index) =>
          typesMatch(pair, typeId, their[index]?.typeId ?? 0, isBehind, level - 1),
        );
        if (!areAlike) return false;
        left = local.referredBy(left);
        right = kernel.referredBy(right);
        break;
      }
      default:
        return false;
    }
  }
  throw endless(local, localId);
}

function namesMatch(local: string, kernel: string): boolean {
  // The keyword of both is 'void' for void and empty for an anonymous type.
  return kernel === '' ? local === '' : essentialName(local) === essentialName(kernel);
}

function forwardMatches(
  { local, kernel }: TypePair,
  left: number,
  right: number,
  behindPointer: boolean,
): boolean {
  const isUnion = local.flagOf(left);
  const kind = kernel.kindOf(right);
  if (kind === BTF_KIND.FWD) return isUnion === kernel.flagOf(right);
  return behindPointer && kind === (isUnion ? BTF_KIND.UNION : BTF_KIND.STRUCT);
}

function enumsMatch({ local, kernel, effort }: TypePair, left: number, right: number): boolean {
  const [ours, theirs] = [local.enumeratorsOf(left), kernel.enumeratorsOf(right)];
  effort.spend(ours.length + theirs.length);
  if (local.sizeOf(left) !== kernel.sizeOf(right) || ours.length > theirs.length) return false;
  const names = new Set(theirs.map(({ name }) => essentialName(name)));
  return ours.every(({ name }) => names.has(essentialName(name)));
}

function membersMatch(pair: TypePair, left: number, right: number, level: number): boolean {
  const [ours, theirs] = [pair.local.membersOf(left), kernelMembersOf(pair, right)];
  pair.effort.spend(ours.length + theirs.length);
  if (ours.length > theirs.length) return false;
  const byName = new Map<string, BtfMember[]>();
  for (const member of theirs) {
    const name = essentialName(member.name);
    const namesakes = byName.get(name);
    if (namesakes === undefined) byName.set(name, [member]);
    else namesakes.push(member);
  }
  return ours.every(({ name, typeId }) =>
    (byName.get(essentialName(name)) ?? []).some((member) =>
      typesMatch(pair, typeId, member.typeId, false, level - 1),
    ),
  );
}
