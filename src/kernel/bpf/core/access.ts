/**
 * The target of a CO-RE relocation: a type, an enum value, or a field with its access path; in the object's
 * types and in the kernel's.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_parse_spec`, `bpf_core_spec_match`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { CORE_KIND, type CoreRelocation } from '../elf/btf-ext.ts';
import { essentialName } from './flavour.ts';
import {
  fieldsAreCompatible,
  isContainer,
  kernelMembersOf,
  type TypePair,
  typesAreCompatible,
} from './type-compatibility.ts';
import { typesMatch } from './type-match.ts';

/** One step of an access path: a member by its name, or an array element. */
export interface AccessStep {
  /** The struct or union of the member, the type of the element, or the enum of the value. */
  readonly typeId: number;
  /** Index of the member, element or value. */
  readonly index: number;
  /** Absent for an element. */
  readonly name?: string;
}

/** The target of a relocation, in one set of types. */
export interface Access {
  readonly btf: Btf;
  readonly rootTypeId: number;
  readonly kind: number;
  /** Empty for a type. */
  readonly steps: readonly AccessStep[];
  /** Offset of the field from the start of the root. Unit: bits. */
  readonly bitOffset: number;
}

/** What a relocation kind targets. */
export type Subject = 'field' | 'type' | 'value';

/** The same limit as libbpf and the kernel. */
const MAX_STEPS = 64;

const SUBJECTS: ReadonlyMap<number, Subject> = new Map([
  [CORE_KIND.FIELD_BYTE_OFFSET, 'field'],
  [CORE_KIND.FIELD_BYTE_SIZE, 'field'],
  [CORE_KIND.FIELD_EXISTS, 'field'],
  [CORE_KIND.FIELD_SIGNED, 'field'],
  [CORE_KIND.FIELD_LSHIFT_U64, 'field'],
  [CORE_KIND.FIELD_RSHIFT_U64, 'field'],
  [CORE_KIND.TYPE_ID_LOCAL, 'type'],
  [CORE_KIND.TYPE_ID_TARGET, 'type'],
  [CORE_KIND.TYPE_EXISTS, 'type'],
  [CORE_KIND.TYPE_SIZE, 'type'],
  [CORE_KIND.TYPE_MATCHES, 'type'],
  [CORE_KIND.ENUMVAL_EXISTS, 'value'],
  [CORE_KIND.ENUMVAL_VALUE, 'value'],
]);

/** The target of a relocation kind; absent for an unknown kind. */
export function subjectOf(kind: number): Subject | undefined {
  return SUBJECTS.get(kind);
}

/**
 * The target of a relocation, in the object's own types.
 * @throws KernelFileError if the object is inconsistent.
 */
export function parseAccess(btf: Btf, { typeId, accessOffset, kind }: CoreRelocation): Access {
  const text = btf.string(accessOffset);
  const wrong = (what: string) =>
    malformed(btf.path, undefined, `CO-RE relocation of type ${typeId} with the path '${text}': ${what}`);
  const subject = subjectOf(kind);
  if (subject === undefined) throw wrong(`unknown kind ${kind}`);
  const access = { btf, rootTypeId: typeId, kind };
  if (subject === 'type') {
    if (text !== '0') throw wrong("a type relocation must have the path '0'");
    return { ...access, steps: [], bitOffset: 0 };
  }
  if (!/^\d{1,9}(:\d{1,9})*$/.test(text)) throw wrong('expected numbers separated by colons');
  const [first = 0, ...path] = text.split(':').map(Number);
  if (path.length >= MAX_STEPS) throw wrong(`more than ${MAX_STEPS} steps`);
  const root = btf.resolve(typeId);
  if (subject === 'value') {
    const isEnum = btf.kindOf(root) === BTF_KIND.ENUM || btf.kindOf(root) === BTF_KIND.ENUM64;
    const value = isEnum ? btf.enumeratorsOf(root)[first] : undefined;
    if (value === undefined || path.length > 0) throw wrong('no such enum value');
    return { ...access, steps: [{ typeId: root, index: first, name: value.name }], bitOffset: 0 };
  }
  const steps: AccessStep[] = [{ typeId: root, index: first }];
  let bitOffset = first * btf.sizeOf(root) * 8;
  let current = root;
  for (const index of path) {
    current = btf.resolve(current);
    const type = btf.kindOf(current);
    if (isContainer(type)) {
      const member = btf.membersOf(current)[index];
      if (member === undefined) throw wrong(`type ${current} has no member ${index}`);
      bitOffset += member.bitOffset;
      if (member.name !== '') steps.push({ typeId: current, index, name: member.name });
      current = member.typeId;
    } else if (type === BTF_KIND.ARRAY) {
      const { elementTypeId, length } = btf.arrayOf(current);
      if (index >= length && !isFlexible(btf, steps.at(-1), length))
        throw wrong(`element ${index} is outside an array of ${length}`);
      current = btf.resolve(elementTypeId);
      steps.push({ typeId: current, index });
      bitOffset += index * btf.sizeOf(current) * 8;
    } else {
      throw wrong(`type ${current} has neither members nor elements`);
    }
  }
  return { ...access, steps, bitOffset };
}

