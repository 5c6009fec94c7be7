/**
 * Candidate types of the kernel for a type of the object: same kind and name, ignoring flavours.
 * Source: tools/lib/bpf/libbpf.c, `bpf_core_find_cands`
 */
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { essentialName } from './flavour.ts';

const ENUMS: readonly number[] = [BTF_KIND.ENUM, BTF_KIND.ENUM64];

/** Whether types of these kinds can be candidates for each other: both kinds of enum can. */
export function kindsAreCompatible(left: number, right: number): boolean {
  return left === right || (ENUMS.includes(left) && ENUMS.includes(right));
}

/** Finds candidate types in one kernel. */
export class CandidateFinder {
  readonly #kernel: Btf;

  constructor(kernel: Btf) {
    this.#kernel = kernel;
  }

  /**
   * Ids of the candidates for a type of the object, in ascending order.
   * @throws KernelFileError when the types are damaged.
   */
  find(local: Btf, typeId: number): number[] {
    const kernel = this.#kernel;
    const kind = local.kindOf(typeId);
    const name = essentialName(local.nameOf(typeId));
    const kinds = ENUMS.includes(kind) ? ENUMS : [kind];
    if (!flavouredNamesOf(kernel).has(name)) {
      return kinds.flatMap((each) => kernel.findAll(each, name)).sort((left, right) => left - right);
    }
    // Scanning every type of a kernel takes about 20 ms, and kernels have hardly any flavours.
    const found: number[] = [];
    for (let id = 1; id <= kernel.typeCount; id++) {
      if (kinds.includes(kernel.kindOf(id)) && essentialName(kernel.nameOf(id)) === name) found.push(id);
    }
    return found;
  }
}

/**
 * Cached per kernel: several objects are prepared for the same one, and the search takes as long as
 * everything else.
 */
const flavouredNames = new WeakMap<Btf, ReadonlySet<string>>();

function flavouredNamesOf(kernel: Btf): ReadonlySet<string> {
  const known = flavouredNames.get(kernel);
  if (known !== undefined) return known;
  const names = findFlavouredNames(kernel.blob.strings);
  flavouredNames.set(kernel, names);
  return names;
}

/** The names before the flavour suffix, for all strings that have one. */
function findFlavouredNames(strings: Buffer): Set<string> {
  const names = new Set<string>();
  for (let at = strings.indexOf('___', 0, 'latin1'); at >= 0; ) {
    const [start, end] = [strings.lastIndexOf(0, at) + 1, strings.indexOf(0, at)];
    const whole = strings.toString('latin1', start, Math.min(end, start + MAX_NAME_LENGTH));
    const name = essentialName(whole);
    if (name !== whole) names.add(name);
    at = strings.indexOf('___', end, 'latin1');
  }
  return names;
}

const MAX_NAME_LENGTH = 1024;
