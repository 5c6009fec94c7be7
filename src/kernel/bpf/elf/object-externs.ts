/**
 * Externs of an object: kernel functions and variables in `.ksyms`, kernel configuration in `.kconfig`.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__collect_externs`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';

/** One extern. */
export interface Extern {
  readonly name: string;
  /**
   * `kfunc`: a kernel function; `variable`: a typed variable; `address`: any symbol; only its address is
   * used.
   */
  readonly kind: 'kfunc' | 'variable' | 'address' | 'kconfig';
  /** Whether it is optional: its address is 0 if the kernel lacks it. */
  readonly weak: boolean;
  /** Its FUNC or VAR type in the object's BTF. */
  readonly typeId: number;
}

/**
 * The externs that the object's BTF declares.
 * @param isWeak whether the symbol of that name is weak.
 * @throws KernelFileError when the BTF is damaged.
 */
export function readExterns(btf: Btf, isWeak: (name: string) => boolean): Map<string, Extern> {
  const externs = new Map<string, Extern>();
  for (const section of ['.ksyms', '.kconfig']) {
    const id = btf.find(BTF_KIND.DATASEC, section);
    if (id === undefined) continue;
    for (const { typeId } of btf.variablesOf(id)) {
      const name = btf.nameOf(typeId);
      const kind = section === '.kconfig' ? 'kconfig' : kindOf(btf, typeId);
      externs.set(name, { name, kind, weak: isWeak(name), typeId });
    }
  }
  return externs;
}

function kindOf(btf: Btf, typeId: number): Extern['kind'] {
  const kind = btf.kindOf(typeId);
  if (kind === BTF_KIND.FUNC) return 'kfunc';
  if (kind !== BTF_KIND.VAR)
    throw malformed(btf.path, undefined, `type ${typeId} in .ksyms is neither a function nor a variable`);
  // `extern const void name __ksym` has no type: the address comes from /proc/kallsyms.
  return btf.resolve(btf.referredBy(typeId)) === 0 ? 'address' : 'variable';
}
