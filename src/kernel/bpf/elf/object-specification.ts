/**
 * What a BPF object file holds, before any kernel is known: programs and the functions that they call, maps,
 * and what has to be filled in before the kernel can take them.
 *
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__elf_collect`
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';
import { type CoreRelocation, type LineInfo, parseBtfExt, type SectionRecords } from './btf-ext.ts';
import { type DataSection, readDataSections } from './data-sections.ts';
import { Elf, STB_WEAK } from './elf.ts';
import { definedMaps, readElfBtf } from './elf-maps.ts';
import { type Extern, readExterns } from './object-externs.ts';
import { readFunctions } from './object-functions.ts';
import { type MapSpecification, specifyMaps } from './object-maps.ts';
import { type ProgramKind, programKindOf } from './program-sections.ts';

/**
 * A place in the instructions that depends on what is created or found at load time; `instruction` counts
 * from the function's start.
 */
export type Relocation =
  /** The descriptor of a map. */
  | { readonly kind: 'map'; readonly instruction: number; readonly map: string }
  /** The address of a global variable: `offset` bytes into the only value of a map. */
  | { readonly kind: 'data'; readonly instruction: number; readonly map: string; readonly offset: number }
  /** A call of another function of the object. */
  | { readonly kind: 'call'; readonly instruction: number; readonly function: FunctionKey }
  /** The address of another function of the object, for bpf_loop and its like. */
  | { readonly kind: 'callback'; readonly instruction: number; readonly function: FunctionKey }
  /** A call of a kernel function. */
  | { readonly kind: 'kfunc'; readonly instruction: number; readonly symbol: string }
  /** The address of a kernel variable or function, or of a variable with the kernel's configuration. */
  | { readonly kind: 'extern'; readonly instruction: number; readonly symbol: string };

/** Which function: `section@instruction`. Names of static functions need not be unique. */
export type FunctionKey = string;

/** A function of the object: a program, or one that programs call. */
export interface FunctionSpecification {
  readonly key: FunctionKey;
  readonly name: string;
  readonly section: string;
  /** Where it starts in its section. Unit: instructions. */
  readonly start: number;
  /** Whether it is a static function of the C source. */
  readonly isStatic: boolean;
  /** Its bytes as they are in the file. */
  readonly instructions: Buffer;
  /** By ascending instruction; at most one for each. */
  readonly relocations: readonly Relocation[];
  /** By ascending instruction. */
  readonly coreRelocations: readonly CoreRelocation[];
  /** The id of its FUNC in the object's BTF; absent without BTF. */
  readonly typeId?: number;
  readonly lines: readonly LineInfo[];
}

/** A function that the kernel can run. */
export interface ProgramSpecification extends FunctionSpecification, ProgramKind {}

/** What a BPF object file holds. */
export interface ObjectSpecification {
  /** The name that it was parsed under, for messages. */
  readonly name: string;
  readonly byteOrder: ByteOrder;
  /** Empty where the object has none. */
  readonly license: string;
  readonly programs: readonly ProgramSpecification[];
  /** All functions by their key, programs included. */
  readonly functions: ReadonlyMap<FunctionKey, FunctionSpecification>;
  /** Those in `.maps`, and those for global variables and the kernel's configuration. */
  readonly maps: readonly MapSpecification[];
  /** What the object wants of the kernel by name: kernel functions, variables, configuration. */
  readonly externs: ReadonlyMap<string, Extern>;
  /** Absent where it was built without -g. */
  readonly btf?: Btf;
  /** The sections of variables that the BTF describes, by name. */
  readonly dataSections: ReadonlyMap<string, DataSection>;
}

/**
 * Reads a BPF object file.
 * @param name what it is called in messages.
 * @throws KernelFileError if it is not a BPF object, or is damaged.
 */
export function parseObject(bytes: Buffer, name: string): ObjectSpecification {
  const elf = new Elf(bytes, name);
  const btf = readElfBtf(elf);
  const maps = specifyMaps(elf, btf, definedMaps(elf, btf));
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
    // What programs call is in .text, and may be beside them.
    if (each.section === '.text' || each.isStatic) return [];
    const kind = programKindOf(each.section);
    if (kind === undefined) {
      throw malformed(
        name,
        undefined,
        `function "${each.name}": '${each.section}' is not the section of a known type of program`,
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

// The kernel reads no more than that.
const longestLicense = 127;
