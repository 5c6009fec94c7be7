import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';

/** A variable of the kernel's configuration. */
export interface KconfigVariable {
  readonly name: string;
  /** Its VAR type in the object's BTF. */
  readonly typeId: number;
  /** Offset in the map value. Unit: bytes. */
  readonly offset: number;
  /** Unit: bytes. */
  readonly size: number;
}

/**
 * The order in which libbpf lays out the `__kconfig` variables of an object: widest alignment first, then
 * smallest size, then by name.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__collect_externs`
 * @throws KernelFileError if the BTF is damaged, or a variable is not a number, an enum, or an array of
 * either.
 */
export function kconfigLayout(btf: Btf): KconfigVariable[] {
  const section = btf.find(BTF_KIND.DATASEC, '.kconfig');
  if (section === undefined) return [];
  const variables = btf.variablesOf(section).map(({ typeId }) => ({
    name: btf.nameOf(typeId),
    typeId,
    size: btf.sizeOf(typeId),
    alignment: alignmentOf(btf, btf.referredBy(typeId)),
  }));
  variables.sort(
    (left, right) =>
      right.alignment - left.alignment || left.size - right.size || (left.name < right.name ? -1 : 1),
  );
  let end = 0;
  return variables.map(({ name, typeId, size, alignment }) => {
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + size;
    return { name, typeId, offset, size };
  });
}

/**
 * Size of the map in which libbpf stores the kernel configuration for an object; 0 if the object does not use
 * it.
 * Unit: bytes.
 * @throws KernelFileError as {@link kconfigLayout}.
 */
export function kconfigSize(btf: Btf): number {
  const last = kconfigLayout(btf).at(-1);
  return last === undefined ? 0 : last.offset + last.size;
}

function alignmentOf(btf: Btf, typeId: number): number {
  const outer = btf.resolve(typeId);
  const type = btf.kindOf(outer) === BTF_KIND.ARRAY ? btf.resolve(btf.arrayOf(outer).elementTypeId) : outer;
  const kind = btf.kindOf(type);
  if (kind !== BTF_KIND.INT && kind !== BTF_KIND.ENUM && kind !== BTF_KIND.ENUM64) {
    throw malformed(btf.path, undefined, `type ${typeId} is not valid for a __kconfig variable`);
  }
  return Math.max(1, Math.min(8, btf.sizeOf(type)));
}
