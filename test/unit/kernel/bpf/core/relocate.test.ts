import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import type { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { relocateFunctions } from '#src/kernel/bpf/core/relocate.ts';
import { INSTRUCTION_SIZE, Instructions, POISON } from '#src/kernel/bpf/elf/instructions.ts';
import type { ObjectSpecification } from '#src/kernel/bpf/elf/object-specification.ts';
import {
  addSample,
  KernelBuilder,
  madeUpKernel,
  madeUpObject,
  ORDERS,
  onlyProgram,
  outcomeOf,
} from './made-up-kernel.ts';

const LOAD_4 = 0x61;
const LOAD_8 = 0x79;
const STORE_4 = 0x63;
const CALL = 0x85;

const objects = { little: madeUpObject('little'), big: madeUpObject('big') };
const empty = new KernelBuilder();
empty.int('unsigned int', 4);

describe.each(ORDERS)('on a %s-endian kernel', (order) => {
  const object = objects[order];
  const { kernel, sample } = madeUpKernel(order);

  it.each([
    ['offset', 20],
    ['offset_element', 88 + 2 * 4],
    ['size', 16],
    ['size_element', 4],
    ['exists', 1],
    ['is_signed', 1],
    ['is_unsigned', 0],
    // The bits of a byte are counted from the least significant one on one machine, from the most significant
    // on the other.
    ['left_shift', order === 'little' ? 64 - 33 : 20],
    ['right_shift', 64 - 13],
    ['bits_offset', 64],
    ['bits_size', 8],
    ['bits_signed', 1],
    ['type_exists', 1],
    ['typedef_exists', 1],
    ['function_exists', 1],
    ['type_size', 120],
    ['pair_matches', 1],
    ['inside_matches', 1],
    ['enum_matches', 1],
    ['function_matches', 1],
    ['value_exists', 1],
  ])('%s becomes the immediate %i', (program, immediate) => {
    expect(outcomeOf(object, kernel, program)).toMatchObject({ immediate, reasons: [] });
  });

  it.each([
    ['load', 20, LOAD_4],
    ['load_signed', 16, LOAD_4],
    ['load_pointer', 80, LOAD_8],
    ['load_unnamed', 36 + 4, LOAD_4],
    ['load_inside', 48 + 8, LOAD_8],
    ['load_element', 88 + 3 * 4, LOAD_4],
    ['load_flexible', 120 + 7 * 4, LOAD_4],
    ['load_second', 120 + 20, LOAD_4],
    ['in_union', 0, 0x71],
    // 8 bytes in the object, 4 in the kernel, unsigned.
    ['load_wide', 72, LOAD_4],
    ['store', 72, STORE_4],
  ])('%s goes to byte %i', (program, offset, opcode) => {
    expect(outcomeOf(object, kernel, program)).toMatchObject({ offset, opcode, reasons: [] });
  });

  it.each([
    ['kernel_id', BigInt(sample)],
    ['value', 20n],
    ['value_flavour', 30n],
    ['value_huge', 0x1122_3344_5566_7788n],
    ['value_negative', BigInt.asUintN(64, -7n)],
  ])('%s becomes the 64-bit immediate %i', (program, immediate64) => {
    expect(outcomeOf(object, kernel, program)).toMatchObject({ immediate64, reasons: [] });
  });

  it('local_id stays the id in the object', () => {
    const id = object.btf?.findStruct('sample') ?? 0;
    expect(outcomeOf(object, kernel, 'local_id').immediate64).toBe(BigInt(id));
  });

  it.each([
    ['exists', 0],
    ['type_exists', 0],
    ['typedef_exists', 0],
    ['function_exists', 0],
    ['type_size', 0],
    ['pair_matches', 0],
    ['enum_matches', 0],
    ['value_exists', 0],
  ])('%s is %i if the kernel lacks it', (program, immediate) => {
    expect(outcomeOf(object, empty.build(order), program)).toMatchObject({ immediate, reasons: [] });
  });

  it('kernel_id is 0 if the kernel lacks the type', () => {
    expect(outcomeOf(object, empty.build(order), 'kernel_id')).toMatchObject({
      immediate64: 0n,
      reasons: [],
    });
  });

  it.each([
    ['load', 'this kernel has no struct sample'],
    ['offset', 'this kernel has no struct sample'],
    ['size', 'this kernel has no struct sample'],
    ['is_signed', 'this kernel has no struct sample'],
    ['left_shift', 'this kernel has no struct sample'],
    ['store', 'this kernel has no struct sample'],
    ['in_union', 'this kernel has no union either'],
    ['value', 'this kernel has no enum choice'],
  ])('poisons %s, and reports what is missing', (program, reason) => {
    expect(outcomeOf(object, empty.build(order), program)).toMatchObject({
      opcode: CALL,
      immediate: POISON,
      offset: 0,
      reasons: [reason],
    });
  });

  it('poisons both halves of a 64-bit immediate', () => {
    const only = onlyProgram(object, 'value');
    const [relocated] = relocateFunctions(only, empty.build(order)).values();
    const instructions = new Instructions(relocated?.instructions ?? Buffer.alloc(0), object.byteOrder);
    expect([0, 1].map((at) => [instructions.opcode(at), instructions.immediate(at)])).toEqual([
      [CALL, POISON],
      [CALL, POISON],
    ]);
    expect(instructions.bytes).toHaveLength(3 * INSTRUCTION_SIZE);
  });
});

describe('a kernel with other types', () => {
  const relocate = (kernel: KernelBuilder, program: string) =>
    outcomeOf(objects.little, kernel.build(), program);

  it.each([
    ['flavour', 'struct sample has no field "renamed"'],
    ['other_struct', 'this kernel has no struct elsewhere'],
  ])('%s is poisoned: %s', (program, reason) => {
    expect(outcomeOf(objects.little, madeUpKernel().kernel, program).reasons).toEqual([reason]);
  });

  it('reads a field of a flavour if the kernel still has it', () => {
    const kernel = new KernelBuilder();
    kernel.struct('sample', 64, [{ name: 'renamed', type: kernel.int('unsigned int', 4), bit: 8 * 44 }]);
    expect(relocate(kernel, 'flavour')).toMatchObject({ offset: 44, reasons: [] });
  });

  it('matches a flavour of the kernel', () => {
    const kernel = new KernelBuilder();
    addSample(kernel, { name: 'sample___2', second: 28 });
    expect(relocate(kernel, 'load')).toMatchObject({ offset: 28, reasons: [] });
    const other = new KernelBuilder();
    addSample(other, { name: 'sample____2' });
    addSample(other, { name: 'other_sample' });
    expect(relocate(other, 'load').reasons).toEqual(['this kernel has no struct sample']);
  });

  it('rejects a signed number of another size', () => {
    const kernel = new KernelBuilder();
    addSample(kernel, { firstBytes: 8 });
    expect(relocate(kernel, 'load_signed')).toMatchObject({
      immediate: POISON,
      reasons: [
        'field "first" of struct sample has 8 bytes instead of 4, and is neither an unsigned integer nor a pointer',
      ],
    });
    expect(relocate(kernel, 'is_signed')).toMatchObject({ immediate: 1, reasons: [] });
  });

  it('loads a pointer of a 32-bit kernel', () => {
    const kernel = new KernelBuilder();
    kernel.int('long unsigned int', 4);
    addSample(kernel);
    expect(relocate(kernel, 'load_pointer')).toMatchObject({ offset: 80, opcode: LOAD_4, reasons: [] });
  });

  it('reports an offset that a load cannot reach', () => {
    const kernel = new KernelBuilder();
    addSample(kernel, { second: 32_768 });
    expect(relocate(kernel, 'load').reasons).toEqual([
      'field "second" of struct sample is at byte offset 32768, beyond the range of a load',
    ]);
    expect(relocate(kernel, 'offset')).toMatchObject({ immediate: 32_768, reasons: [] });
  });

  it('does not match a struct with a number', () => {
    const kernel = new KernelBuilder();
    const inner = kernel.struct('inner', 4, []);
    kernel.struct('sample', 8, [{ name: 'second', type: inner, bit: 0 }]);
    expect(relocate(kernel, 'load').reasons).toEqual([
      'field "second" of struct sample has an incompatible type',
    ]);
    expect(relocate(kernel, 'exists')).toMatchObject({ immediate: 0, reasons: [] });
  });

  it('rejects elements beyond the end of an array, unless it is flexible', () => {
    const kernel = new KernelBuilder();
    const int = kernel.signed('int', 4);
    kernel.struct('sample', 8, [
      { name: 'numbers', type: kernel.array(int, 3), bit: 0 },
      { name: 'rest', type: kernel.array(kernel.int('unsigned int', 4), 5), bit: 96 },
    ]);
    expect(relocate(kernel, 'load_element').reasons).toEqual(['struct sample has no field "numbers[3]"']);
    expect(relocate(kernel, 'load_flexible').reasons).toEqual(['struct sample has no field "rest[7]"']);
  });

  it.each([
    ['a number of another size', (kernel: KernelBuilder) => kernel.signed('long long', 4), 0],
    ['a number without a sign', (kernel: KernelBuilder) => kernel.int('long long', 8), 0],
    ['a number of another name', (kernel: KernelBuilder) => kernel.signed('long', 8), 0],
    ['the same number', (kernel: KernelBuilder) => kernel.signed('long long', 8), 1],
    [
      'the same number by another name',
      (kernel: KernelBuilder) => kernel.alias('s64', kernel.signed('long long', 8)),
      1,
    ],
  ])('matches %s or not', (_, type, immediate) => {
    const kernel = new KernelBuilder();
    kernel.struct('inside', 8, [{ name: 'deep', type: type(kernel), bit: 0 }]);
    expect(relocate(kernel, 'inside_matches').immediate).toBe(immediate);
  });

  it.each([
    ['a value is missing', { FIRST: 1, SECOND: 2, OTHER: 3 }, 0],
    ['all are there with other numbers', { THIRD: 7, SECOND: 8, FIRST: 9 }, 1],
  ])('matches an enum: %s', (_, values, immediate) => {
    const kernel = new KernelBuilder();
    kernel.enumeration('choice', values);
    expect(relocate(kernel, 'enum_matches').immediate).toBe(immediate);
  });

  it.each([
    ['another struct', (kernel: KernelBuilder) => kernel.struct('other', 8, []), 0],
    ['the struct declared only', (kernel: KernelBuilder) => kernel.forward('pair'), 1],
    ['a union declared only', (kernel: KernelBuilder) => kernel.forward('pair', true), 0],
  ])('matches pointers to %s or not', (_, pointee, immediate) => {
    const kernel = new KernelBuilder();
    const pointer = kernel.pointer(pointee(kernel));
    kernel.struct('pair', 16, [
      { name: 'next', type: pointer, bit: 0 },
      { name: 'previous', type: pointer, bit: 64 },
    ]);
    expect(relocate(kernel, 'pair_matches').immediate).toBe(immediate);
  });

  it('does not match a function with other parameters', () => {
    const kernel = new KernelBuilder();
    const int = kernel.signed('int', 4);
    kernel.alias('handler', kernel.pointer(kernel.prototype(int, [int])));
    expect(relocate(kernel, 'function_matches').immediate).toBe(0);
    expect(relocate(kernel, 'function_exists').immediate).toBe(0);
  });
});

describe('a kernel with several types of one name', () => {
  const conflict = (kernel: Btf, program: string) => () =>
    relocateFunctions(onlyProgram(objects.little, program), kernel);

  it('accepts them if they agree', () => {
    const kernel = new KernelBuilder();
    addSample(kernel);
    addSample(kernel, { name: 'sample___2' });
    expect(outcomeOf(objects.little, kernel.build(), 'load')).toMatchObject({ offset: 20, reasons: [] });
  });

  it('is an error if they differ in the requested field', () => {
    const kernel = new KernelBuilder();
    addSample(kernel);
    addSample(kernel, { second: 28 });
    const load = conflict(kernel.build(), 'load');
    expect(load).toThrow(UnsupportedError);
    expect(load).toThrow(
      'made-up.o: function "load": instruction 0: this kernel has several definitions of struct sample that differ in "second" of struct sample: 20 and 28',
    );
    expect(conflict(kernel.build(), 'exists')).toThrow('at bit 160 and at bit 224');
    expect(outcomeOf(objects.little, kernel.build(), 'load_pointer')).toMatchObject({ offset: 80 });
  });

  it('is an error if their values differ', () => {
    const kernel = new KernelBuilder();
    kernel.enumeration('choice', { SECOND: 5 });
    kernel.enumeration('choice', { SECOND: 6 });
    expect(conflict(kernel.build(), 'value')).toThrow('differ in "SECOND" of enum choice: 5 and 6');
  });

  it('considers only those that have the requested field', () => {
    const kernel = new KernelBuilder();
    addSample(kernel);
    kernel.struct('sample', 4, [{ name: 'renamed', type: kernel.int('unsigned int', 4), bit: 0 }]);
    expect(outcomeOf(objects.little, kernel.build(), 'load')).toMatchObject({ offset: 20, reasons: [] });
    expect(outcomeOf(objects.little, kernel.build(), 'flavour')).toMatchObject({ offset: 0, reasons: [] });
  });
});

describe('an object that contradicts itself', () => {
  const { kernel } = madeUpKernel();

  function changed(program: string, change: (instructions: Instructions) => void): ObjectSpecification {
    const object = onlyProgram(objects.little, program);
    const [each] = object.programs;
    if (each === undefined) throw new Error(program);
    const instructions = new Instructions(Buffer.from(each.instructions), 'LE');
    change(instructions);
    return { ...object, functions: new Map([[each.key, { ...each, instructions: instructions.bytes }]]) };
  }

  it.each([
    ['offset', (each: Instructions) => each.setImmediate(0, 5), "it holds 5 where the object's types say 4"],
    ['load', (each: Instructions) => each.setOffset(0, 8), "it holds 8 where the object's types say 4"],
    [
      'load',
      (each: Instructions) => each.setOpcode(0, 0x95),
      'neither arithmetic, nor a load or store, nor a 64-bit immediate',
    ],
    [
      'offset',
      (each: Instructions) => each.setOpcode(0, 0xbf),
      'an operation on two registers has no immediate',
    ],
    [
      'load_wide',
      (each: Instructions) => each.setOpcode(0, LOAD_4),
      'an access of a size other than 8 bytes',
    ],
    [
      'value',
      (each: Instructions) => each.setImmediate64(0, 9n),
      "it holds 9 where the object's types say 2",
    ],
  ])('%s is rejected: %#', (program, change, message) => {
    expect(() => relocateFunctions(changed(program, change), kernel)).toThrow(
      `made-up.o: function "${program}": instruction 0: ${message}`,
    );
  });

  it.each([
    [{ kind: 13 }, 'unknown kind 13'],
    [{ typeId: 100_000 }, 'type 100000 does not exist'],
    [{ accessOffset: 1_000_000 }, 'no string at offset 1000000'],
    [{ typeId: 0 }, "type 0 ('void') has no size"],
  ])('reports what is wrong with the relocation %o', (change, message) => {
    const object = onlyProgram(objects.little, 'load');
    const [each] = object.programs;
    const [relocation] = each?.coreRelocations ?? [];
    if (each === undefined || relocation === undefined) throw new Error('load');
    const functions = new Map([[each.key, { ...each, coreRelocations: [{ ...relocation, ...change }] }]]);
    expect(() => relocateFunctions({ ...object, functions }, kernel)).toThrow(message);
  });

  it('limits the comparison of types', () => {
    const bomb = new KernelBuilder();
    const long = bomb.signed('long long', 8);
    let inner = bomb.struct('', 8, [{ name: 'other', type: long, bit: 0 }]);
    for (let depth = 0; depth < 40; depth++) {
      inner = bomb.struct('', 8, [
        { type: inner, bit: 0 },
        { type: inner, bit: 0 },
      ]);
    }
    bomb.struct('inside', 8, [{ type: inner, bit: 0 }]);
    bomb.struct('sample', 8, [{ type: inner, bit: 0 }]);
    expect(() => outcomeOf(objects.little, bomb.build(), 'load')).toThrow('takes too long');
  });
});
