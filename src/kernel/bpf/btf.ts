/**
 * What the kernel's structs look like, as the kernel itself tells it in /sys/kernel/btf/vmlinux, and what clang wrote
 * into the `.BTF` section of an object file: sizes, members, functions, sections.
 *
 * Source: include/uapi/linux/btf.h; Documentation/bpf/btf.rst
 */
import { readFileSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../../errors.ts';
import { malformed } from '../number.ts';
import {
  BTF_KIND,
  type BtfBlob,
  hashName,
  indexTypes,
  kindIn,
  openBtf,
  TYPE_WORDS,
  type TypeIndex,
} from './btf-format.ts';

/** One member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly typeId: number;
  /** From the start of the struct. Unit: bits. */
  readonly bitOffset: number;
  /** Unit: bits; 0 where the member is no bitfield. */
  readonly bitfieldSize: number;
}

/** One variable of a section such as `.maps` or `.bss`. */
export interface BtfSectionVariable {
  /** The id of the VAR (or of the FUNC, in `.ksyms`). */
  readonly typeId: number;
  /** From the start of the section. Unit: bytes. */
  readonly offset: number;
  /** Unit: bytes. */
  readonly size: number;
}

// Real types nest a few levels deep; whatever goes further is a cycle or was made to exhaust us.
const deepest = 64;
const longestName = 1024;

/**
 * The types of one BTF blob. Nothing but the header is looked at before the first question; an index of a kernel's
 * 5.5 MB takes about 10 ms and stays a few MB large. Ids are those of the blob, 0 is `void`.
 */
export class Btf {
  readonly #blob: BtfBlob;
  #index: TypeIndex | undefined;

  /** @throws KernelFileError when `bytes` is no BTF or is cut off. */
  constructor(bytes: Buffer, path: string) {
    this.#blob = openBtf(bytes, path);
  }

  /** The file that it was read from, for messages. */
  get path(): string {
    return this.#blob.path;
  }

  /** Whether it was written for a big-endian machine. */
  get bigEndian(): boolean {
    return this.#blob.bigEndian;
  }

  /** How many types there are; the largest type id. */
  get typeCount(): number {
    return this.#indexed().count;
  }

