/** Describes the target of a CO-RE relocation in words. */
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { type Access, subjectOf } from './access.ts';
import { essentialName } from './flavour.ts';

const KEYWORDS: Readonly<Record<number, string>> = {
  [BTF_KIND.STRUCT]: 'struct ',
  [BTF_KIND.UNION]: 'union ',
  [BTF_KIND.ENUM]: 'enum ',
  [BTF_KIND.ENUM64]: 'enum ',
};

/**
 * A type as C spells it, without its flavour: `struct bpf_map`.
 * @throws KernelFileError if the type does not exist.
 */
export function describeType(btf: Btf, typeId: number): string {
  const name = essentialName(btf.nameOf(typeId));
  return `${KEYWORDS[btf.kindOf(typeId)] ?? ''}${name === '' ? 'without a name' : name}`;
}

/** The field or value within its type: `memory.pages[2]`; empty for the type itself. */
export function describePath({ steps, kind }: Access): string {
  if (subjectOf(kind) === 'value') return essentialName(steps[0]?.name ?? '');
  let text = steps[0] === undefined || steps[0].index === 0 ? '' : `[${steps[0].index}]`;
  for (const { name, index } of steps.slice(1)) {
    if (name === undefined) text += `[${index}]`;
    else text += text === '' ? name : `.${name}`;
  }
  return text;
}

/**
 * What the kernel lacks, for example `struct bpf_map has no field "objcg"`.
 * @throws KernelFileError when the types are damaged.
 */
export function describeAbsence(access: Access, candidates: readonly number[], kernel: Btf): string {
  const type = describeType(access.btf, access.rootTypeId);
  if (candidates.length === 0) return `this kernel has no ${type}`;
  const path = describePath(access);
  if (subjectOf(access.kind) === 'value') return `${type} has no value "${path}"`;
  if (subjectOf(access.kind) === 'type') return `${type} has an incompatible definition`;
  return hasField(access, candidates, kernel)
    ? `field "${path}" of ${type} has an incompatible type`
    : `${type} has no field "${path}"`;
}

function hasField({ btf, rootTypeId, steps }: Access, candidates: readonly number[], kernel: Btf): boolean {
  const names = steps.slice(1).map(({ name }) => name);
  // An element may be missing although the array exists.
  if (btf.kindOf(rootTypeId) !== BTF_KIND.STRUCT || names.includes(undefined)) return false;
  return candidates.some((id) => kernel.findMember(kernel.nameOf(id), names.join('.')) !== undefined);
}
