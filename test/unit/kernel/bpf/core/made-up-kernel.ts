/** The types of a fictional kernel that the programs of `core-made-up.bpf.c` are relocated against. */
import { readFileSync } from 'node:fs';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { relocateFunctions } from '#src/kernel/bpf/core/relocate.ts';
import { Instructions } from '#src/kernel/bpf/elf/instructions.ts';
import { type ObjectSpecification, parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { fixture } from '../../../../paths.ts';
import { BtfBuilder } from '../btf/btf-builder.ts';

/** A byte order, as in the builder of BTF and the names of the objects. */
export const ORDERS = [
  ['little', 'bpfel'],
  ['big', 'bpfeb'],
] as const;

/** A byte order of {@link ORDERS}. */
export type Order = (typeof ORDERS)[number][0];

const SIGNED = 0x0100_0000;

/** A builder with some types of C. */
export class KernelBuilder extends BtfBuilder {
  /** A signed number. */
  signed(name: string, bytes: number): number {
    return this.raw(BTF_KIND.INT, name, 0, bytes, [SIGNED + 8 * bytes]);
  }

  /** An enum of 32-bit values. */
  enumeration(name: string, values: Record<string, number>): number {
    const words = Object.entries(values).flatMap(([value, number]) => [this.string(value), number >>> 0]);
    return this.raw(
      BTF_KIND.ENUM,
      name,
      words.length / 2,
      4,
      words,
      Object.values(values).some((value) => value < 0),
    );
  }

  /** An enum of signed 64-bit values. */
  enumeration64(name: string, values: Record<string, bigint>): number {
    const words = Object.entries(values).flatMap(([value, number]) => [
      this.string(value),
      Number(BigInt.asUintN(32, number)),
      Number(BigInt.asUintN(32, number >> 32n)),
    ]);
    return this.raw(BTF_KIND.ENUM64, name, words.length / 3, 8, words, true);
  }

  /** Another name for a type. */
  alias(name: string, type: number): number {
    return this.raw(BTF_KIND.TYPEDEF, name, 0, type);
  }

  /** A function's parameters and return value. */
  prototype(returns: number, parameters: number[]): number {
    return this.raw(
      BTF_KIND.FUNC_PROTO,
      '',
      parameters.length,
      returns,
      parameters.flatMap((type) => [0, type]),
    );
  }

  /** A struct or union that is only declared. */
  forward(name: string, isUnion = false): number {
    return this.raw(BTF_KIND.FWD, name, 0, 0, [], isUnion);
  }

  /** The types, ready for queries. */
  build(order: Order = 'little'): Btf {
    return new Btf(this.bytes(order), 'made up');
  }
}

/** The offsets of the fields of `struct sample`, in bytes; `wide` has 4 bytes, not 8. */
export interface SampleLayout {
  second?: number;
  firstBytes?: 4 | 8;
  name?: string;
}

/** Adds `struct sample` and its member types; returns its id. */
export function addSample(
  kernel: KernelBuilder,
  { second = 20, firstBytes = 4, name = 'sample' }: SampleLayout = {},
): number {
  const int = kernel.signed('int', 4);
  const first = firstBytes === 4 ? int : kernel.signed('long', 8);
  const unsigned = kernel.int('unsigned int', 4);
  const long = kernel.signed('long long', 8);
  const unsignedLong = kernel.int('unsigned long long', 8);
  const character = kernel.signed('char', 1);
  const inUnion = kernel.struct('', 4, [{ name: 'unnamed', type: int, bit: 0 }], BTF_KIND.UNION);
  const unnamed = kernel.struct('', 8, [{ type: inUnion, bit: 32 }]);
  const inside = kernel.struct('inside', 16, [
    { name: 'extra', type: unsignedLong, bit: 0 },
    { name: 'deep', type: long, bit: 64 },
  ]);
  return kernel.struct(name, 120, [
    { name: 'first', type: first, bit: 8 * 16 },
    { name: 'second', type: unsigned, bit: 8 * second },
    { name: 'name', type: kernel.array(character, 16), bit: 8 * 24 },
    { type: unnamed, bit: 8 * 36 },
    { name: 'inside', type: inside, bit: 8 * 48 },
    { name: 'low', type: unsigned, bit: 8 * 64, bits: 3 },
    // From bit 20 to bit 33: no load of 4 bytes covers it.
    { name: 'high', type: unsigned, bit: 8 * 64 + 20, bits: 13 },
    { name: 'negative', type: int, bit: 8 * 64 + 40, bits: 5 },
    { name: 'wide', type: unsigned, bit: 8 * 72 },
    { name: 'pointer', type: kernel.pointer(0), bit: 8 * 80 },
    { name: 'numbers', type: kernel.array(int, 8), bit: 8 * 88 },
    { name: 'rest', type: kernel.array(unsigned, 0), bit: 8 * 120 },
  ]);
}

/** All types that the programs refer to, and the id of `struct sample`. */
export function madeUpKernel(order: Order = 'little'): { kernel: Btf; sample: number } {
  const kernel = new KernelBuilder();
  const sample = addSample(kernel);
  const pointer = kernel.pointer(sample);
  const pair = kernel.nextId + 1;
  const pairPointer = kernel.pointer(pair);
  kernel.struct('pair', 24, [
    { name: 'previous', type: pairPointer, bit: 0 },
    { name: 'next', type: pairPointer, bit: 64 },
    { name: 'more', type: pairPointer, bit: 128 },
  ]);
  const char = kernel.signed('char', 1);
  kernel.struct('either', 8, [{ name: 'letter', type: char, bit: 0 }], BTF_KIND.UNION);
  kernel.enumeration('choice', { FIRST: 10, SECOND: 20, THIRD: 30, FOURTH: 40 });
  kernel.enumeration64('huge', { NEGATIVE: -7n, HUGE: 0x1122_3344_5566_7788n });
  const int = kernel.signed('int', 4);
  kernel.alias('counted', kernel.struct('', 4, [{ name: 'counter', type: int, bit: 0 }]));
  kernel.alias('handler', kernel.pointer(kernel.prototype(int, [pointer, kernel.signed('long long', 8)])));
  return { kernel: kernel.build(order), sample };
}

/** The object with one relocation per program. */
export function madeUpObject(order: Order = 'little'): ObjectSpecification {
  const name = order === 'little' ? 'core-made-up.bpfel.o' : 'core-made-up.bpfeb.o';
  return parseObject(readFileSync(fixture(`bpf/${name}`)), 'made-up.o');
}

/** The result of the relocation of a program. */
export interface Outcome {
  /** Of an addition or an assignment. */
  immediate: number;
  immediate64: bigint;
  /** Of a load or a store. */
  offset: number;
  /** How much is loaded or stored. */
  opcode: number;
  reasons: readonly string[];
}

/** Relocates all programs of the object, and returns one. */
export function outcomeOf(object: ObjectSpecification, kernel: Btf, name: string): Outcome {
  const program = object.programs.find((each) => each.name === name);
  const [relocation] = program?.coreRelocations ?? [];
  if (program === undefined || relocation === undefined) throw new Error(`${name} has no relocation`);
  const { instructions: bytes, unmet } = relocateFunctions(onlyProgram(object, name), kernel).get(
    program.key,
  ) ?? {
    instructions: Buffer.alloc(0),
    unmet: [],
  };
  const instructions = new Instructions(bytes, object.byteOrder);
  const at = relocation.instruction;
  return {
    immediate: instructions.immediate(at),
    immediate64: instructions.isLoadImmediate64(at) ? instructions.immediate64(at) : -1n,
    offset: instructions.offset(at),
    opcode: instructions.opcode(at),
    reasons: unmet.map(({ reason }) => reason),
  };
}

/** The object with a single program: one that cannot be relocated would prevent the others. */
export function onlyProgram(object: ObjectSpecification, name: string): ObjectSpecification {
  const programs = object.programs.filter((each) => each.name === name);
  return { ...object, programs, functions: new Map(programs.map((each) => [each.key, each])) };
}
