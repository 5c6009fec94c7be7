/**
 * The types of one BTF blob, each on its own: its kind, its name, what its words say.
 *
 * Source: include/uapi/linux/btf.h; Documentation/bpf/btf.rst
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
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
  /** Unit: bits; 0 if the member is not a bitfield. */
  readonly bitfieldSize: number;
}

/** How a number is stored. */
export interface BtfInteger {
  readonly signed: boolean;
  readonly isChar: boolean;
  readonly isBool: boolean;
  /** Where its bits start: not 0 only in the way of old compilers to describe bit fields. Unit: bits. */
  readonly bitOffset: number;
  /** Unit: bits. */
  readonly bits: number;
}

/** One parameter of a function. */
export interface BtfParameter {
  /** Often empty. */
  readonly name: string;
  /** 0 as the last one stands for `...`. */
  readonly typeId: number;
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

const longestName = 1024;

/**
 * The types of one BTF blob. Nothing but the header is looked at before the first question; an index of a
 * kernel's 5.5 MB takes about 10 ms and stays a few MB large. Ids are those of the blob, 0 is `void`.
 */
export class BtfTypes {
  readonly #blob: BtfBlob;
  #index: TypeIndex | undefined;
  /** Of the structs and unions that were asked for: relocations ask for the same few again and again. */
  readonly #members = new Map<number, readonly BtfMember[]>();

  /** @throws KernelFileError when `bytes` is no BTF or is cut off. */
  constructor(bytes: Buffer, path: string) {
    this.#blob = openBtf(bytes, path);
  }

  /** The file that it was read from, for messages. */
  get path(): string {
    return this.#blob.path;
  }

