/**
 * Prepares an object for one kernel: relocates and links its programs, and resolves attach targets and kernel
 * functions to BTF ids.
 */
import { UnsupportedError } from '../../../errors.ts';
import { finishSteps } from '../../steps.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { Effort } from '../core/effort.ts';
import { essentialName } from '../core/flavour.ts';
import { poison } from '../core/patch.ts';
import { type RelocatedFunction, relocateInSteps } from '../core/relocate.ts';
import { typesAreCompatible } from '../core/type-compatibility.ts';
import type { DefinedMap } from '../elf/elf-btf-maps.ts';
import { PSEUDO } from '../elf/instructions.ts';
import type { Extern } from '../elf/object-externs.ts';
import type { FunctionKey, Relocation } from '../elf/object-functions.ts';
import type { MapSpecification } from '../elf/object-maps.ts';
import type { ObjectSpecification, ProgramSpecification } from '../elf/object-specification.ts';
import type { AttachTarget } from '../elf/program-sections.ts';
import { StructWriter } from '../sys/bpf-struct.ts';
import type { MapDefinition } from './create-defined-map.ts';
import { evaluateKconfig } from './kconfig-values.ts';
import type { KernelConfig } from './kernel-config.ts';
import { type LinkedProgram, linkProgram } from './link-functions.ts';
import { completeObjectBtf } from './object-btf.ts';
import type {
  MapReference,
  PreparedMap,
  PreparedObject,
  PreparedProgram,
  SymbolReference,
  UnmetReference,
} from './prepared-object.ts';

/**
 * Prepares an object for the kernel with these types.
 * @param config build configuration of the kernel; only required for objects with `__kconfig` variables.
 * @throws KernelFileError if the object or the types are damaged; UnsupportedError if the kernel does not
 * support the object.
 */
export function prepareObject(
  specification: ObjectSpecification,
  kernel: Btf,
  config?: KernelConfig,
): PreparedObject {
  return finishSteps(prepareInSteps(specification, kernel, config));
}

/** Does the same, a function or a program in each step. @throws as {@link prepareObject}. */
export function* prepareInSteps(
  specification: ObjectSpecification,
  kernel: Btf,
  config?: KernelConfig,
): Generator<void, PreparedObject, void> {
  const { name, byteOrder, license } = specification;
  if ((byteOrder === 'BE') !== kernel.bigEndian) {
    throw new UnsupportedError(
      name,
      `${name} is ${byteOrder === 'BE' ? 'big' : 'little'}-endian, but the kernel's types are not`,
    );
  }
  const bodies = yield* relocateInSteps(specification, kernel);
  const preparation = new Preparation(specification, kernel, bodies);
  const programs: PreparedProgram[] = [];
  for (const program of specification.programs) {
    programs.push(preparation.prepareProgram(program));
    yield;
  }
  const maps = specification.maps.map((map) => prepareMap(map, specification, config));
  const needsBtf =
    programs.some(({ functionInfo }) => functionInfo !== undefined) ||
    maps.some(({ types }) => types !== undefined);
  const btf = needsBtf ? completeObjectBtf(specification) : undefined;
  return { name, byteOrder, license, maps, programs, ...(btf === undefined ? {} : { btf }) };
}

function prepareMap(
  map: MapSpecification,
  specification: ObjectSpecification,
  config?: KernelConfig,
): PreparedMap {
  const { data, keyTypeId, valueTypeId } = map;
  if (map.name === '.kconfig' && config === undefined) {
    throw new UnsupportedError('.kconfig', `${specification.name}: requires the kernel configuration`);
  }
  const value =
    map.name === '.kconfig' && config !== undefined ? evaluateKconfig(specification, config) : data;
  return {
    ...prepareDefinition(map),
    name: map.name,
    variables: map.variables.map(({ name, offset, size }) => ({ name, offset, size })),
    frozen: map.frozen,
    ...(value === undefined ? {} : { data: value }),
    ...(keyTypeId === undefined || valueTypeId === undefined
      ? {}
      : { types: { key: keyTypeId, value: valueTypeId } }),
  };
}

