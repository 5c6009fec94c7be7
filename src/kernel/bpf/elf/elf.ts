/**
 * Sections and symbols of a 64-bit ELF file in either byte order; only what is needed to read BPF objects.
 *
 *   header (64 bytes): magic, class, byte order, machine, where the section headers are
 *   section header (64 bytes each): name, type, flags, offset, size
 *
 * Source: elf(5); gABI chapter 4
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';

/** The machine of a BPF object. Source: include/uapi/linux/elf-em.h */
export const EM_BPF = 247;
/** A section that takes memory but no bytes in the file, such as `.bss`. Source: elf(5) */
export const SHT_NOBITS = 8;
/** A section of bytes. Source: elf(5) */
export const SHT_PROGBITS = 1;
/** The flag of a section that the program has in memory. Source: elf(5) */
export const SHF_ALLOC = 2;
/** The flag of a section of instructions. Source: elf(5) */
export const SHF_EXECINSTR = 4;
/** The symbol of a function. Source: elf(5) */
export const STT_FUNC = 2;
/** The symbol of a whole section. Source: elf(5) */
export const STT_SECTION = 3;
/** A symbol that no other file sees. Source: elf(5) */
export const STB_LOCAL = 0;
/** A symbol that other files see. Source: elf(5) */
export const STB_GLOBAL = 1;
/** A symbol that may stay undefined. Source: elf(5) */
export const STB_WEAK = 2;
/** The section of a symbol that is not defined in this file. Source: elf(5) */
export const SHN_UNDEF = 0;

const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const longestName = 1024;
// Far more than any compiler emits; bounds the memory for names in a malicious file.
const mostEntries = 65_535;
const relocationSize = 16;
const symbolTable = 2;
const relocationTable = 9;
const extendedIndex = 0xffff;

/** One section of an ELF file. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** The lower 32 bits of its flags. */
  readonly flags: number;
  readonly offset: number;
  /** Size in memory; also in the file, unless it is SHT_NOBITS. Unit: bytes. */
  readonly size: number;
  readonly link: number;
  /** For a relocation table: the section that it applies to. */
  readonly info: number;
}

/** One symbol of an ELF file. */
export interface ElfSymbol {
  readonly name: string;
  /** From the start of its section. Unit: bytes. */
  readonly value: number;
  /** Unit: bytes. */
  readonly size: number;
  /** The index of its section. */
  readonly section: number;
  /** `STT_*`. */
  readonly type: number;
  /** `STB_*`. */
  readonly binding: number;
}

/** A relocation: a location in a section that refers to a symbol. */
export interface ElfRelocation {
  /** Offset in the section that it applies to. Unit: bytes. */
  readonly offset: number;
  /** Index in `Elf.symbols`. */
  readonly symbol: number;
  /** `R_BPF_*`. */
  readonly type: number;
}

/** An ELF file. The constructor checks the headers; section contents are checked on access. */
export class Elf {
  /** The file that it was read from, for messages. */
  readonly path: string;
  readonly bigEndian: boolean;
  /** Source: include/uapi/linux/elf-em.h */
  readonly machine: number;
  readonly sections: readonly ElfSection[];
  readonly #bytes: Buffer;

  /** @throws KernelFileError if `bytes` is not a 64-bit ELF file or its headers are damaged. */
  constructor(bytes: Buffer, path: string) {
    this.path = path;
    this.#bytes = bytes;
    if (!isElf(bytes)) throw this.#malformed('not an ELF file');
    if (bytes[4] !== 2) throw this.#malformed('32-bit ELF file: BPF objects are 64-bit');
    const order = bytes[5];
    if (order !== 1 && order !== 2) throw this.#malformed(`ELF file with unknown byte order ${order}`);
    this.bigEndian = order === 2;
    if (bytes.length < headerSize) throw this.#malformed(`ELF header is truncated (${bytes.length} bytes)`);
    this.machine = this.#u16(18);
    this.sections = this.#readSections();
  }

  /** Unit: bytes. The end of the last section or of the headers, whichever comes later. */
  get length(): number {
    const ends = this.sections.map(({ type, offset, size }) => offset + (type === SHT_NOBITS ? 0 : size));
    return ends.reduce(
      (last, end) => Math.max(last, end),
      Math.max(headerSize, this.#u64(40) + this.sections.length * sectionHeaderSize),
    );
  }

  /** The first section with that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** The bytes of a section; not a copy. @throws KernelFileError if it is outside the file. */
  bytesOf(section: ElfSection): Buffer {
    if (section.type === SHT_NOBITS) return Buffer.alloc(0);
    const { offset, size, name } = section;
    if (offset + size > this.#bytes.length) {
      throw this.#malformed(
        `section '${name}' (${size} bytes at ${offset}) is outside the file (${this.#bytes.length} bytes)`,
      );
    }
    return this.#bytes.subarray(offset, offset + size);
  }

  /** The symbols of one section, in file order. @throws KernelFileError if they are damaged. */
  symbolsOf(section: ElfSection): ElfSymbol[] {
    return this.#readSymbols((index) => index === section.index);
  }

