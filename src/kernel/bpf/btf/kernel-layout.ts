/**
 * Where this kernel keeps what: offsets of members, ids of functions. Read from the kernel's own BTF, never
 * from a table of versions, and cached, since the index of the BTF takes 10 to 40 ms to build.
 */
import { errnoOf, UnsupportedError } from '../../../errors.ts';
import { type CacheSources, cachedForKernel } from '../../kernel-cache.ts';
import { type Btf, readKernelBtf } from './btf.ts';
import { BTF_KIND } from './btf-format.ts';

/** A member of a struct. */
export interface Member {
  /** From the start of the struct. Unit: bytes. */
  offset: number;
  /** Unit: bytes; of an array all of it. */
  size: number;
}

/** One bit of a struct, of a bit field of one bit. */
export interface Bit {
  /** The byte that holds it, from the start of the struct. */
  offset: number;
  /** The bit in that byte. */
  mask: number;
}

/**
 * What is asked of the kernel's BTF: members as `struct.path`, one-bit members the same way, the rest by
 * name.
 */
export interface LayoutQuery {
  members: readonly string[];
  bits: readonly string[];
  functions: readonly string[];
  /** Variables that each CPU has its own of. */
  percpuVariables: readonly string[];
}

/** The answers; what this kernel has not is absent. */
export interface LayoutFacts {
  members: Record<string, Member>;
  bits: Record<string, Bit>;
  functions: Record<string, number>;
  percpuVariables: Record<string, number>;
}

/** The layout of one kernel. */
export class KernelLayout {
  readonly #facts: LayoutFacts;

  constructor(facts: LayoutFacts) {
    this.#facts = facts;
  }

  /** A member by `struct.path`; absent where this kernel has none. */
  find(path: string): Member | undefined {
    return this.#facts.members[path];
  }

  /**
   * A member that must be there.
   * @throws UnsupportedError that names it.
   */
  member(path: string): Member {
    const found = this.find(path);
    if (found === undefined) throw new UnsupportedError(path, `this kernel has no member ${path}`);
    return found;
  }

  /** A one-bit member by `struct.path`; absent where this kernel has none. */
  findBit(path: string): Bit | undefined {
    return this.#facts.bits[path];
  }

  /** The BTF id of a function; absent where this kernel has none. */
  findFunction(name: string): number | undefined {
    return this.#facts.functions[name];
  }

  /** The BTF id of a variable that each CPU has its own of; absent where this kernel has none. */
  findPercpuVariable(name: string): number | undefined {
    return this.#facts.percpuVariables[name];
  }

  /**
   * The BTF id of a function that must be there.
   * @throws UnsupportedError that says since which Linux it is.
   */
  function(name: string, since: string): number {
    const id = this.findFunction(name);
    if (id === undefined) {
      throw new UnsupportedError(name, `this kernel has no ${name}, which came with Linux ${since}`, {
        since,
      });
    }
    return id;
  }
}

/**
 * Looks a query up in the kernel's types.
 * @throws KernelFileError when the types are damaged.
 */
export function evaluateLayout(btf: Btf, query: LayoutQuery): LayoutFacts {
  const members: Record<string, Member> = {};
  for (const path of query.members) {
    const [struct, inner] = splitPath(path);
    const found = btf.findMember(struct, inner);
    if (found === undefined || found.bitOffset % 8 !== 0) continue;
    members[path] = { offset: found.bitOffset / 8, size: sizeOf(btf, found.typeId) };
  }
  const bits: Record<string, Bit> = {};
  for (const path of query.bits) {
    const [struct, inner] = splitPath(path);
    const found = btf.findMember(struct, inner);
    if (found?.bitfieldSize !== 1) continue;
    // Big-endian compilers count the bits of a byte from its upper end.
    const bit = found.bitOffset % 8;
    bits[path] = { offset: (found.bitOffset - bit) / 8, mask: btf.bigEndian ? 0x80 >> bit : 1 << bit };
  }
  return {
    members,
    bits,
    functions: idsOf(btf, BTF_KIND.FUNC, query.functions),
    // The only variables in a kernel's BTF.
    percpuVariables: idsOf(btf, BTF_KIND.VAR, query.percpuVariables),
  };
}

function idsOf(btf: Btf, kind: number, names: readonly string[]): Record<string, number> {
  const ids: Record<string, number> = {};
  for (const name of names) {
    const id = btf.find(kind, name);
    if (id !== undefined) ids[name] = id;
  }
  return ids;
}

function splitPath(path: string): [struct: string, inner: string] {
  const dot = path.indexOf('.');
  return [path.slice(0, dot), path.slice(dot + 1)];
}

/** 0 for a flexible array, whose elements are not part of the struct. */
function sizeOf(btf: Btf, typeId: number): number {
  const type = btf.resolve(typeId);
  return btf.kindOf(type) === BTF_KIND.ARRAY && btf.arrayOf(type).length === 0 ? 0 : btf.sizeOf(type);
}

/**
 * The layout of the running kernel, from the cache where it is there and whole, else from its BTF.
 *
 * Source: `/sys/kernel/btf/vmlinux`. Since: Linux 5.4, with CONFIG_DEBUG_INFO_BTF.
 * @throws UnsupportedError on a kernel without BTF, KernelFileError.
 */
export function openKernelLayout(
  query: LayoutQuery,
  { btfPath = KERNEL_BTF, ...cache }: CacheSources & { btfPath?: string } = {},
): KernelLayout {
  return new KernelLayout(
    cachedForKernel('layout', query, () => evaluateLayout(requireKernelBtf(btfPath), query), cache),
  );
}

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/**
 * The types of the running kernel.
 * @throws UnsupportedError that names the build option where the kernel has none, KernelFileError.
 */
export function requireKernelBtf(path = KERNEL_BTF): Btf {
  try {
    return readKernelBtf(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new UnsupportedError('kernel BTF', `this kernel has no ${path}`, {
      hint: 'use a kernel that is built with CONFIG_DEBUG_INFO_BTF=y',
      since: '5.4',
      cause: error,
    });
  }
}
