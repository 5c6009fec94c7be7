/**
 * Loads a prepared object into the kernel: creates its maps and loads its programs.
 * Source: bpf(2); Documentation/bpf/libbpf/program_types.rst
 */
import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { UnsupportedError } from '../../../errors.ts';
import { Instructions } from '../elf/instructions.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import { HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type Constant, createMap, type LoadedMap, type MapChanges, setConstants } from './create-maps.ts';
import { readKernelSymbols } from './kernel-symbols.ts';
import { loadObjectBtf } from './load-btf.ts';
import { loadProgram } from './load-program.ts';
import type { PreparedObject, PreparedProgram } from './prepared-object.ts';

/** Options for loading an object. */
export interface LoadOptions {
  /** The programs to load; all by default. */
  readonly programs?: readonly string[];
  /** Initial values of global variables, by name; those in `.rodata` are constant afterwards. */
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Overrides for map definitions, by name. */
  readonly maps?: Readonly<Record<string, MapChanges>>;
  /** Addresses of untyped symbols, by name; missing ones are looked up in `/proc/kallsyms`. */
  readonly addresses?: Readonly<Record<string, bigint>>;
}

/** A loaded program. */
export interface LoadedProgram {
  readonly name: string;
  readonly fd: number;
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** `enum bpf_attach_type`. */
  readonly attachType: number;
}

/** A loaded object. Its maps and programs exist until it is closed and nothing else references them. */
export interface LoadedObject {
  readonly maps: ReadonlyMap<string, LoadedMap>;
  readonly programs: ReadonlyMap<string, LoadedProgram>;
  /** @throws RangeError if the object has no map with that name. */
  map(name: string): LoadedMap;
  /** @throws RangeError if no program with that name was loaded. */
  program(name: string): LoadedProgram;
  close(): void;
}

/**
 * Creates the maps of an object and loads its programs. On failure everything is closed again.
 *
 * Since: Linux 5.2. Needs CAP_BPF, and CAP_PERFMON for programs that read kernel memory.
 * @throws PermissionError; UnsupportedError if the kernel lacks an attach target or a required feature;
 * SyscallError that names the program, with the verifier log as its cause.
 */
export function loadObject(bpf: Bpf, object: PreparedObject, options: LoadOptions = {}): LoadedObject {
  if (object.byteOrder !== HOST_BYTE_ORDER) {
    throw new UnsupportedError(object.name, `${object.name} is built for the other byte order`);
  }
  const programs = chooseProgams(object, options.programs);
  const loader = new Loader(bpf, object);
  try {
    loader.createMaps(options);
    for (const program of programs) loader.load(program, options.addresses);
  } catch (error) {
    loader.close();
    throw error;
  }
  return loader.finish();
}

function chooseProgams(object: PreparedObject, names: readonly string[] | undefined): PreparedProgram[] {
  const chosen = names ?? object.programs.map(({ name }) => name);
  return chosen.map((name) => {
    const program = object.programs.find((each) => each.name === name);
    if (program === undefined) throw new RangeError(`${object.name} has no program '${name}'`);
    if (program.unavailable !== undefined) {
      throw new UnsupportedError(name, `program "${name}": ${program.unavailable}`);
    }
    return program;
  });
}

class Loader {
  readonly #bpf: Bpf;
  readonly #object: PreparedObject;
  readonly #maps = new Map<string, LoadedMap>();
  readonly #programs = new Map<string, LoadedProgram>();
  #btfFd: number | undefined;
  #symbols: ReadonlyMap<string, bigint> | undefined;

  constructor(bpf: Bpf, object: PreparedObject) {
    this.#bpf = bpf;
    this.#object = object;
  }

  createMaps({ constants = {}, maps: changes = {} }: LoadOptions): void {
    const shortName = basename(this.#object.name).replace(/\..*$/, '');
    for (const name of Object.keys(changes)) {
      if (!this.#object.maps.some((map) => map.name === name)) {
        throw new RangeError(`${this.#object.name} has no map '${name}'`);
      }
    }
    for (const map of setConstants(this.#object, constants)) {
      const btfFd = map.types === undefined ? undefined : this.#loadBtf();
      const changed = { ...map, ...(Object.hasOwn(changes, map.name) ? changes[map.name] : {}) };
      this.#maps.set(map.name, createMap(this.#bpf, shortName, changed, btfFd));
    }
  }

  load(program: PreparedProgram, addresses: LoadOptions['addresses'] = {}): void {
    const instructions = new Instructions(Buffer.from(program.instructions), this.#object.byteOrder);
    for (const { instruction, map } of program.maps) {
      instructions.setImmediate(instruction, this.#maps.get(map)?.fd ?? -1);
    }
    const unmet = [...program.unmet];
    for (const { instruction, symbol, weak } of program.symbols) {
      const address = addresses[symbol] ?? this.#kernelSymbols().get(symbol);
      if (address === undefined && !weak) {
        throw new UnsupportedError(
          symbol,
          `program "${program.name}": /proc/kallsyms does not show an address for ${symbol}`,
        );
      }
      instructions.setImmediate64(instruction, address ?? 0n);
    }
    const btfFd = program.functionInfo === undefined ? undefined : this.#loadBtf();
    const fd = loadProgram(
      this.#bpf,
      { ...program, instructions: instructions.bytes, unmet },
      this.#object.license,
      btfFd,
    );
    const { name, type, attachType } = program;
    this.#programs.set(name, { name, fd, type, attachType });
  }

  finish(): LoadedObject {
    // The programs and maps hold references to the BTF.
    this.#closeBtf();
    const [maps, programs] = [this.#maps, this.#programs];
    let isOpen = true;
    return {
      maps,
      programs,
      map: (name) => require(maps.get(name), `map '${name}'`),
      program: (name) => require(programs.get(name), `program '${name}'`),
      close: () => {
        if (isOpen) this.close();
        isOpen = false;
      },
    };
  }

  close(): void {
    for (const { fd } of [...this.#programs.values(), ...this.#maps.values()]) closeSync(fd);
    this.#closeBtf();
  }

  #loadBtf(): number | undefined {
    const { btf, name } = this.#object;
    if (btf === undefined) return undefined;
    try {
      this.#btfFd ??= loadObjectBtf(this.#bpf, btf, name);
    } catch (error) {
      throw explainBpfError(error, `load the types of ${name}`, ['CAP_BPF'], '4.18');
    }
    return this.#btfFd;
  }

  #closeBtf(): void {
    if (this.#btfFd !== undefined) closeSync(this.#btfFd);
    this.#btfFd = undefined;
  }

  #kernelSymbols(): ReadonlyMap<string, bigint> {
    this.#symbols ??= readKernelSymbols(
      new Set(this.#object.programs.flatMap(({ symbols }) => symbols.map(({ symbol }) => symbol))),
    );
    return this.#symbols;
  }
}

function require<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new RangeError(`the loaded object has no ${what}`);
  return found;
}