  /** All symbols, in file order. @throws KernelFileError if they are damaged. */
  symbols(): ElfSymbol[] {
    return this.#readSymbols(() => true);
  }

  /** The relocations for one section, from all tables. @throws KernelFileError if they are damaged. */
  relocationsOf(section: ElfSection): ElfRelocation[] {
    return this.sections
      .filter(({ type, info }) => type === relocationTable && info === section.index)
      .flatMap((table) => this.#readRelocations(table));
  }

  #readRelocations(table: ElfSection): ElfRelocation[] {
    const count = this.bytesOf(table).length / relocationSize;
    if (count > mostEntries) throw this.#malformed(`more than ${mostEntries} relocations`);
    return Array.from({ length: Math.floor(count) }, (_, index) => {
      const at = table.offset + index * relocationSize;
      // The symbol index is in the upper 32 bits, the relocation type in the lower 32.
      const [symbol, type] = this.bigEndian ? [at + 8, at + 12] : [at + 12, at + 8];
      return { offset: this.#u64(at), symbol: this.#u32(symbol), type: this.#u32(type) };
    });
  }

  #readSymbols(isWanted: (section: number) => boolean): ElfSymbol[] {
    const table = this.sections.find(({ type }) => type === symbolTable);
    if (table === undefined) return [];
    const entries = this.bytesOf(table);
    const names = this.sections[table.link];
    if (names === undefined)
      throw this.#malformed(`symbol names are in section ${table.link}, which does not exist`);
    const strings = this.bytesOf(names);
    if (entries.length / symbolSize > mostEntries) throw this.#malformed(`more than ${mostEntries} symbols`);
    const symbols: ElfSymbol[] = [];
    for (let at = 0; at + symbolSize <= entries.length; at += symbolSize) {
      const read = (offset: number) => table.offset + at + offset;
      const section = this.#u16(read(6));
      if (!isWanted(section)) continue;
      const info = this.#bytes.readUInt8(read(4));
      symbols.push({
        name: this.#string(strings, this.#u32(read(0))),
        section,
        value: this.#u64(read(8)),
        size: this.#u64(read(16)),
        type: info & 0x0f,
        binding: info >>> 4,
      });
    }
    return symbols;
  }

  #readSections(): ElfSection[] {
    const start = this.#u64(40);
    if (start === 0) return [];
    const entrySize = this.#u16(58);
    if (entrySize !== sectionHeaderSize)
      throw this.#malformed(`unsupported section header size ${entrySize}, expected 64`);
    this.#requireHeaders(start, 1);
    // If the number of sections exceeds 16 bits, it and the index of the name section are in the first
    // header.
    const count = this.#u16(60) || this.#u64(start + 32);
    const namesIndex = this.#u16(62) === extendedIndex ? this.#u32(start + 40) : this.#u16(62);
    this.#requireHeaders(start, count);
    if (count > mostEntries) throw this.#malformed(`${count} sections`);
    const headers = Array.from({ length: count }, (_, index) => {
      const at = start + index * sectionHeaderSize;
      return {
        index,
        name: this.#u32(at),
        type: this.#u32(at + 4),
        flags: this.#u32(at + (this.bigEndian ? 12 : 8)),
        offset: this.#u64(at + 24),
        size: this.#u64(at + 32),
        link: this.#u32(at + 40),
        info: this.#u32(at + 44),
      };
    });
    const names = headers[namesIndex];
    if (names === undefined)
      throw this.#malformed(`section names are in section ${namesIndex}, but there are only ${count}`);
    const strings = this.bytesOf({ ...names, name: 'of the names' });
    return headers.map((header) => ({ ...header, name: this.#string(strings, header.name) }));
  }

  #requireHeaders(start: number, count: number): void {
    const end = start + count * sectionHeaderSize;
    if (end > this.#bytes.length) {
      throw this.#malformed(
        `truncated: section headers end at byte ${end}, the file at ${this.#bytes.length}`,
      );
    }
  }

  #string(strings: Buffer, offset: number): string {
    const end = strings.indexOf(0, offset);
    if (offset >= strings.length || end < 0) throw this.#malformed(`no name at offset ${offset}`);
    // In a malicious file all sections may have the same name, as long as the file.
    if (end - offset > longestName)
      throw this.#malformed(`name at offset ${offset} is too long (${end - offset} bytes)`);
    return strings.toString('latin1', offset, end);
  }

  #u16(at: number): number {
    return this.bigEndian ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt16LE(at);
  }

  #u32(at: number): number {
    return this.bigEndian ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at);
  }

  #u64(at: number): number {
    const value = this.bigEndian ? this.#bytes.readBigUInt64BE(at) : this.#bytes.readBigUInt64LE(at);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.#malformed(`offset or size is too large: ${value}`);
    return Number(value);
  }

  #malformed(what: string): KernelFileError {
    return malformed(this.path, undefined, what);
  }
}

/** Whether the bytes start with the ELF magic. */
export function isElf(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes.readUInt32BE(0) === 0x7f454c46;
}
