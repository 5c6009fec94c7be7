/**
 * Full names of maps and programs, which the kernel truncates to 15 characters, from their BTF.
 */
import { BPF_OBJ_NAME_MAX } from '../sys/bpf-struct.ts';
import type { Btf } from './btf.ts';
import { BTF_KIND } from './btf-format.ts';

/** The section of an object file in which libbpf defines maps. */
const MAPS_SECTION = '.maps';

/**
 * The full name of a map from the BTF object that it was created with. Returns the name unchanged if it is
 * not truncated, if the BTF has no map definitions (cilium/ebpf loads none), or if more than one matches.
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
 * The full name of a program from the BTF object that it was loaded with: a program has the name of its main
 * function. Returns the name unchanged if it is not truncated, or if several functions match.
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
