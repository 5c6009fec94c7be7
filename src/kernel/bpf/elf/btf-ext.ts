/**
 * The `.BTF.ext` section of an object: the type of each function, the source line of each instruction, and
 * the CO-RE relocations.
 *
 * header: magic, version, flags, header length, then offset and length of function, line and relocation
 * records each: size of a record, then per section: name offset, number of records, records
 *
 * Source: Documentation/bpf/btf.rst; include/uapi/linux/bpf.h, `struct bpf_core_relo`
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { INSTRUCTION_SIZE } from './instructions.ts';

/** The type of a function in the object's BTF. */
export interface FunctionInfo {
  /** First instruction of the function, from the start of its section. */
  readonly instruction: number;
  readonly typeId: number;
}

/** The source line of an instruction; offsets are into the object's BTF strings. */
export interface LineInfo {
  /** From the start of its section; from the start of its function in a specification. */
  readonly instruction: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** Line number in the upper 22 bits, column in the lower 10. */
  readonly lineColumn: number;
}

/** A CO-RE relocation of one instruction. */
export interface CoreRelocation {
  /** From the start of its section; from the start of its function in a specification. */
  readonly instruction: number;
  /** A type in the object's BTF. */
  readonly typeId: number;
  /** Offset in the object's BTF strings of the access string, such as `0:1:3`. */
  readonly accessOffset: number;
  /** One of `CORE_KIND`; newer compilers may emit others. */
  readonly kind: number;
}

/** The kinds of a CO-RE relocation. Source: include/uapi/linux/bpf.h, `enum bpf_core_relo_kind` */
export const CORE_KIND = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT_U64: 4,
  FIELD_RSHIFT_U64: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;

/** The records of one section, each list in ascending order of instructions. */
export interface SectionRecords {
  readonly functions: FunctionInfo[];
  readonly lines: LineInfo[];
  readonly relocations: CoreRelocation[];
}

const MAGIC = 0xeb9f;
/** Length of the header before CO-RE: it ends with the line records. */
const SHORT_HEADER = 24;
const LONG_HEADER = 32;

type Words = (word: number) => number;

/**
 * Reads `.BTF.ext`; keyed by section name.
 * @throws KernelFileError if it is damaged or its byte order differs from that of the BTF.
 */
export function parseBtfExt(bytes: Buffer, path: string, btf: Btf): Map<string, SectionRecords> {
  const parser = new BtfExtParser(bytes, path, btf);
  return parser.parse();
}

class BtfExtParser {
  readonly #bytes: Buffer;
  readonly #path: string;
  readonly #btf: Btf;
  readonly #sections = new Map<string, SectionRecords>();

  constructor(bytes: Buffer, path: string, btf: Btf) {
    this.#bytes = bytes;
    this.#path = path;
    this.#btf = btf;
  }

  parse(): Map<string, SectionRecords> {
    const bytes = this.#bytes;
    if (bytes.length < SHORT_HEADER) throw this.#malformed(`header is truncated (${bytes.length} bytes)`);
    const magic = this.#btf.bigEndian ? bytes.readUInt16BE(0) : bytes.readUInt16LE(0);
    if (magic !== MAGIC) throw this.#malformed('bad magic, expected 0xeb9f in the byte order of .BTF');
    if (bytes.readUInt8(2) !== 1) throw this.#malformed(`unsupported version ${bytes.readUInt8(2)}`);
    const header = this.#u32(4);
    if (header < SHORT_HEADER || header > bytes.length)
      throw this.#malformed(`invalid header length ${header}`);
    this.#readPart('function', header, 8, 8, (word, { functions }) => {
      functions.push({ instruction: this.#instruction(word(0)), typeId: word(1) });
    });
    this.#readPart('line', header, 16, 16, (word, { lines }) => {
      const [fileNameOffset, lineOffset, lineColumn] = [word(1), word(2), word(3)];
      lines.push({ instruction: this.#instruction(word(0)), fileNameOffset, lineOffset, lineColumn });
    });
    if (header >= LONG_HEADER) {
      this.#readPart('relocation', header, 24, 16, (word, { relocations }) => {
        const [typeId, accessOffset, kind] = [word(1), word(2), word(3)];
        relocations.push({ instruction: this.#instruction(word(0)), typeId, accessOffset, kind });
      });
    }
    for (const { functions, lines, relocations } of this.#sections.values()) {
      for (const records of [functions, lines, relocations]) records.sort(byInstruction);
    }
    return this.#sections;
  }

  #readPart(
    what: string,
    header: number,
    field: number,
    least: number,
    add: (word: Words, records: SectionRecords) => void,
  ): void {
    const length = this.#u32(field + 4);
    if (length === 0) return;
    const start = header + this.#u32(field);
    const end = start + length;
    if (end > this.#bytes.length || length < 4) {
      throw this.#malformed(
        `${what} records end at byte ${end}, past the end of the section (${this.#bytes.length} bytes)`,
      );
    }
    const size = this.#u32(start);
    if (size < least || size % 4 !== 0) throw this.#malformed(`invalid ${what} record size ${size}`);
    for (let at = start + 4; at < end; ) {
      if (at + 8 > end) throw this.#malformed(`${what} records are truncated`);
      const count = this.#u32(at + 4);
      const next = at + 8 + count * size;
      if (count === 0 || next > end)
        throw this.#malformed(`invalid number of ${what} records for a section: ${count}`);
      const records = this.#sectionRecords(this.#btf.string(this.#u32(at)));
      for (let record = at + 8; record < next; record += size) {
        add((word) => this.#u32(record + 4 * word), records);
      }
      at = next;
    }
  }

  #sectionRecords(section: string): SectionRecords {
    const known = this.#sections.get(section);
    if (known !== undefined) return known;
    const records = { functions: [], lines: [], relocations: [] };
    this.#sections.set(section, records);
    return records;
  }

  #instruction(bytes: number): number {
    if (bytes % INSTRUCTION_SIZE !== 0)
      throw this.#malformed(`record at byte ${bytes} is not at an instruction boundary`);
    return bytes / INSTRUCTION_SIZE;
  }

  #u32(at: number): number {
    return this.#btf.bigEndian ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at);
  }

  #malformed(what: string): KernelFileError {
    return malformed(this.#path, undefined, what);
  }
}

function byInstruction(left: { instruction: number }, right: { instruction: number }): number {
  return left.instruction - right.instruction;
}
