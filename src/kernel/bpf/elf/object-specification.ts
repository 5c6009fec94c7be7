/**
 * The contents of a BPF object file, independent of the kernel: programs with the functions that they call,
 * maps, and relocations.
 *
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__elf_collect`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';
import { parseBtfExt, type SectionRecords } from './btf-ext.ts';
import { type DataSection, readDataSections } from './data-sections.ts';
import { Elf, STB_WEAK } from './elf.ts';
import { definedMaps, readElfBtf } from './elf-maps.ts';
import { type Extern, readExterns } from './object-externs.ts';
import { type FunctionKey, type FunctionSpecification, readFunctions } from './object-functions.ts';
import { type MapSpecification, specifyMaps } from './object-maps.ts';
import { type ProgramKind, programKindOf } from './program-sections.ts';

/** A function that is the entry point of a program. */
export interface ProgramSpecification extends FunctionSpecification, ProgramKind {}

/** The contents of a BPF object file. */
export interface ObjectSpecification {
  /** The name passed to the parser, for messages. */
  readonly name: string;
  readonly byteOrder: ByteOrder;
  /** Empty if the object has no license. */
  readonly license: string;
  readonly programs: readonly ProgramSpecification[];
  /** All functions including programs, by key. */
  readonly functions: ReadonlyMap<FunctionKey, FunctionSpecification>;
  /** Those in `.maps`, and those for global variables and kernel configuration. */
  readonly maps: readonly MapSpecification[];
  /** The externs: kernel functions, variables, configuration. */
  readonly externs: ReadonlyMap<string, Extern>;
  /** Absent if it was built without -g. */
  readonly btf?: Btf;
  /** Sections of variables that are described in BTF, by name. */
  readonly dataSections: ReadonlyMap<string, DataSection>;
}

/**
 * Parses a BPF object file.
 * @param name the name of the object in messages.
 * @throws KernelFileError if it is not a BPF object, or is damaged.
 */
export function parseObject(bytes: Buffer, name: string): ObjectSpecification {
  const elf = new Elf(bytes, name);
  const btf = readElfBtf(elf);
  const maps = specifyMaps(elf, btf, definedMaps(elf, btf).maps);
  const symbols = elf.symbols();
  const weak = new Set(symbols.filter(({ binding }) => binding === STB_WEAK).map((symbol) => symbol.name));
  const externs =
    btf === undefined ? new Map<string, Extern>() : readExterns(btf, (symbol) => weak.has(symbol));
  const ext = elf.section('.BTF.ext');
  const records =
    btf === undefined || ext === undefined
      ? new Map<string, SectionRecords>()
      : parseBtfExt(elf.bytesOf(ext), `${name}: .BTF.ext`, btf);
  const functions = readFunctions({ elf, symbols, maps, externs, records });
  const programs = [...functions.values()].flatMap((each) => {
    // Subprograms are in .text, but may also be in the same section as a program.
    if (each.section === '.text' || each.isStatic) return [];
    const kind = programKindOf(each.section);
    if (kind === undefined) {
      throw malformed(
        name,
        undefined,
        `function "${each.name}": section '${each.section}' does not match a known program type`,
      );
    }
    return [{ ...each, ...kind }];
  });
  return {
    name,
    byteOrder: elf.bigEndian ? 'BE' : 'LE',
    license: readLicense(elf),
    programs,
    functions,
    maps,
    externs,
    dataSections: btf === undefined ? new Map() : readDataSections(elf, symbols, btf),
    ...(btf === undefined ? {} : { btf }),
  };
}

function readLicense(elf: Elf): string {
  const section = elf.section('license');
  if (section === undefined) return '';
  const text = elf.bytesOf(section).subarray(0, longestLicense).toString('latin1');
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

// The kernel reads at most this many bytes.
const longestLicense = 127;
