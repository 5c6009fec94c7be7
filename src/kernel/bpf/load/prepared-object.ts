/**
 * A BPF object prepared for one kernel: everything that depends on kernel types is resolved. It can be
 * serialised as JSON and cached for that kernel, and is loaded without the kernel's types.
 */
import type { GlobalVariable } from '../elf/object-maps.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';
import type { MapDefinition } from './create-defined-map.ts';

/** A map to create. */
export interface PreparedMap extends MapDefinition {
  /** The name of the variable; for global variables, of the section. */
  readonly name: string;
  /** Initial value of its only entry. */
  readonly data?: Buffer;
  readonly variables: readonly GlobalVariable[];
  readonly frozen: boolean;
  /** Key and value types in the object's BTF. */
  readonly types?: { readonly key: number; readonly value: number };
}

/** An instruction that loads a map descriptor, or an address in the map's value. */
export interface MapReference {
  readonly instruction: number;
  readonly map: string;
}

/** An instruction that loads the address of a kernel symbol, which differs per boot. */
export interface SymbolReference {
  readonly instruction: number;
  readonly symbol: string;
  /** Whether address 0 is acceptable. */
  readonly weak: boolean;
}

/** An instruction that cannot be relocated on this kernel. */
export interface UnmetReference {
  readonly instruction: number;
  readonly reason: string;
}

/** A program to load, linked with all functions that it calls. */
export interface PreparedProgram {
  readonly name: string;
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
  readonly sleepable: boolean;
  /** Attach target in the kernel's BTF. */
  readonly attachBtfId?: number;
  /** Why this kernel cannot run it: its attach target is missing. */
  readonly unavailable?: string;
  readonly instructions: Buffer;
  readonly maps: readonly MapReference[];
  readonly symbols: readonly SymbolReference[];
  readonly unmet: readonly UnmetReference[];
  /** `struct bpf_func_info` of all its functions; absent if the program can be loaded without types. */
  readonly functionInfo?: Buffer;
  /** `struct bpf_line_info`. */
  readonly lineInfo?: Buffer;
}

/** An object prepared for one kernel. */
export interface PreparedObject {
  readonly name: string;
  readonly byteOrder: ByteOrder;
  readonly license: string;
  readonly maps: readonly PreparedMap[];
  readonly programs: readonly PreparedProgram[];
  /** The types of the object in the format of BPF_BTF_LOAD; absent if they are not needed. */
  readonly btf?: Buffer;
}

/** The JSON form of a prepared object. */
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

/** Encodes a prepared object as JSON. */
export function encodePreparedObject(object: PreparedObject): EncodedObject {
  return encode(object) as EncodedObject;
}

/** More than a prepared object has: object, programs, program, maps, reference, value. */
const MAX_LEVELS = 12;

/** Whether arrays and objects are nested this deep at most; looks no deeper than that. */
function isNestedUpTo(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isNestedUpTo(levels - 1, each));
}

/**
 * Whether parsed JSON has the shape of an encoded object, as far as loading it depends on that, and can be
 * decoded.
 */
export function isEncodedObject(value: unknown, name: string): value is EncodedObject {
  if (typeof value !== 'object' || value === null || !isNestedUpTo(MAX_LEVELS, value)) return false;
  const object = value as Partial<EncodedObject>;
  const isBytes = (bytes: unknown) =>
    typeof bytes === 'object' && bytes !== null && 'base64' in bytes && typeof bytes.base64 === 'string';
  return (
    object.name === name &&
    typeof object.byteOrder === 'string' &&
    typeof object.license === 'string' &&
    (object.btf === undefined || isBytes(object.btf)) &&
    Array.isArray(object.maps) &&
    Array.isArray(object.programs) &&
    object.programs.every(
      (program) =>
        isBytes(program?.instructions) &&
        [program.maps, program.symbols, program.unmet].every((references) => Array.isArray(references)),
    )
  );
}

/** Decodes a prepared object. */
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