/** Whether an array is the flexible array member of the struct of the previous step. */
function isFlexible(btf: Btf, before: AccessStep | undefined, length: number): boolean {
  if (before?.name === undefined || length > 0) return false;
  return before.index === btf.memberCountOf(before.typeId) - 1;
}

/**
 * Finds the same target in a candidate type of the kernel; absent if it has no equivalent.
 * @throws KernelFileError if types are damaged, UnsupportedError if comparing them takes too long.
 */
export function matchAccess(pair: TypePair, local: Access, kernelTypeId: number): Access | undefined {
  const access = { btf: pair.kernel, rootTypeId: kernelTypeId, kind: local.kind };
  switch (subjectOf(local.kind)) {
    case 'type': {
      const compare = local.kind === CORE_KIND.TYPE_MATCHES ? typesMatch : typesAreCompatible;
      return compare(pair, local.rootTypeId, kernelTypeId)
        ? { ...access, steps: [], bitOffset: 0 }
        : undefined;
    }
    case 'value': {
      const step = matchValue(pair, local, kernelTypeId);
      return step && { ...access, steps: [step], bitOffset: 0 };
    }
    default: {
      const found = matchField(pair, local, kernelTypeId);
      return found && { ...access, ...found };
    }
  }
}

function matchValue(
  { kernel, effort }: TypePair,
  local: Access,
  kernelTypeId: number,
): AccessStep | undefined {
  const typeId = kernel.resolve(kernelTypeId);
  if (kernel.kindOf(typeId) !== BTF_KIND.ENUM && kernel.kindOf(typeId) !== BTF_KIND.ENUM64) return undefined;
  const wanted = essentialName(local.steps[0]?.name ?? '');
  const values = kernel.enumeratorsOf(typeId);
  effort.spend(values.length);
  const index = values.findIndex(({ name }) => essentialName(name) === wanted);
  const name = values[index]?.name;
  return name === undefined ? undefined : { typeId, index, name };
}

function matchField(
  pair: TypePair,
  local: Access,
  kernelTypeId: number,
): Pick<Access, 'steps' | 'bitOffset'> | undefined {
  const { kernel } = pair;
  const steps: AccessStep[] = [];
  let bitOffset = 0;
  let current = kernelTypeId;
  for (const [place, step] of local.steps.entries()) {
    current = kernel.resolve(current);
    if (step.name !== undefined) {
      const found = matchMember(pair, local, step, current, 0);
      if (found === undefined) return undefined;
      steps.push(found.step);
      bitOffset += found.bitOffset;
      current = found.typeId;
      continue;
    }
    // The first step indexes the root itself, as if it were an array element.
    if (place > 0) {
      if (kernel.kindOf(current) !== BTF_KIND.ARRAY) return undefined;
      const { elementTypeId, length } = kernel.arrayOf(current);
      if (step.index >= length && !isFlexible(kernel, steps.at(-1), length)) return undefined;
      current = kernel.resolve(elementTypeId);
    }
    steps.push({ typeId: current, index: step.index });
    bitOffset += step.index * kernel.sizeOf(current) * 8;
  }
  return { steps, bitOffset };
}

interface FoundMember {
  readonly step: AccessStep;
  readonly typeId: number;
  readonly bitOffset: number;
}

/** A member by its name; searches anonymous structs and unions. */
function matchMember(
  pair: TypePair,
  local: Access,
  step: AccessStep,
  kernelTypeId: number,
  depth: number,
): FoundMember | undefined {
  const { kernel, effort } = pair;
  const container = kernel.resolve(kernelTypeId);
  if (!isContainer(kernel.kindOf(container))) return undefined;
  if (depth >= MAX_STEPS)
    throw malformed(kernel.path, undefined, `type ${container} is nested more than ${MAX_STEPS} deep`);
  for (const [index, member] of kernelMembersOf(pair, container).entries()) {
    effort.spend();
    if (member.name === '') {
      const inner = matchMember(pair, local, step, member.typeId, depth + 1);
      if (inner !== undefined) return { ...inner, bitOffset: inner.bitOffset + member.bitOffset };
    } else if (member.name === step.name) {
      const ours = local.btf.membersOf(step.typeId)[step.index];
      if (ours === undefined || !fieldsAreCompatible(pair, ours.typeId, member.typeId)) return undefined;
      return {
        step: { typeId: container, index, name: member.name },
        typeId: member.typeId,
        bitOffset: member.bitOffset,
      };
    }
  }
  return undefined;
}
