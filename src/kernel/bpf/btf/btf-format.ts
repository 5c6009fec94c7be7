/**
 * The binary layout of the BPF Type Format: the header, the offset of each type, and lookup by name.
 *
 *   header (24 bytes or more) | types: a run of 32-bit words | strings: NUL-terminated, the first one empty
 *   type: name offset, kind and count, size or type id, then `count` entries whose form depends on the kind
 *
 * Source: include/uapi/linux/btf.h; Documentation/bpf/btf.rst
 */
import { endianness } from 'node:os';
import { malformed } from '../../number.ts';

/**
 * The kinds of a BTF type.
 * Source: include/uapi/linux/btf.h, `BTF_KIND_*`.
 */
export const BTF_KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** The words that every type starts with: name offset, kind and count, size or type id. */
export const TYPE_WORDS = 3;

/** One BTF blob, split into its sections; only the header has been checked. */
export interface BtfBlob {
  /** The file that it was read from, for messages. */
  readonly path: string;
  readonly bigEndian: boolean;
  /** The types, in this machine's byte order. */
  readonly words: Uint32Array;
  /** Begins and ends with a NUL. */
  readonly strings: Buffer;
}

/**
 * An index of the types of a blob. Every entry of an indexed type is verified to be within the type section.
 */
export interface TypeIndex {
  /** By type id: offset of the type in words; entry 0 (void) is unused. */
  readonly offsets: Uint32Array;
  /** Number of types, which is also the largest type id. */
  readonly count: number;
  /** By hash of kind and name: the first type id; 0 for none. */
  readonly heads: Uint32Array;
  /** By type id: the next larger id with the same hash; 0 for none. */
  readonly next: Uint32Array;
}

const magic = 0xeb9f;
const hashedBytes = 32;

/**
 * Checks the header and splits the blob into its sections.
 * @throws KernelFileError if `bytes` is not valid BTF or is truncated.
 */
export function openBtf(bytes: Buffer, path: string): BtfBlob {
  if (bytes.length < 24) {
    throw malformed(path, undefined, `BTF header is truncated (${bytes.length} bytes)`);
  }
  const bigEndian = bytes.readUInt16BE(0) === magic;
  if (!bigEndian && bytes.readUInt16LE(0) !== magic) {
    throw malformed(path, undefined, 'not BTF: bad magic, expected 0xeb9f');
  }
  const word = (offset: number) => (bigEndian ? bytes.readUInt32BE(offset) : bytes.readUInt32LE(offset));
  const version = bytes.readUInt8(2);
  if (version !== 1) throw malformed(path, undefined, `unsupported BTF version ${version}, expected 1`);
  const header = word(4);
  if (header < 24 || header > bytes.length)
    throw malformed(path, undefined, `invalid BTF header length ${header}`);
  const section = (name: string, offset: number, length: number) => {
    const end = header + offset + length;
    if (end > bytes.length) {
      throw malformed(
        path,
        undefined,
        `BTF ${name} end at byte ${end}, past the end of the file (${bytes.length} bytes)`,
      );
    }
    return bytes.subarray(end - length, end);
  };
  const types = section('types', word(8), word(12));
  const strings = section('strings', word(16), word(20));
  if (types.length % 4 !== 0) {
    throw malformed(path, undefined, `BTF type section of ${types.length} bytes is not a multiple of 4`);
  }
  if (strings.at(0) !== 0 || strings.at(-1) !== 0) {
    throw malformed(path, undefined, 'BTF strings do not start and end with a NUL');
  }
  return { path, bigEndian, words: toWords(types, bigEndian), strings };
}

function toWords(bytes: Buffer, bigEndian: boolean): Uint32Array {
  const foreign = bigEndian !== (endianness() === 'BE');
  if (!foreign && bytes.byteOffset % 4 === 0) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  // A small Buffer may be at any offset in Node's shared pool: only a separate allocation is aligned.
  const words = new Uint32Array(bytes.length / 4);
  const copy = Buffer.from(words.buffer);
  bytes.copy(copy);
  if (foreign) copy.swap32();
  return words;
}

/** Types that are indexed in one step: less than a millisecond, or 10 ms where the machine is emulated. */
const TYPES_PER_STEP = 4096;

/**
 * Indexes all types: about 15 ms for the 126,000 types of a kernel, in short steps.
 * @throws KernelFileError if a type has an unknown kind, is truncated, or its name is outside the string
 * section.
 */
export function* indexTypes(blob: BtfBlob): Generator<void, TypeIndex, void> {
  const { words, strings, path } = blob;
  const offsets = new Uint32Array(Math.floor(words.length / TYPE_WORDS) + 1);
  let count = 0;
  for (let at = 0; at < words.length; ) {
    const info = words[at + 1] ?? 0;
    const kind = kindIn(info);
    const extra = extraWords(kind, info & 0xffff);
    if (extra === undefined) {
      throw malformed(path, undefined, `BTF type ${count + 1} has unknown kind ${kind}`);
    }
    if (at + TYPE_WORDS + extra > words.length) {
      throw malformed(path, undefined, `BTF type ${count + 1} is truncated`);
    }
    count += 1;
    offsets[count] = at;
    at += TYPE_WORDS + extra;
    if (count % TYPES_PER_STEP === 0) yield;
  }
  const heads = new Uint32Array(Math.max(16, count >>> 1) | 1);
  const next = new Uint32Array(count + 1);
  // In descending order, so that each chain starts with the lowest id, which is the one that other tools use.
  for (let id = count; id > 0; id--) {
    if (id % TYPES_PER_STEP === 0) yield;
    const at = offsets[id] ?? 0;
    const name = words[at] ?? 0;
    if (name >= strings.length) {
      throw malformed(path, undefined, `name of BTF type ${id} is outside the string section`);
    }
    if (name === 0) continue;
    const bucket = hashName(strings, name, kindIn(words[at + 1] ?? 0)) % heads.length;
    next[id] = heads[bucket] ?? 0;
    heads[bucket] = id;
  }
  return { offsets: offsets.subarray(0, count + 1), count, heads, next };
}

/** The kind in the second word of a type. */
export function kindIn(info: number): number {
  return (info >>> 24) & 0x1f;
}

/**
 * Hashes a kind and the first characters of the name at `start`. The length is bounded because in a malicious
 * file every type may have the same name, as long as the file.
 */
export function hashName(bytes: Buffer, start: number, kind: number): number {
  let value = kind;
  for (let at = start; at < start + hashedBytes; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) break;
    value = (Math.imul(value, 31) + byte) | 0;
  }
  return (value ^ (value >>> 15)) >>> 0;
}

function extraWords(kind: number, count: number): number | undefined {
  switch (kind) {
    case BTF_KIND.PTR:
    case BTF_KIND.FWD:
    case BTF_KIND.TYPEDEF:
    case BTF_KIND.VOLATILE:
    case BTF_KIND.CONST:
    case BTF_KIND.RESTRICT:
    case BTF_KIND.FUNC:
    case BTF_KIND.FLOAT:
    case BTF_KIND.TYPE_TAG:
      return 0;
    case BTF_KIND.INT:
    case BTF_KIND.VAR:
    case BTF_KIND.DECL_TAG:
      return 1;
    case BTF_KIND.ENUM:
    case BTF_KIND.FUNC_PROTO:
      return 2 * count;
    case BTF_KIND.ARRAY:
      return 3;
    case BTF_KIND.STRUCT:
    case BTF_KIND.UNION:
    case BTF_KIND.DATASEC:
    case BTF_KIND.ENUM64:
      return 3 * count;
    default:
      return undefined;
  }
}
