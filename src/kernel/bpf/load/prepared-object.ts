/**
 * A BPF object that is ready for one kernel: everything that its types decide is decided. It survives JSON, so that it can be kept
 * for as long as the kernel is the same, and takes no types of the kernel to load.
 */
import type { GlobalVariable } from '../elf/object-maps.ts';
import type { MapSpec } from '../sys/bpf-attr.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';

/** A map that is to be created. */
export interface PreparedMap extends Pick<MapSpec, 'map_type' | 'key_size' | 'value_size' | 'max_entries'> {
  /** The variable's name; the section's for global variables. */
  readonly name: string;
  readonly map_flags: number;
  readonly map_extra?: bigint;
  /** Has one entry for each possible CPU. */
  readonly entriesPerCpu?: true;
  /** What its only value starts as. */
  readonly data?: Buffer;
  readonly variables: readonly GlobalVariable[];
  readonly frozen: boolean;
  /** The types of its keys and values in the object's BTF. */
  readonly types?: { readonly key: number; readonly value: number };
  /** The maps that this map of maps holds. */
  readonly inner?: PreparedMap;
}

/** An instruction that takes the descriptor of a map, and what it takes of it. */
export interface MapReference {
  readonly instruction: number;
  readonly map: string;
}

/** An instruction that takes the address of a symbol of the running kernel, which differs from boot to boot. */
export interface SymbolReference {
  readonly instruction: number;
  readonly symbol: string;
  /** Whether 0 will do. */
  readonly weak: boolean;
}

/** An instruction that has no right form on this kernel. */
export interface UnmetReference {
  readonly instruction: number;
  readonly reason: string;
}

/** A program that is to be loaded, with all functions that it calls behind it. */
export interface PreparedProgram {
  readonly name: string;
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  readonly sleepable: boolean;
  /** What it is attached to in the kernel's BTF. */
  readonly attachBtfId?: number;
  /** Why this kernel can't run it: what it is attached to is missing. */
  readonly unavailable?: string;
  readonly instructions: Buffer;
  readonly maps: readonly MapReference[];
  readonly symbols: readonly SymbolReference[];
  readonly unmet: readonly UnmetReference[];
  /** `struct bpf_func_info` of all its functions; absent where the program can be loaded without types. */
  readonly functionInfo?: Buffer;
  /** `struct bpf_line_info`. */
  readonly lineInfo?: Buffer;
}

/** An object that is ready for one kernel. */
export interface PreparedObject {
  readonly name: string;
  readonly byteOrder: ByteOrder;
  readonly license: string;
  readonly maps: readonly PreparedMap[];
  readonly programs: readonly PreparedProgram[];
  /** The object's own types, as BPF_BTF_LOAD takes them; absent where nothing needs them. */
  readonly btf?: Buffer;
}

/** A prepared object in a form that survives JSON. */
export type EncodedObject = Encoded<PreparedObject>;

type Encoded<T> = T extends Buffer
  ? { readonly base64: string }
  : T extends bigint
    ? { readonly bigint: string }
    : T extends readonly (infer Item)[]
      ? readonly Encoded<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Encoded<T[Key]> }
        : T;

/** A prepared object as what JSON can hold. */
export function encodePreparedObject(object: PreparedObject): EncodedObject {
  return encode(object) as EncodedObject;
}

/** The prepared object that was encoded. */
export function decodePreparedObject(encoded: EncodedObject): PreparedObject {
  return decode(encoded) as PreparedObject;
}

function encode(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (typeof value === 'bigint') return { bigint: value.toString() };
  if (Array.isArray(value)) return value.map(encode);
  return mapValues(value, encode);
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  if ('base64' in value) return Buffer.from(String(value.base64), 'base64');
  if ('bigint' in value) return BigInt(String(value.bigint));
  return mapValues(value, decode);
}

function mapValues(value: unknown, change: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, change(each)]));
}
