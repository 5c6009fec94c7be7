/**
 * The types of one BTF blob: kind, name and contents of each.
 *
 * Source: include/uapi/linux/btf.h; Documentation/bpf/btf.rst
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import { finishSteps } from '../../steps.ts';
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

/** The encoding of an integer. */
export interface BtfInteger {
  readonly signed: boolean;
  readonly isChar: boolean;
  readonly isBool: boolean;
  /** Offset of the first bit. Only old compilers set it, to describe bit fields. Unit: bits. */
  readonly bitOffset: number;
  /** Unit: bits. */
  readonly bits: number;
}

/** One parameter of a function. */
export interface BtfParameter {
  /** Often empty. */
  readonly name: string;
  /** 0 if it is the last parameter and stands for `...`. */
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
 * The types of one BTF blob. The index is built on first use; for the 5.5 MB of a kernel that takes about 10
 * ms and a few MB of memory. Ids are those of the blob; 0 is `void`.
 */
export class BtfTypes {
  readonly #blob: BtfBlob;
  #index: TypeIndex | undefined;
  /** Members of structs and unions, cached because relocations look up the same few repeatedly. */
  readonly #members = new Map<number, readonly BtfMember[]>();

  /** @throws KernelFileError if `bytes` is not valid BTF or is truncated. */
  constructor(bytes: Buffer, path: string) {
    this.#blob = openBtf(bytes, path);
  }

  /** The file that it was read from, for messages. */
  get path(): string {
    return this.#blob.path;
  }

  /** The underlying types and strings. */
  get blob(): BtfBlob {
    return this.#blob;
  }

  /** Whether it is big-endian. */
  get bigEndian(): boolean {
    return this.#blob.bigEndian;
  }

  /** Builds the index, in short steps, so that no later call has to. @throws KernelFileError when damaged. */
  *buildIndex(): Generator<void, void, void> {
    this.#index ??= yield* indexTypes(this.#blob);
  }

  /** Number of types, which is also the largest type id. @throws KernelFileError when damaged. */
  get typeCount(): number {
    return this.#indexed().count;
  }

