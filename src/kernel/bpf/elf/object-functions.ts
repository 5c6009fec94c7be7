/**
 * The functions of an object: their instructions, and their references to other functions, maps and kernel
 * symbols.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__add_programs`, `bpf_program__record_reloc`
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import type { CoreRelocation, LineInfo, SectionRecords } from './btf-ext.ts';
import {
  type Elf,
  type ElfRelocation,
  type ElfSection,
  type ElfSymbol,
  SHF_EXECINSTR,
  SHN_UNDEF,
  SHT_PROGBITS,
  STB_LOCAL,
  STT_FUNC,
} from './elf.ts';
import { CALL, INSTRUCTION_SIZE, Instructions, PSEUDO } from './instructions.ts';
import type { Extern } from './object-externs.ts';
import type { MapSpecification } from './object-maps.ts';

/**
 * A relocation that is resolved at load time; `instruction` counts from the start of the function.
 */
export type Relocation =
  /** A map descriptor. */
  | { readonly kind: 'map'; readonly instruction: number; readonly map: string }
  /** The address of a global variable: `offset` bytes into the value of a map. */
  | { readonly kind: 'data'; readonly instruction: number; readonly map: string; readonly offset: number }
  /** A call of another function of the object. */
  | { readonly kind: 'call'; readonly instruction: number; readonly function: FunctionKey }
  /** The address of another function of the object, for bpf_loop and similar helpers. */
  | { readonly kind: 'callback'; readonly instruction: number; readonly function: FunctionKey }
  /** A call of a kernel function. */
  | { readonly kind: 'kfunc'; readonly instruction: number; readonly symbol: string }
  /** The address of a kernel variable or function, or of a `__kconfig` variable. */
  | { readonly kind: 'extern'; readonly instruction: number; readonly symbol: string };

/** Key of a function: `section@instruction`. Names of static functions are not necessarily unique. */
export type FunctionKey = string;

/** A function of the object: a program or a subprogram. */
export interface FunctionSpecification {
  readonly key: FunctionKey;
  readonly name: string;
  readonly section: string;
  /** Where it starts in its section. Unit: instructions. */
  readonly start: number;
  /** Whether it is static in the C source. */
  readonly isStatic: boolean;
  /** The unmodified bytes from the file. */
  readonly instructions: Buffer;
  /** In ascending order of instructions; at most one per instruction. */
  readonly relocations: readonly Relocation[];
  /** In ascending order of instructions. */
  readonly coreRelocations: readonly CoreRelocation[];
  /** Id of its FUNC type in the object's BTF; absent without BTF. */
  readonly typeId?: number;
  readonly lines: readonly LineInfo[];
}

/** The inputs of the function reader. */
export interface FunctionSources {
  readonly elf: Elf;
  readonly symbols: readonly ElfSymbol[];
  readonly maps: readonly MapSpecification[];
  readonly externs: ReadonlyMap<string, Extern>;
  readonly records: ReadonlyMap<string, SectionRecords>;
}

/** The kernel's limit for the verifier. Unit: instructions. */
export const MAX_INSTRUCTIONS = 1_000_000;

/**
 * All functions of an object, by key.
 * @throws KernelFileError if functions overlap, or a relocation is invalid.
 */
export function readFunctions(sources: FunctionSources): Map<FunctionKey, FunctionSpecification> {
  return new FunctionReader(sources).read();
}

/** A function before its relocations are resolved. */
interface Extent {
  readonly key: FunctionKey;
  readonly symbol: ElfSymbol;
  readonly section: ElfSection;
  readonly start: number;
  readonly instructions: Instructions;
}

class FunctionReader {
  readonly #sources: FunctionSources;
  readonly #elf: Elf;
  /** By section, in ascending order. */
  readonly #extents = new Map<number, Extent[]>();

  constructor(sources: FunctionSources) {
    this.#sources = sources;
    this.#elf = sources.elf;
  }

