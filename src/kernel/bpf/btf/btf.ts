/**
 * The layout of the kernel's structs, from /sys/kernel/btf/vmlinux, and the types that clang writes to the
 * `.BTF` section of an object file: sizes, members, functions, sections.
 *
 * Source: include/uapi/linux/btf.h; Documentation/bpf/btf.rst
 */
import { readFileSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../../../errors.ts';
import { BTF_KIND } from './btf-format.ts';
import { type BtfMember, BtfTypes } from './btf-types.ts';

// Real types nest only a few levels deep: deeper ones are cyclic or malicious.
const deepest = 64;

/**
 * The types of one BTF blob and how they relate: typedef chains, sizes, members by path.
 */
export class Btf extends BtfTypes {
  /**
   * Resolves a typedef, const, volatile, restrict or type tag; returns any other id unchanged.
   * @throws KernelFileError if the chain does not end.
   */
  resolve(id: number): number {
    let current = id;
    for (let steps = 0; steps < deepest; steps++) {
      const kind = this.kindOf(current);
      const modifier = (kind >= BTF_KIND.TYPEDEF && kind <= BTF_KIND.RESTRICT) || kind === BTF_KIND.TYPE_TAG;
      if (!modifier) return current;
      current = this.sizeOrType(current);
    }
    throw this.malformed(`type ${id} is an endless chain of typedefs or qualifiers`);
  }

  /**
   * The size of a value of this type. Pointers are 8 bytes unless the blob's `long` says otherwise.
   * Unit: bytes.
   * @throws KernelFileError for types without a size (void, functions, forward declarations) and for
   * recursive types.
   */
  sizeOf(id: number): number {
    let factor = 1;
    let current = id;
    for (let steps = 0; steps < deepest; steps++) {
      current = this.resolve(current);
      let size: number | undefined;
      switch (this.kindOf(current)) {
        case BTF_KIND.INT:
        case BTF_KIND.STRUCT:
        case BTF_KIND.UNION:
        case BTF_KIND.ENUM:
        case BTF_KIND.ENUM64:
        case BTF_KIND.FLOAT:
        case BTF_KIND.DATASEC:
          size = this.sizeOrType(current);
          break;
        case BTF_KIND.PTR:
          size = this.#pointerSize();
          break;
        case BTF_KIND.VAR:
          current = this.sizeOrType(current);
          continue;
        case BTF_KIND.ARRAY: {
          const array = this.arrayOf(current);
          factor *= array.length;
          current = array.elementTypeId;
          break;
        }
        default:
          throw this.malformed(`type ${current} ('${this.nameOf(current)}') has no size`);
      }
      if (!Number.isSafeInteger(factor * (size ?? 1)))
        throw this.malformed(`type ${id} is larger than 2^53 bytes`);
      if (size !== undefined) return factor * size;
    }
    throw this.malformed(`type ${id} contains itself`);
  }

  /**
   * A member by its path, such as `map.memory.pages`. Embedded structs are named; anonymous structs and
   * unions are not. `undefined` if this kernel lacks the struct or the member.
   * @throws KernelFileError when the types are damaged.
   */
  findMember(structName: string, memberPath: string): BtfMember | undefined {
    let container = this.findStruct(structName);
    let found: BtfMember | undefined;
    for (const name of memberPath.split('.')) {
      if (found !== undefined) container = this.resolve(found.typeId);
      if (container === undefined || !this.#isContainer(container)) return undefined;
      const member = this.#searchMember(container, Buffer.from(name, 'latin1'), new Set(), 0);
      if (member === undefined) return undefined;
      found = { ...member, bitOffset: member.bitOffset + (found?.bitOffset ?? 0) };
    }
    return found;
  }

  /**
   * Offset of a member from the start of `struct structName`; paths as for `findMember`. `undefined` if this
   * kernel lacks the struct or the member. Unit: bytes.
   * @throws KernelFileError for a bitfield that starts inside a byte, and when the types are damaged.
   */
  memberOffset(structName: string, memberPath: string): number | undefined {
    const member = this.findMember(structName, memberPath);
    if (member === undefined) return undefined;
    if (member.bitOffset % 8 !== 0) throw this.malformed(`${structName}.${memberPath} starts inside a byte`);
    return member.bitOffset / 8;
  }

  /**
   * The struct (or other type) that a pointer member refers to: `pointeeOf('bpf_htab', 'buckets')` is `struct
   * bucket`, even if another struct of that name exists. `undefined` if the member does not exist or is not a
   * pointer.
   * @throws KernelFileError when the types are damaged.
   */
  pointeeOf(structName: string, memberPath: string): number | undefined {
    const member = this.findMember(structName, memberPath);
    if (member === undefined) return undefined;
    const pointer = this.resolve(member.typeId);
    return this.kindOf(pointer) === BTF_KIND.PTR ? this.resolve(this.referredBy(pointer)) : undefined;
  }

  #searchMember(container: number, name: Buffer, seen: Set<number>, depth: number): BtfMember | undefined {
    if (depth > deepest) throw this.malformed(`anonymous types are nested more than ${deepest} deep`);
    if (name.length === 0 || seen.has(container)) return undefined;
    seen.add(container);
    for (let index = 0; index < this.memberCountOf(container); index++) {
      const nameOffset = this.memberNameOffset(container, index);
      if (!this.isNameless(nameOffset)) {
        if (this.isNamed(nameOffset, name)) return this.member(container, index);
        continue;
      }
      const outer = this.member(container, index);
      const type = this.resolve(outer.typeId);
      if (!this.#isContainer(type)) continue;
      const inner = this.#searchMember(type, name, seen, depth + 1);
      if (inner !== undefined) return { ...inner, bitOffset: outer.bitOffset + inner.bitOffset };
    }
    return undefined;
  }

  #isContainer(id: number): boolean {
    const kind = this.kindOf(id);
    return kind === BTF_KIND.STRUCT || kind === BTF_KIND.UNION;
  }

  #pointerSize(): number {
    for (const name of ['long unsigned int', 'unsigned long', 'long int', 'long']) {
      const id = this.find(BTF_KIND.INT, name);
      if (id !== undefined) return this.sizeOrType(id) === 4 ? 4 : 8;
    }
    return 8;
  }
}

/**
 * The types of a kernel: the running one, or another one from a file.
 * Source: /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF).
 * Since: Linux 5.4.
 * @throws KernelFileError with the errno, `ENOENT` on kernels built without BTF; or if the file is not valid
 * BTF.
 */
export function readKernelBtf(path = '/sys/kernel/btf/vmlinux'): Btf {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    throw new KernelFileError('read', path, `cannot read ${path}: ${describeErrno(errno)}`, {
      errno,
      cause: error,
    });
  }
  return new Btf(bytes, path);
}
