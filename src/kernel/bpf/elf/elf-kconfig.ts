import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';

/**
 * The size of the map in which libbpf puts the kernel's configuration for an object: its `__kconfig` variables, the
 * widest alignment first, then the smallest, then by name. 0 where the object has none.
 * Unit: bytes.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__collect_externs`
 * @throws KernelFileError when the BTF is damaged, or a variable is neither a number, an enum nor an array of them.
 */
export function kconfigSize(btf: Btf): number {
  const section = btf.find(BTF_KIND.DATASEC, '.kconfig');
  if (section === undefined) return 0;
  const variables = btf.variablesOf(section).map(({ typeId }) => ({
    name: btf.nameOf(typeId),
    size: btf.sizeOf(typeId),
    alignment: alignmentOf(btf, btf.referredBy(typeId)),
  }));
  variables.sort(
    (left, right) =>
      right.alignment - left.alignment || left.size - right.size || (left.name < right.name ? -1 : 1),
  );
  return variables.reduce((end, { size, alignment }) => Math.ceil(end / alignment) * alignment + size, 0);
}

function alignmentOf(btf: Btf, typeId: number): number {
  const outer = btf.resolve(typeId);
  const type = btf.kindOf(outer) === BTF_KIND.ARRAY ? btf.resolve(btf.arrayOf(outer).elementTypeId) : outer;
  const kind = btf.kindOf(type);
  if (kind !== BTF_KIND.INT && kind !== BTF_KIND.ENUM && kind !== BTF_KIND.ENUM64) {
    throw malformed(btf.path, undefined, `type ${typeId} can't hold a value of the kernel's configuration`);
  }
  return Math.max(1, Math.min(8, btf.sizeOf(type)));
}