  read(): Map<FunctionKey, FunctionSpecification> {
    const sections = this.#elf.sections.filter(
      ({ type, flags, size }) => type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0 && size > 0,
    );
    const bySection = new Map<number, ElfSymbol[]>(sections.map(({ index }) => [index, []]));
    for (const symbol of this.#sources.symbols) {
      if (symbol.type === STT_FUNC) bySection.get(symbol.section)?.push(symbol);
    }
    let total = 0;
    for (const section of sections) {
      const extents = this.#readExtents(section, bySection.get(section.index) ?? []);
      total += extents.reduce((sum, { instructions }) => sum + instructions.length, 0);
      if (total > MAX_INSTRUCTIONS) throw this.#malformed(`more than ${MAX_INSTRUCTIONS} instructions`);
      this.#extents.set(section.index, extents);
    }
    const functions = new Map<FunctionKey, FunctionSpecification>();
    for (const section of sections) {
      for (const specified of this.#specify(section)) functions.set(specified.key, specified);
    }
    return functions;
  }

  #readExtents(section: ElfSection, symbols: readonly ElfSymbol[]): Extent[] {
    const bytes = this.#elf.bytesOf(section);
    let end = 0;
    return symbols
      .toSorted((left, right) => left.value - right.value)
      .map((symbol) => {
        const { name, value, size } = symbol;
        const isWhole = size > 0 && size % INSTRUCTION_SIZE === 0 && value % INSTRUCTION_SIZE === 0;
        if (!isWhole || value < end || value + size > bytes.length) {
          throw this.#malformed(
            `function '${name}' (${size} bytes at ${value}) is outside '${section.name}'`,
          );
        }
        end = value + size;
        const start = value / INSTRUCTION_SIZE;
        return {
          key: `${section.name}@${start}`,
          symbol,
          section,
          start,
          instructions: new Instructions(bytes.subarray(value, end), this.#elf.bigEndian ? 'BE' : 'LE'),
        };
      });
  }

  #specify(section: ElfSection): FunctionSpecification[] {
    const extents = this.#extents.get(section.index) ?? [];
    if (extents.length === 0) return [];
    const relocations = this.#elf
      .relocationsOf(section)
      .toSorted((left, right) => left.offset - right.offset);
    const records = this.#sources.records.get(section.name);
    const relocationParts = partition(extents, relocations, ({ offset }) =>
      Math.floor(offset / INSTRUCTION_SIZE),
    );
    const coreParts = partition(extents, records?.relocations ?? [], ({ instruction }) => instruction);
    const lineParts = partition(extents, records?.lines ?? [], ({ instruction }) => instruction);
    const typeIds = new Map(records?.functions.map(({ instruction, typeId }) => [instruction, typeId]));
    return extents.map((extent, index) => {
      const { key, symbol, start, instructions } = extent;
      const typeId = typeIds.get(start);
      const moved = <T extends { readonly instruction: number }>(parts: readonly T[][]) =>
        (parts[index] ?? []).map((record) => ({ ...record, instruction: record.instruction - start }));
      return {
        key,
        name: symbol.name,
        section: section.name,
        start,
        isStatic: symbol.binding === STB_LOCAL,
        instructions: instructions.bytes,
        relocations: this.#readRelocations(extent, relocationParts[index] ?? []),
        coreRelocations: moved(coreParts),
        ...(typeId === undefined ? {} : { typeId }),
        lines: moved(lineParts),
      };
    });
  }

  #readRelocations(extent: Extent, entries: readonly ElfRelocation[]): Relocation[] {
    const found = new Map<number, Relocation>();
    for (const entry of entries) {
      const instruction = entry.offset / INSTRUCTION_SIZE - extent.start;
      if (!Number.isInteger(instruction) || found.has(instruction)) {
        throw this.#malformed(`${where(extent, Math.floor(instruction))}: its relocations overlap`);
      }
      found.set(instruction, this.#readRelocation(extent, instruction, entry));
    }
    // Calls within one section have no relocation: the compiler resolves the offset.
    const { instructions, start, section } = extent;
    for (let index = 0; index < instructions.length; index++) {
      if (instructions.isLocalCall(index) && !found.has(index)) {
        const target = this.#functionAt(section.index, start + index + instructions.immediate(index) + 1);
        if (target === undefined) {
          throw this.#malformed(`${where(extent, index)}: the call target is not a function`);
        }
        if (target !== extent.key) found.set(index, { kind: 'call', instruction: index, function: target });
      }
      if (instructions.isLoadImmediate64(index)) index++;
    }
    return [...found.values()].sort((left, right) => left.instruction - right.instruction);
  }

  #readRelocation(extent: Extent, instruction: number, entry: ElfRelocation): Relocation {
    const { instructions } = extent;
    const symbol = this.#sources.symbols[entry.symbol];
    if (symbol === undefined)
      throw this.#malformed(`${where(extent, instruction)}: symbol ${entry.symbol} does not exist`);
    const isCall = instructions.opcode(instruction) === CALL;
    if (!isCall && !instructions.isLoadImmediate64(instruction)) {
      throw this.#malformed(
        `${where(extent, instruction)}: only a call or a 64-bit immediate can refer to '${symbol.name}'`,
      );
    }
    if (symbol.section === SHN_UNDEF) return this.#readExtern(extent, instruction, symbol.name, isCall);
    if (isCall) {
      if (instructions.source(instruction) !== PSEUDO.CALL) {
        throw this.#malformed(`${where(extent, instruction)}: invalid call of '${symbol.name}'`);
      }
      const at = symbol.value / INSTRUCTION_SIZE + instructions.immediate(instruction) + 1;
      return { kind: 'call', instruction, function: this.#requireFunction(extent, instruction, symbol, at) };
    }
    const addend = instructions.immediate(instruction);
    if (this.#extents.has(symbol.section)) {
      const at = (symbol.value + addend) / INSTRUCTION_SIZE;
      return {
        kind: 'callback',
        instruction,
        function: this.#requireFunction(extent, instruction, symbol, at),
      };
    }
    return this.#readData(extent, instruction, symbol, addend);
  }

  #readExtern(extent: Extent, instruction: number, symbol: string, isCall: boolean): Relocation {
    const extern = this.#sources.externs.get(symbol);
    if (extern === undefined) {
      throw this.#malformed(
        `${where(extent, instruction)}: '${symbol}' is neither defined nor declared with __ksym or __kconfig`,
      );
    }
    if (!isCall) return { kind: 'extern', instruction, symbol };
    if (extern.kind === 'kfunc') return { kind: 'kfunc', instruction, symbol };
    throw this.#malformed(`${where(extent, instruction)}: call target '${symbol}' is not a function`);
  }

  #readData(extent: Extent, instruction: number, symbol: ElfSymbol, addend: number): Relocation {
    const section = this.#elf.sections[symbol.section]?.name ?? `section ${symbol.section}`;
    const data = this.#sources.maps.find((map) => map.section === section && map.data !== undefined);
    if (data !== undefined)
      return { kind: 'data', instruction, map: data.name, offset: symbol.value + addend };
    const map = this.#sources.maps.find(
      (each) => each.section === section && each.definedAt === symbol.value,
    );
    if (map !== undefined) return { kind: 'map', instruction, map: map.name };
    throw this.#malformed(
      `${where(extent, instruction)}: '${symbol.name}' in ${section} is neither a map nor a variable`,
    );
  }

  #requireFunction(extent: Extent, instruction: number, symbol: ElfSymbol, at: number): FunctionKey {
    const target = this.#functionAt(symbol.section, at);
    if (target !== undefined) return target;
    const section = this.#elf.sections[symbol.section]?.name ?? `section ${symbol.section}`;
    throw this.#malformed(
      `${where(extent, instruction)}: no function starts at instruction ${at} of '${section}'`,
    );
  }

  #functionAt(section: number, instruction: number): FunctionKey | undefined {
    const extents = this.#extents.get(section) ?? [];
    let [low, high] = [0, extents.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((extents[middle]?.start ?? 0) < instruction) low = middle + 1;
      else high = middle;
    }
    const found = extents[low];
    return found?.start === instruction ? found.key : undefined;
  }

  #malformed(what: string): KernelFileError {
    return malformed(this.#elf.path, undefined, what);
  }
}

function where({ symbol }: Extent, instruction: number): string {
  return `function '${symbol.name}', instruction ${instruction}`;
}

/**
 * Assigns records to functions; both are in ascending order of instructions. Records outside any function are
 * dropped.
 */
function partition<T>(
  extents: readonly Extent[],
  records: readonly T[],
  instructionOf: (record: T) => number,
): T[][] {
  let next = 0;
  return extents.map(({ start, instructions }) => {
    while (next < records.length && instructionOf(records[next] as T) < start) next++;
    const first = next;
    while (next < records.length && instructionOf(records[next] as T) < start + instructions.length) next++;
    return records.slice(first, next);
  });
}