  /** One of `BTF_KIND`, or 0 for `void`. @throws KernelFileError if the type does not exist. */
  kindOf(id: number): number {
    return id === 0 ? 0 : kindIn(this.#word(this.#at(id) + 1));
  }

  /** Empty for an anonymous type. @throws KernelFileError if the type does not exist. */
  nameOf(id: number): string {
    return id === 0 ? 'void' : this.#string(this.#word(this.#at(id)));
  }

  /**
   * The first type of that kind and name; `undefined` if none exists.
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
   * The type that a pointer, VAR, FUNC or typedef refers to.
   * @throws KernelFileError if the kind does not refer to another type.
   */
  referredBy(id: number): number {
    const kind = this.kindOf(id);
    const refers =
      kind === BTF_KIND.PTR ||
      kind === BTF_KIND.VAR ||
      (kind >= BTF_KIND.TYPEDEF && kind <= BTF_KIND.FUNC_PROTO) ||
      kind === BTF_KIND.DECL_TAG ||
      kind === BTF_KIND.TYPE_TAG;
    if (!refers) throw this.malformed(`type ${id} does not refer to another type`);
    return this.sizeOrType(id);
  }

  /** The element type and the length of an array. @throws KernelFileError if the type is not an array. */
  arrayOf(id: number): { readonly elementTypeId: number; readonly length: number } {
    const at = this.#at(this.#expect(id, [BTF_KIND.ARRAY], 'an array'));
    return { elementTypeId: this.#word(at + TYPE_WORDS), length: this.#word(at + TYPE_WORDS + 2) };
  }

  /** Number of members of a struct or union. @throws KernelFileError if the type is neither. */
  memberCountOf(id: number): number {
    return this.#count(this.#expect(id, [BTF_KIND.STRUCT, BTF_KIND.UNION], 'a struct or union'));
  }

  /** The members of a struct or union, in order. @throws KernelFileError if the type is neither. */
  membersOf(id: number): readonly BtfMember[] {
    const known = this.#members.get(id);
    if (known !== undefined) return known;
    const members = Array.from({ length: this.memberCountOf(id) }, (_, index) => this.member(id, index));
    this.#members.set(id, members);
    return members;
  }

  /** The variables of a section. @throws KernelFileError if the type is not a DATASEC. */
  variablesOf(id: number): BtfSectionVariable[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.DATASEC], 'a section'));
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + 3 * index;
      return { typeId: this.#word(entry), offset: this.#word(entry + 1), size: this.#word(entry + 2) };
    });
  }

  /** The encoding of an INT. @throws KernelFileError if the type is not an INT. */
  integerOf(id: number): BtfInteger {
    const word = this.#word(this.#at(this.#expect(id, [BTF_KIND.INT], 'a number')) + TYPE_WORDS);
    const encoding = (word >>> 24) & 0x0f;
    return {
      signed: (encoding & 1) !== 0,
      isChar: (encoding & 2) !== 0,
      isBool: (encoding & 4) !== 0,
      bitOffset: (word >>> 16) & 0xff,
      bits: word & 0xff,
    };
  }

  /** The parameters of a FUNC_PROTO. @throws KernelFileError if the type is not a FUNC_PROTO. */
  parametersOf(id: number): BtfParameter[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.FUNC_PROTO], 'a function prototype'));
    return Array.from({ length: this.#count(id) }, (_, index) => {
      const entry = at + TYPE_WORDS + 2 * index;
      return { name: this.#string(this.#word(entry)), typeId: this.#word(entry + 1) };
    });
  }

  /**
   * The linkage of a function: 0 static, 1 global, 2 extern.
   * @throws KernelFileError if the type is not a FUNC.
   */
  functionLinkageOf(id: number): number {
    return this.#count(this.#expect(id, [BTF_KIND.FUNC], 'a function'));
  }

  /**
   * The index of the member or parameter that a DECL_TAG applies to; -1 for the whole type.
   * @throws KernelFileError if the type is not a DECL_TAG.
   */
  taggedComponentOf(id: number): number {
    return this.#word(this.#at(this.#expect(id, [BTF_KIND.DECL_TAG], 'a declaration tag')) + TYPE_WORDS) | 0;
  }

  /**
   * The kind flag of a type: a struct has bit fields, a FWD is a union, an enum is signed.
   * @throws KernelFileError if the type does not exist.
   */
  flagOf(id: number): boolean {
    return id !== 0 && this.#word(this.#at(id) + 1) >>> 31 === 1;
  }

  /**
   * The linkage of a variable: 0 static, 1 global, 2 extern.
   * @throws KernelFileError if the type is not a VAR.
   */
  linkageOf(id: number): number {
    return this.#word(this.#at(this.#expect(id, [BTF_KIND.VAR], 'a variable')) + TYPE_WORDS);
  }

  /** The names and values of an enum, in order. @throws KernelFileError if the type is not an enum. */
  enumeratorsOf(id: number): { readonly name: string; readonly value: bigint }[] {
    const at = this.#at(this.#expect(id, [BTF_KIND.ENUM, BTF_KIND.ENUM64], 'an enum'));
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
   * The string at an offset, such as the access string of a CO-RE relocation.
   * @throws KernelFileError if the offset is outside the string section or the string is too long.
   */
  string(offset: number): string {
    return this.#string(offset);
  }

  /** A member of a struct or union, by index. @throws KernelFileError if the type does not exist. */
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

  /** Offset of a member's name in the string section. @throws KernelFileError if the type does not exist. */
  protected memberNameOffset(id: number, index: number): number {
    return this.#word(this.#at(id) + TYPE_WORDS + 3 * index);
  }

  /**
   * The third word of a type: its size, or the id of another type.
   * @throws KernelFileError if the type does not exist.
   */
  protected sizeOrType(id: number): number {
    return this.#word(this.#at(id) + 2);
  }

  /** Whether the string at `offset` equals the name; avoids decoding it. */
  protected isNamed(offset: number, name: Buffer): boolean {
    const end = offset + name.length;
    return (
      end < this.#blob.strings.length &&
      this.#blob.strings[end] === 0 &&
      name.compare(this.#blob.strings, offset, end) === 0
    );
  }

  /** Whether the string at `offset` is empty. */
  protected isNameless(offset: number): boolean {
    return this.#blob.strings[offset] === 0;
  }

  /** The error for inconsistent types. */
  protected malformed(what: string): KernelFileError {
    return malformed(this.#blob.path, undefined, what);
  }

  #count(id: number): number {
    return this.#word(this.#at(id) + 1) & 0xffff;
  }

  #expect(id: number, kinds: readonly number[], what: string): number {
    if (!kinds.includes(this.kindOf(id))) throw this.malformed(`type ${id} is not ${what}`);
    return id;
  }

  #at(id: number): number {
    const at = id === 0 ? undefined : this.#indexed().offsets[id];
    if (at === undefined) throw this.malformed(`type ${id} does not exist`);
    return at;
  }

  // The index has verified that all entries of a type are within the type section.
  #word(at: number): number {
    return this.#blob.words[at] ?? 0;
  }

  #string(offset: number): string {
    const end = this.#blob.strings.indexOf(0, offset);
    if (offset >= this.#blob.strings.length || end < 0) throw this.malformed(`no string at offset ${offset}`);
    // A struct may have 65,535 members: without a limit, the names of one malicious struct could exhaust
    // memory.
    if (end - offset > longestName)
      throw this.malformed(`name at offset ${offset} is too long (${end - offset} bytes)`);
    return this.#blob.strings.toString('latin1', offset, end);
  }

  #indexed(): TypeIndex {
    this.#index ??= finishSteps(indexTypes(this.#blob));
    return this.#index;
  }
}