function prepareDefinition(map: DefinedMap): MapDefinition {
  const { map_type, key_size, value_size, max_entries, map_flags } = map;
  const { map_extra, numa_node, entriesPerCpu, inner } = map;
  return {
    ...{ map_type, key_size, value_size, max_entries, map_flags },
    ...(map_extra === undefined ? {} : { map_extra }),
    ...(numa_node === undefined ? {} : { numa_node }),
    ...(entriesPerCpu === undefined ? {} : { entriesPerCpu }),
    ...(inner === undefined ? {} : { inner: prepareDefinition(inner) }),
  };
}

/** The resolution of an extern on this kernel. */
interface FoundExtern {
  /** Its id in the kernel's BTF; absent if the kernel lacks it, or if only its address is needed. */
  readonly id?: number;
  /** Why it could not be resolved. */
  readonly absence?: string;
}

/** Limit for type comparisons of all externs of an object. */
const MAX_EFFORT = 1_000_000;
const FUNCTION_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;

class Preparation {
  readonly #specification: ObjectSpecification;
  readonly #kernel: Btf;
  readonly #bodies: ReadonlyMap<FunctionKey, RelocatedFunction>;
  readonly #externs = new Map<string, FoundExtern>();
  readonly #effort = new Effort(MAX_EFFORT);

  constructor(
    specification: ObjectSpecification,
    kernel: Btf,
    bodies: ReadonlyMap<FunctionKey, RelocatedFunction>,
  ) {
    this.#specification = specification;
    this.#kernel = kernel;
    this.#bodies = bodies;
  }

  prepareProgram(program: ProgramSpecification): PreparedProgram {
    const linked = linkProgram(this.#specification, program, this.#bodies);
    const { instructions, functions } = linked;
    const maps: MapReference[] = [];
    const symbols: SymbolReference[] = [];
    const unmet: UnmetReference[] = [];
    for (const { specification: each, start } of functions) {
      for (const { instruction, reason } of this.#bodies.get(each.key)?.unmet ?? []) {
        unmet.push({ instruction: start + instruction, reason });
      }
      for (const relocation of each.relocations) {
        this.#apply(linked, start + relocation.instruction, relocation, { maps, symbols, unmet });
      }
    }
    const { name, type, attachType, sleepable, target } = program;
    return {
      ...{ name, type, attachType, sleepable },
      ...(target === undefined ? {} : this.#attach(target)),
      instructions: instructions.bytes,
      ...{ maps, symbols, unmet },
      ...this.#typesOf(linked),
    };
  }

  #attach({ kind, name }: AttachTarget): Pick<PreparedProgram, 'attachBtfId' | 'unavailable'> {
    const id = this.#kernel.find(kind === 'function' ? BTF_KIND.FUNC : BTF_KIND.TYPEDEF, name);
    return id === undefined ? { unavailable: `this kernel has no ${name}` } : { attachBtfId: id };
  }

  #apply(
    { instructions }: LinkedProgram,
    at: number,
    relocation: Relocation,
    found: { maps: MapReference[]; symbols: SymbolReference[]; unmet: UnmetReference[] },
  ): void {
    switch (relocation.kind) {
      case 'map':
        instructions.setSource(at, PSEUDO.MAP_FD);
        found.maps.push({ instruction: at, map: relocation.map });
        break;
      case 'data':
        instructions.setSource(at, PSEUDO.MAP_VALUE);
        instructions.setImmediate(at + 1, relocation.offset);
        found.maps.push({ instruction: at, map: relocation.map });
        break;
      case 'kfunc': {
        const { id, absence = '' } = this.#findExtern(relocation.symbol);
        if (id === undefined) {
          poison(instructions, at);
          found.unmet.push({ instruction: at, reason: absence });
          break;
        }
        instructions.setSource(at, PSEUDO.KFUNC_CALL);
        instructions.setImmediate(at, id);
        break;
      }
      case 'extern':
        this.#applyExtern({ instructions }, at, relocation.symbol, found);
    }
  }