  /** The words and strings that it is made of. */
  get blob(): BtfBlob {
    return this.#blob;
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

  /**
   * The first type of that kind and name; `undefined` when there is none.
   * @throws KernelFileError when damaged.
   */
  find(kind: number, name: string): number | undefined {
    const wanted = Buffer.from(name, 'latin1');
    if (wanted.length === 0) return undefined;
    const { heads, next } = this.#indexed();
    for (let id = heads[hashName(wanted, 0, kind) % heads.length] ?? 0; id !== 0; id = next[id] ?? 0) {
      if (this.kindOf(id) === kind && this.isNamed(this.#word(this.#at(id)), wanted)) return id;
    }
    return undefined;
  }

  /** All types of that kind and name, by ascending id. @throws KernelFileError when damaged. */
  findAll(kind: number, name: string): number[] {
    const wanted = Buffer.from(name, 'latin1');
    const found: number[] = [];
    if (wanted.length === 0) return found;
    const { heads, next } = this.#indexed();
    for (let id = heads[hashName(wanted, 0, kind) % heads.length] ?? 0; id !== 0; id = next[id] ?? 0) {
      if (this.kindOf(id) === kind && this.isNamed(this.#word(this.#at(id)), wanted)) found.push(id);
    }
    return found;
  }

  /** The id of `struct name`; `undefined` on kernels without it. @throws KernelFileError when damaged. */
  findStruct(name: string): number | undefined {
    return this.find(BTF_KIND.STRUCT, name);
  }

  /**
   * The id of the function `name`; `undefined` on kernels without it.
   * @throws KernelFileError when damaged.
   */
  findFunc(name: string): number | undefined {
    return this.find(BTF_KIND.FUNC, name);
  }

  /**
   * What a pointer points to, a VAR's, FUNC's or typedef's type.
   * @throws KernelFileError for kinds that refer to none.
   */
  referredBy(id: number): number {
    const kind = this.kindOf(id);
    const refers =
      kind === BTF_KIND.PTR ||
      kind === BTF_KIND.VAR ||
      (kind >= BTF_KIND.TYPEDEF && kind <= BTF_KIND.FUNC_PROTO) ||
      kind === BTF_KIND.DECL_TAG ||
      kind === BTF_KIND.TYPE_TAG;
    if (!refers) throw this.malformed(`type ${id} refers to no other type`);
    return this.sizeOrType(id);
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
  membersOf(id: number): readonly BtfMember[] {
    const known = this.#members.get(id);
    if (known !== undefined) return known;
    const members = Array.from({ length: this.memberCountOf(id) }, (_, index) => this.member(id, index));
    this.#members.set(id, members);
    return members;
  }

  /** The variables of a section. @throws KernelFileError when the type is no DATASEC. */
  variablesOf(id: number): BtfSectionVariable[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.DATASEC], 'section'));
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + 3 * index;
      return { typeId: this.#word(entry), offset: this.#word(entry + 1), size: this.#word(entry + 2) };
    });
  }

  /** How an INT is stored. @throws KernelFileError when the type is none. */
  integerOf(id: number): BtfInteger {
    const word = this.#word(this.#at(this.#expect(id, [BTF_KIND.INT], 'number')) + TYPE_WORDS);
    const encoding = (word >>> 24) & 0x0f;
    return {
      signed: (encoding & 1) !== 0,
      isChar: (encoding & 2) !== 0,
      isBool: (encoding & 4) !== 0,
      bitOffset: (word >>> 16) & 0xff,
      bits: word & 0xff,
    };
  }

  /** The parameters of a FUNC_PROTO. @throws KernelFileError when the type is none. */
  parametersOf(id: number): BtfParameter[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.FUNC_PROTO], 'function prototype'));
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + 2 * index;
      return { name: this.#string(this.#word(entry)), typeId: this.#word(entry + 1) };
    });
  }

  /**
   * The linkage of a function: 0 static, 1 global, 2 extern.
   * @throws KernelFileError when the type is no FUNC.
   */
  functionLinkageOf(id: number): number {
    return this.#count(this.#expect(id, [BTF_KIND.FUNC], 'function'));
  }

  /**
   * Which member or parameter a DECL_TAG is about; -1 where it is about the whole type.
   * @throws KernelFileError when the type is no DECL_TAG.
   */
  taggedComponentOf(id: number): number {
    return this.#word(this.#at(this.#expect(id, [BTF_KIND.DECL_TAG], 'declaration tag')) + TYPE_WORDS) | 0;
  }

  /**
   * The flag of a type: of a struct that it has bit fields, of a FWD that it is a union, of an enum that its
   * values are signed.
   * @throws KernelFileError when there is no such type.
   */
  flagOf(id: number): boolean {
    return id !== 0 && this.#word(this.#at(id) + 1) >>> 31 === 1;
  }

  /**
   * The linkage of a variable: 0 static, 1 global, 2 extern.
   * @throws KernelFileError when the type is no VAR.
   */
  linkageOf(id: number): number {
    return this.#word(this.#at(this.#expect(id, [BTF_KIND.VAR], 'variable')) + TYPE_WORDS);
  }

  /** The names and values of an enum, in their order. @throws KernelFileError if the type is not an enum. */
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
   * The text at an offset of the strings, such as the path of a CO-RE relocation.
   * @throws KernelFileError when it lies outside the strings, or is longer than any name.
   */
  string(offset: number): string {
    return this.#string(offset);
  }

  /** A member of a struct or union, by its place. */
  protected member(id: number, index: number): BtfMember {
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

  /** Where in the strings the name of a member is. */
  protected memberNameOffset(id: number, index: number): number {
    return this.#word(this.#at(id) + TYPE_WORDS + 3 * index);
  }

  /** The third word of a type: its size or another type's id. */
  protected sizeOrType(id: number): number {
    return this.#word(this.#at(id) + 2);
  }

  /** Whether that name is at `offset` of the strings; faster than to take it out. */
  protected isNamed(offset: number, name: Buffer): boolean {
    const end = offset + name.length;
    return (
      end < this.#blob.strings.length &&
      this.#blob.strings[end] === 0 &&
      name.compare(this.#blob.strings, offset, end) === 0
    );
  }

  /** Whether the name at `offset` of the strings is empty. */
  protected isNameless(offset: number): boolean {
    return this.#blob.strings[offset] === 0;
  }

  /** The error for types that contradict themselves. */
  protected malformed(what: string): KernelFileError {
    return malformed(this.#blob.path, undefined, what);
  }

  #count(id: number): number {
    return this.#word(this.#at(id) + 1) & 0xffff;
  }

  #expect(id: number, kinds: readonly number[], what: string): number {
    if (!kinds.includes(this.kindOf(id))) throw this.malformed(`type ${id} is not a ${what}`);
    return id;
  }

  #at(id: number): number {
    const at = id === 0 ? undefined : this.#indexed().offsets[id];
    if (at === undefined) throw this.malformed(`there is no type ${id}`);
    return at;
  }

  // The index has proved that every entry of a type lies within the words.
  #word(at: number): number {
    return this.#blob.words[at] ?? 0;
  }

  #string(offset: number): string {
    const end = this.#blob.strings.indexOf(0, offset);
    if (offset >= this.#blob.strings.length || end < 0)
      throw this.malformed(`there is no string at ${offset}`);
    // A struct may have 65,535 members: without a limit the names of one made-up struct could fill the
    // memory.
    if (end - offset > longestName) throw this.malformed(`a name of ${end - offset} bytes at ${offset}`);
    return this.#blob.strings.toString('latin1', offset, end);
  }

  #indexed(): TypeIndex {
    this.#index ??= indexTypes(this.#blob);
    return this.#index;
  }
}