  /** One of `BTF_KIND`, or 0 for `void`. @throws KernelFileError when there is no such type. */
  kindOf(id: number): number {
    return id === 0 ? 0 : kindIn(this.#word(this.#at(id) + 1));
  }

  /** Empty for an anonymous type. @throws KernelFileError when there is no such type. */
  nameOf(id: number): string {
    return id === 0 ? 'void' : this.#string(this.#word(this.#at(id)));
  }

  /** The first type of that kind and name; `undefined` when there is none. @throws KernelFileError when damaged. */
  find(kind: number, name: string): number | undefined {
    const wanted = Buffer.from(name, 'latin1');
    if (wanted.length === 0) return undefined;
    const { heads, next } = this.#indexed();
    for (let id = heads[hashName(wanted, 0, kind) % heads.length] ?? 0; id !== 0; id = next[id] ?? 0) {
      if (this.kindOf(id) === kind && this.#isNamed(this.#word(this.#at(id)), wanted)) return id;
    }
    return undefined;
  }

  /** The id of `struct name`; `undefined` on kernels without it. @throws KernelFileError when damaged. */
  findStruct(name: string): number | undefined {
    return this.find(BTF_KIND.STRUCT, name);
  }

  /** The id of the function `name`; `undefined` on kernels without it. @throws KernelFileError when damaged. */
  findFunc(name: string): number | undefined {
    return this.find(BTF_KIND.FUNC, name);
  }

  /**
   * The type that a typedef, const, volatile, restrict or type tag stands for; any other id as it is.
   * @throws KernelFileError when the chain has no end.
   */
  resolve(id: number): number {
    let current = id;
    for (let steps = 0; steps < deepest; steps++) {
      const kind = this.kindOf(current);
      const modifier = (kind >= BTF_KIND.TYPEDEF && kind <= BTF_KIND.RESTRICT) || kind === BTF_KIND.TYPE_TAG;
      if (!modifier) return current;
      current = this.#sizeOrType(current);
    }
    throw this.#malformed(`type ${id} stands for a chain of types without an end`);
  }

  /** What a pointer points to, a VAR's, FUNC's or typedef's type. @throws KernelFileError for kinds that refer to none. */
  referredBy(id: number): number {
    const kind = this.kindOf(id);
    const refers =
      kind === BTF_KIND.PTR ||
      kind === BTF_KIND.VAR ||
      (kind >= BTF_KIND.TYPEDEF && kind <= BTF_KIND.FUNC_PROTO) ||
      kind === BTF_KIND.DECL_TAG ||
      kind === BTF_KIND.TYPE_TAG;
    if (!refers) throw this.#malformed(`type ${id} refers to no other type`);
    return this.#sizeOrType(id);
  }

  /**
   * The size of a value of this type. Pointers are 8 bytes unless the blob's `long` says otherwise.
   * Unit: bytes.
   * @throws KernelFileError for types without a size (void, functions, forward declarations) and for endless ones.
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
          size = this.#sizeOrType(current);
          break;
        case BTF_KIND.PTR:
          size = this.#pointerSize();
          break;
        case BTF_KIND.VAR:
          current = this.#sizeOrType(current);
          continue;
        case BTF_KIND.ARRAY: {
          const array = this.arrayOf(current);
          factor *= array.length;
          current = array.elementTypeId;
          break;
        }
        default:
          throw this.#malformed(`type ${current} ('${this.nameOf(current)}') has no size`);
      }
      if (!Number.isSafeInteger(factor * (size ?? 1)))
        throw this.#malformed(`type ${id} is larger than 2^53 bytes`);
      if (size !== undefined) return factor * size;
    }
    throw this.#malformed(`type ${id} is made of itself`);
  }

  /** The element type and the number of elements of an array. @throws KernelFileError when it is none. */
  arrayOf(id: number): { readonly elementTypeId: number; readonly length: number } {
    const at = this.#at(this.#expect(id, [BTF_KIND.ARRAY], 'array'));
    return { elementTypeId: this.#word(at + TYPE_WORDS), length: this.#word(at + TYPE_WORDS + 2) };
  }

  /** How many members a struct or union has. @throws KernelFileError when it is none. */
  memberCountOf(id: number): number {
    return this.#count(this.#expect(id, [BTF_KIND.STRUCT, BTF_KIND.UNION], 'struct or union'));
  }

  /** The members of a struct or union, in their order. @throws KernelFileError when it is none. */
  membersOf(id: number): BtfMember[] {
    return Array.from({ length: this.memberCountOf(id) }, (_, index) => this.#member(id, index));
  }

  /** The variables of a section. @throws KernelFileError when the type is no DATASEC. */
  variablesOf(id: number): BtfSectionVariable[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.DATASEC], 'section'));
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + 3 * index;
      return { typeId: this.#word(entry), offset: this.#word(entry + 1), size: this.#word(entry + 2) };
    });
  }

  /** The linkage of a variable: 0 static, 1 global, 2 extern. @throws KernelFileError when the type is no VAR. */
  linkageOf(id: number): number {
    return this.#word(this.#at(this.#expect(id, [BTF_KIND.VAR], 'variable')) + TYPE_WORDS);
  }

