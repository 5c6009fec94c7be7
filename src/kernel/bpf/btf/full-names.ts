/**
 * Names that the kernel cut at 15 characters, in full from the types that came along with the map or the
 * program.
 */
import { BPF_OBJ_NAME_MAX } from '../sys/bpf-struct.ts';
import type { Btf } from './btf.ts';
import { BTF_KIND } from './btf-format.ts';

/** The section of an object file in which libbpf defines maps. */
const MAPS_SECTION = '.maps';

/**
 * The full name of a map from the BTF object that it was created with. The name itself where it was not cut,
 * where the BTF has no definitions of maps (cilium/ebpf loads none) or more than one fits.
 *
 * Source: the section `.maps` of the BTF, as libbpf loads it. Since: Linux 5.2 (sections in BTF).
 * @throws KernelFileError when the types are damaged.
 */
export function completeMapName(name: string, btf: Btf): string {
  if (name.length < BPF_OBJ_NAME_MAX) return name;
  const section = btf.find(BTF_KIND.DATASEC, MAPS_SECTION);
  if (section === undefined) return name;
  return onlyMatch(
    name,
    btf.variablesOf(section).map(({ typeId }) => btf.nameOf(typeId)),
  );
}

/**
 * The full name of a program from the BTF object that it was loaded with: programs are called as their main
 * function. The name itself where it was not cut, or where the names of several functions start like that.
 *
 * Source: the functions of the BTF. Since: Linux 5.0 (functions in BTF).
 * @throws KernelFileError when the types are damaged.
 */
export function completeProgramName(name: string, btf: Btf): string {
  if (name.length < BPF_OBJ_NAME_MAX) return name;
  const functions: string[] = [];
  for (let id = 1; id <= btf.typeCount; id++) {
    if (btf.kindOf(id) === BTF_KIND.FUNC) functions.push(btf.nameOf(id));
  }
  return onlyMatch(name, functions);
}

function onlyMatch(name: string, candidates: readonly string[]): string {
  const matches = new Set(candidates.filter((candidate) => candidate.startsWith(name)));
  const [only = name] = matches;
  return matches.size === 1 ? only : name;
}
