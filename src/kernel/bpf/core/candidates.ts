/**
 * Which types of the kernel a type of the object may stand for: those of its kind and name, whatever their flavours.
 * Source: tools/lib/bpf/libbpf.c, `bpf_core_find_cands`
 */
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { essentialName } from './flavour.ts';

const ENUMS: readonly number[] = [BTF_KIND.ENUM, BTF_KIND.ENUM64];

/** Whether types of these kinds may stand for each other: the two kinds of enum do. */
export function kindsAreCompatible(left: number, right: number): boolean {
  return left === right || (ENUMS.includes(left) && ENUMS.includes(right));
}

/** Finds the types of one kernel that types of objects may stand for. */
export class CandidateFinder {
  readonly #kernel: Btf;

  constructor(kernel: Btf) {
    this.#kernel = kernel;
  }

  /**
   * The ids of the kernel's types that a type of the object may stand for, by ascending id.
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
    // A look at every type of a kernel takes some 20 ms, and kernels have hardly any flavours.
    const found: number[] = [];
    for (let id = 1; id <= kernel.typeCount; id++) {
      if (kinds.includes(kernel.kindOf(id)) && essentialName(kernel.nameOf(id)) === name) found.push(id);
    }
    return found;
  }
}

/** By kernel: several objects are prepared for one, and the search takes as long as all the rest. */
const flavouredNames = new WeakMap<Btf, ReadonlySet<string>>();

function flavouredNamesOf(kernel: Btf): ReadonlySet<string> {
  const known = flavouredNames.get(kernel);
  if (known !== undefined) return known;
  const names = findFlavouredNames(kernel.blob.strings);
  flavouredNames.set(kernel, names);
  return names;
}

/** What stands before the flavour in the strings that have one. */
function findFlavouredNames(strings: Buffer): Set<string> {
  const names = new Set<string>();
  for (let at = strings.indexOf('___', 0, 'latin1'); at >= 0; ) {
    const [start, end] = [strings.lastIndexOf(0, at) + 1, strings.indexOf(0, at)];
    const whole = strings.toString('latin1', start, Math.min(end, start + LONGEST_NAME));
    const name = essentialName(whole);
    if (name !== whole) names.add(name);
    at = strings.indexOf('___', end, 'latin1');
  }
  return names;
}

const LONGEST_NAME = 1024;
