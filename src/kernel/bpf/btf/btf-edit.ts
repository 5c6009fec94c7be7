/**
 * Editing BTF: decodes the types of an object, changes them, and encodes them again in their original byte
 * order.
 */
import { finishSteps } from '../../steps.ts';
import type { Btf } from './btf.ts';
import { type BtfBlob, indexTypes, kindIn, TYPE_WORDS } from './btf-format.ts';

const MAGIC = 0xeb9f;
const HEADER_SIZE = 24;

/** One type in parts. Source: include/uapi/linux/btf.h, `struct btf_type` */
export interface RawType {
  /** Offset of the name in the string section. */
  name: number;
  kind: number;
  /** Number of members, values, parameters or variables; for a function, its linkage. */
  count: number;
  flag: boolean;
  sizeOrType: number;
  /** The data after the common header; its form depends on the kind. */
  words: number[];
}

/** The types of an object, editable in place. Source: Documentation/bpf/btf.rst. */
export class BtfEditor {
  /** Indexed by type id; entry 0 (void) is absent. */
  readonly types: RawType[] = [];
  readonly #blob: BtfBlob;
  #strings: Buffer;

  /** @throws KernelFileError when the types are damaged. */
  constructor(btf: Btf) {
    this.#blob = btf.blob;
    this.#strings = this.#blob.strings;
    const { words } = this.#blob;
    const { offsets, count } = finishSteps(indexTypes(this.#blob));
    for (let id = 1; id <= count; id++) {
      const at = offsets[id] ?? 0;
      const end = id < count ? (offsets[id + 1] ?? 0) : words.length;
      const info = words[at + 1] ?? 0;
      this.types[id] = {
        name: words[at] ?? 0,
        kind: kindIn(info),
        count: info & 0xffff,
        flag: info >>> 31 === 1,
        sizeOrType: words[at + 2] ?? 0,
        words: [...words.subarray(at + TYPE_WORDS, end)],
      };
    }
  }

  /** Adds a type; returns its id. */
  add(type: RawType): number {
    const id = Math.max(1, this.types.length);
    this.types[id] = type;
    return id;
  }

  /** Adds a string; returns its offset. */
  addString(text: string): number {
    const offset = this.#strings.length;
    this.#strings = Buffer.concat([this.#strings, Buffer.from(`${text}\0`, 'latin1')]);
    return offset;
  }

  /** The types in the format that BPF_BTF_LOAD expects. */
  toBytes(): Buffer {
    const words = this.types.slice(1).flatMap(({ name, kind, count, flag, sizeOrType, words: rest }) => {
      const info = ((flag ? 0x8000_0000 : 0) + kind * 0x100_0000 + count) >>> 0;
      return [name, info, sizeOrType, ...rest];
    });
    const { bigEndian } = this.#blob;
    const types = Buffer.alloc(4 * words.length);
    const header = Buffer.alloc(HEADER_SIZE);
    const writeWord = (buffer: Buffer, at: number, value: number) =>
      bigEndian ? buffer.writeUInt32BE(value >>> 0, at) : buffer.writeUInt32LE(value >>> 0, at);
    for (const [index, word] of words.entries()) writeWord(types, 4 * index, word);
    if (bigEndian) header.writeUInt16BE(MAGIC, 0);
    else header.writeUInt16LE(MAGIC, 0);
    header.writeUInt8(1, 2);
    const fields = [HEADER_SIZE, 0, types.length, types.length, this.#strings.length];
    for (const [index, field] of fields.entries()) writeWord(header, 4 + 4 * index, field);
    return Buffer.concat([header, types, this.#strings]);
  }
}