  /** The names and values of an enum, in their order. @throws KernelFileError when the type is no enum. */
  enumeratorsOf(id: number): { readonly name: string; readonly value: bigint }[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.ENUM, BTF_KIND.ENUM64], 'enum'));
    const signed = this.#word(at + 1) >>> 31 === 1;
    const long = this.kindOf(id) === BTF_KIND.ENUM64;
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + (long ? 3 : 2) * index;
      const low = BigInt(this.#word(entry + 1));
      const value = long ? (BigInt(this.#word(entry + 2)) << 32n) | low : low;
      const name = this.#string(this.#word(entry));
      return { name, value: signed ? BigInt.asIntN(long ? 64 : 32, value) : value };
    });
  }

  /**
   * A member by its path, such as `map.memory.pages`: through embedded structs by name, through anonymous structs and
   * unions without one. `undefined` where this kernel has no such struct or member.
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
   * Where a member lies, from the start of `struct structName`; paths as for `findMember`. `undefined` where this
   * kernel has no such struct or member. Unit: bytes.
   * @throws KernelFileError for a bitfield that starts inside a byte, and when the types are damaged.
   */
  memberOffset(structName: string, memberPath: string): number | undefined {
    const member = this.findMember(structName, memberPath);
    if (member === undefined) return undefined;
    if (member.bitOffset % 8 !== 0) throw this.#malformed(`${structName}.${memberPath} starts inside a byte`);
    return member.bitOffset / 8;
  }

  /**
   * The struct (or other type) behind a pointer member: `pointeeOf('bpf_htab', 'buckets')` is `struct bucket`, also where
   * another struct of that name exists. `undefined` when there is no such member or it is no pointer.
   * @throws KernelFileError when the types are damaged.
   */
  pointeeOf(structName: string, memberPath: string): number | undefined {
    const member = this.findMember(structName, memberPath);
    if (member === undefined) return undefined;
    const pointer = this.resolve(member.typeId);
    return this.kindOf(pointer) === BTF_KIND.PTR ? this.resolve(this.referredBy(pointer)) : undefined;
  }

  #searchMember(container: number, name: Buffer, seen: Set<number>, depth: number): BtfMember | undefined {
    if (depth > deepest) throw this.#malformed(`anonymous types are nested more than ${deepest} deep`);
    if (name.length === 0 || seen.has(container)) return undefined;
    seen.add(container);
    const at = this.#at(container) + TYPE_WORDS;
    for (let index = 0; index < this.memberCountOf(container); index++) {
      const nameOffset = this.#word(at + 3 * index);
      if (this.#blob.strings[nameOffset] !== 0) {
        if (this.#isNamed(nameOffset, name)) return this.#member(container, index);
        continue;
      }
      const outer = this.#member(container, index);
      const type = this.resolve(outer.typeId);
      if (!this.#isContainer(type)) continue;
      const inner = this.#searchMember(type, name, seen, depth + 1);
      if (inner !== undefined) return { ...inner, bitOffset: outer.bitOffset + inner.bitOffset };
    }
    return undefined;
  }

  #member(id: number, index: number): BtfMember {
    const at = this.#at(id);
    const entry = at + TYPE_WORDS + 3 * index;
    const offset = this.#word(entry + 2);
    const hasBitfields = this.#word(at + 1) >>> 31 === 1;
    return {
      name: this.#string(this.#word(entry)),
      typeId: this.#word(entry + 1),
      bitOffset: hasBitfields ? offset & 0xff_ffff : offset,
      bitfieldSize: hasBitfields ? offset >>> 24 : 0,
    };
  }

  #isContainer(id: number): boolean {
    const kind = this.kindOf(id);
    return kind === BTF_KIND.STRUCT || kind === BTF_KIND.UNION;
  }

  #count(id: number): number {
    return this.#word(this.#at(id) + 1) & 0xffff;
  }

  #expect(id: number, kinds: readonly number[], what: string): number {
    if (!kinds.includes(this.kindOf(id))) throw this.#malformed(`type ${id} is no ${what}`);
    return id;
  }

  #sizeOrType(id: number): number {
    return this.#word(this.#at(id) + 2);
  }

  #pointerSize(): number {
    for (const name of ['long unsigned int', 'unsigned long', 'long int', 'long']) {
      const id = this.find(BTF_KIND.INT, name);
      if (id !== undefined) return this.#sizeOrType(id) === 4 ? 4 : 8;
    }
    return 8;
  }

  #at(id: number): number {
    const at = id === 0 ? undefined : this.#indexed().offsets[id];
    if (at === undefined) throw this.#malformed(`there is no type ${id}`);
    return at;
  }

  // The index has proved that every entry of a type lies within the words.
  #word(at: number): number {
    return this.#blob.words[at] ?? 0;
  }

  #isNamed(offset: number, name: Buffer): boolean {
    const end = offset + name.length;
    return (
      end < this.#blob.strings.length &&
      this.#blob.strings[end] === 0 &&
      name.compare(this.#blob.strings, offset, end) === 0
    );
  }

  #string(offset: number): string {
    const end = this.#blob.strings.indexOf(0, offset);
    if (offset >= this.#blob.strings.length || end < 0)
      throw this.#malformed(`there is no string at ${offset}`);
    // A struct may have 65,535 members: without a limit the names of one made-up struct could fill the memory.
    if (end - offset > longestName) throw this.#malformed(`a name of ${end - offset} bytes at ${offset}`);
    return this.#blob.strings.toString('latin1', offset, end);
  }

  #indexed(): TypeIndex {
    this.#index ??= indexTypes(this.#blob);
    return this.#index;
  }

  #malformed(what: string): KernelFileError {
    return malformed(this.#blob.path, undefined, what);
  }
}

/**
 * The types of a kernel: the running one's, or those of a file made for another.
 * Source: /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF).
 * Since: Linux 5.4.
 * @throws KernelFileError with the errno, `ENOENT` on kernels built without BTF; or when the file is no BTF.
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
