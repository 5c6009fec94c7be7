/**
 * The sections and symbols of a 64-bit ELF file, in either byte order; enough of it to read what a BPF object
 * defines.
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
/** The flag of a section of instructions. Source: elf(5) */
export const SHF_EXECINSTR = 4;
/** The symbol of a function. Source: elf(5) */
export const STT_FUNC = 2;
/** The symbol of a whole section. Source: elf(5) */
export const STT_SECTION = 3;
/** A symbol that no other file sees. Source: elf(5) */
export const STB_LOCAL = 0;
/** A symbol that may stay undefined. Source: elf(5) */
export const STB_WEAK = 2;
/** The section of a symbol that is not defined in this file. Source: elf(5) */
export const SHN_UNDEF = 0;

const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const longestName = 1024;
// Far more than any compiler makes; it bounds what the names of a made-up file can take.
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
  /** In memory; in the file too, unless it is SHT_NOBITS. Unit: bytes. */
  readonly size: number;
  readonly link: number;
  /** Of a table of relocations: the section that they are for. */
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

/** A place in a section that depends on a symbol. */
export interface ElfRelocation {
  /** From the start of the section that it is for. Unit: bytes. */
  readonly offset: number;
  /** The symbol's place among `Elf.symbols`. */
  readonly symbol: number;
  /** `R_BPF_*`. */
  readonly type: number;
}

/** An ELF file, checked as far as its headers go; what a section holds is looked at when it is asked for. */
export class Elf {
  /** The file that it was read from, for messages. */
  readonly path: string;
  readonly bigEndian: boolean;
  /** Source: include/uapi/linux/elf-em.h */
  readonly machine: number;
  readonly sections: readonly ElfSection[];
  readonly #bytes: Buffer;

  /** @throws KernelFileError when `bytes` is no 64-bit ELF or its headers are damaged. */
  constructor(bytes: Buffer, path: string) {
    this.path = path;
    this.#bytes = bytes;
    if (!isElf(bytes)) throw this.#malformed('not an ELF file');
    if (bytes[4] !== 2) throw this.#malformed('a 32-bit ELF file: BPF objects are 64-bit');
    const order = bytes[5];
    if (order !== 1 && order !== 2) throw this.#malformed(`an ELF file of the unknown byte order ${order}`);
    this.bigEndian = order === 2;
    if (bytes.length < headerSize)
      throw this.#malformed(`cut off in its header, after ${bytes.length} bytes`);
    this.machine = this.#u16(18);
    this.sections = this.#readSections();
  }

  /** Unit: bytes. The end of the last section or of the section headers, whichever comes later. */
  get length(): number {
    const ends = this.sections.map(({ type, offset, size }) => offset + (type === SHT_NOBITS ? 0 : size));
    return ends.reduce(
      (last, end) => Math.max(last, end),
      this.#u64(40) + this.sections.length * sectionHeaderSize,
    );
  }

  /** The first section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** The bytes of a section; not a copy. @throws KernelFileError when it lies outside the file. */
  bytesOf(section: ElfSection): Buffer {
    if (section.type === SHT_NOBITS) return Buffer.alloc(0);
    const { offset, size, name } = section;
    if (offset + size > this.#bytes.length) {
      throw this.#malformed(
        `section '${name}' (${size} bytes at ${offset}) lies outside the ${this.#bytes.length} bytes of the file`,
      );
    }
    return this.#bytes.subarray(offset, offset + size);
  }

  /** The symbols of one section, in the order of the file. @throws KernelFileError when they are damaged. */
  symbolsOf(section: ElfSection): ElfSymbol[] {
    return this.#readSymbols((index) => index === section.index);
  }

  /** All symbols, in the order of the file. @throws KernelFileError when they are damaged. */
  symbols(): ElfSymbol[] {
    return this.#readSymbols(() => true);
  }

  /** The relocations in all tables for one section. @throws KernelFileError when they are damaged. */
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
      // The symbol is the upper half of a 64-bit number, the type the lower one.
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
      throw this.#malformed(`the symbols' names are in section ${table.link}, which is not there`);
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
      throw this.#malformed(`section headers of ${entrySize} bytes (64 are known)`);
    this.#requireHeaders(start, 1);
    // A file with more sections than fit into 16 bits keeps their number and the index of their names in the
    // first one.
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
      throw this.#malformed(`the sections' names are in section ${namesIndex} of ${count}`);
    const strings = this.bytesOf({ ...names, name: 'of the names' });
    return headers.map((header) => ({ ...header, name: this.#string(strings, header.name) }));
  }

  #requireHeaders(start: number, count: number): void {
    const end = start + count * sectionHeaderSize;
    if (end > this.#bytes.length) {
      throw this.#malformed(`cut off: its section headers end at byte ${end} of ${this.#bytes.length}`);
    }
  }

  #string(strings: Buffer, offset: number): string {
    const end = strings.indexOf(0, offset);
    if (offset >= strings.length || end < 0) throw this.#malformed(`there is no name at ${offset}`);
    // A made-up file may give all its sections one name that is as long as the file.
    if (end - offset > longestName) throw this.#malformed(`a name of ${end - offset} bytes at ${offset}`);
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
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#malformed(`an offset or size of ${value} bytes`);
    return Number(value);
  }

  #malformed(what: string): KernelFileError {
    return malformed(this.path, undefined, what);
  }
}

/** Whether these bytes start like an ELF file. */
export function isElf(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes.readUInt32BE(0) === 0x7f454c46;
}