  #applyExtern(
    { instructions }: Pick<LinkedProgram, 'instructions'>,
    at: number,
    symbol: string,
    found: { maps: MapReference[]; symbols: SymbolReference[]; unmet: UnmetReference[] },
  ): void {
    const extern = this.#specification.externs.get(symbol);
    if (extern?.kind === 'kconfig') {
      const map = this.#specification.maps.find(({ name }) => name === '.kconfig');
      instructions.setSource(at, PSEUDO.MAP_VALUE);
      instructions.setImmediate(at + 1, map?.variables.find(({ name }) => name === symbol)?.offset ?? 0);
      found.maps.push({ instruction: at, map: '.kconfig' });
      return;
    }
    if (extern?.kind === 'address') {
      instructions.setImmediate64(at, 0n);
      found.symbols.push({ instruction: at, symbol, weak: extern.weak });
      return;
    }
    const { id, absence = '' } = this.#findExtern(symbol);
    if (id !== undefined) {
      instructions.setSource(at, PSEUDO.BTF_ID);
      instructions.setImmediate64(at, BigInt(id));
    } else if (extern?.weak === true) {
      instructions.setImmediate64(at, 0n);
    } else {
      poison(instructions, at);
      found.unmet.push({ instruction: at, reason: absence });
    }
  }

  #findExtern(symbol: string): FoundExtern {
    const known = this.#externs.get(symbol);
    if (known !== undefined) return known;
    const extern = this.#specification.externs.get(symbol);
    const found = extern === undefined ? {} : this.#lookUp(extern);
    this.#externs.set(symbol, found);
    return found;
  }

  #lookUp({ name, kind, typeId }: Extern): FoundExtern {
    const { btf } = this.#specification;
    const isFunction = kind === 'kfunc';
    const plain = isFunction ? essentialName(name) : name;
    const what = `${isFunction ? 'function' : 'variable'} ${plain}`;
    const id = this.#kernel.find(isFunction ? BTF_KIND.FUNC : BTF_KIND.VAR, plain);
    if (id === undefined || btf === undefined) return { absence: `this kernel has no ${what} in its BTF` };
    const pair = { local: btf, kernel: this.#kernel, kernelMembers: new Map(), effort: this.#effort };
    const ours = btf.resolve(btf.referredBy(typeId));
    const theirs = this.#kernel.resolve(this.#kernel.referredBy(id));
    return typesAreCompatible(pair, ours, theirs)
      ? { id }
      : { absence: `${what} has an incompatible type on this kernel` };
  }

  /** A program without subprograms needs no BTF, which old kernels may not support. */
  #typesOf({ functions }: LinkedProgram): Pick<PreparedProgram, 'functionInfo' | 'lineInfo'> {
    const isWhole = functions.every(({ specification }) => specification.typeId !== undefined);
    if (functions.length === 1 || !isWhole) return {};
    const { byteOrder } = this.#specification;
    const functionInfo = new StructWriter(FUNCTION_INFO_SIZE * functions.length, byteOrder);
    for (const [index, { specification, start }] of functions.entries()) {
      const at = FUNCTION_INFO_SIZE * index;
      functionInfo.u32(at, start).u32(at + 4, specification.typeId);
    }
    // The kernel rejects line info unless all functions have it.
    if (functions.some(({ specification }) => specification.lines[0]?.instruction !== 0)) {
      return { functionInfo: functionInfo.bytes };
    }
    const lines = functions.flatMap(({ specification, start }) =>
      specification.lines.map((line) => ({ ...line, instruction: start + line.instruction })),
    );
    const lineInfo = new StructWriter(LINE_INFO_SIZE * lines.length, byteOrder);
    for (const [index, { instruction, fileNameOffset, lineOffset, lineColumn }] of lines.entries()) {
      const at = LINE_INFO_SIZE * index;
      lineInfo
        .u32(at, instruction)
        .u32(at + 4, fileNameOffset)
        .u32(at + 8, lineOffset)
        .u32(at + 12, lineColumn);
    }
    return { functionInfo: functionInfo.bytes, lineInfo: lineInfo.bytes };
  }
}
