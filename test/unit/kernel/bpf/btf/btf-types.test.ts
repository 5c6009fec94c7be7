import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BtfEditor } from '#src/kernel/bpf/btf/btf-edit.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';
import { BtfBuilder } from './btf-builder.ts';

const { INT, FWD, TYPEDEF, FUNC, FUNC_PROTO, VAR, DECL_TAG, ENUM } = BTF_KIND;
const [SIGNED, CHAR, BOOL] = [0x0100_0000, 0x0200_0000, 0x0400_0000];

/** The types, and the ids of the requested ones. */
function build(order: 'little' | 'big') {
  const b = new BtfBuilder();
  const int = b.raw(INT, 'int', 0, 4, [SIGNED + 32]);
  const unsigned = b.int('unsigned int', 4);
  const char = b.raw(INT, 'char', 0, 1, [SIGNED + CHAR + 8]);
  const bool = b.raw(INT, '_Bool', 0, 1, [BOOL + 8]);
  // As described by old compilers: 5 bits from bit 3 on.
  const bits = b.raw(INT, 'bits', 0, 4, [0x0003_0005]);
  const variadic = b.raw(FUNC_PROTO, '', 3, int, [b.string('format'), char, 0, unsigned, 0, 0]);
  const plain = b.raw(FUNC_PROTO, '', 0, 0);
  const functions = [0, 1, 2].map((linkage) => b.raw(FUNC, `function_${linkage}`, linkage, variadic));
  const variables = [0, 1, 2].map((linkage) => b.raw(VAR, `variable_${linkage}`, 0, int, [linkage]));
  const struct = b.struct('twice', 4, [{ name: 'member', type: int, bit: 0 }]);
  const second = b.struct('twice', 8, [{ name: 'part', type: int, bit: 0, bits: 3 }]);
  const union = b.struct('twice', 8, [], BTF_KIND.UNION);
  const tags = [0xffff_ffff, 0, 7].map((component) => b.raw(DECL_TAG, 'tag', 0, struct, [component]));
  const forwards = [false, true].map((isUnion) => b.raw(FWD, 'declared', 0, 0, [], isUnion));
  const enums = [false, true].map((isSigned) =>
    b.raw(ENUM, 'choice', 1, 4, [b.string('LAST'), 0xffff_ffff], isSigned),
  );
  const third = b.struct('twice', 16, []);
  const path = b.string('0:1:2');
  const ids = { int, unsigned, char, bool, bits, variadic, plain, functions, variables };
  const more = { struct, second, union, tags, forwards, enums, third, path };
  return { btf: new Btf(b.bytes(order), 'types'), ...ids, ...more };
}

describe.each(['little', 'big'] as const)('types of a %s-endian machine', (order) => {
  const types = build(order);
  const { btf } = types;

  it('returns all types of a kind and name, by ascending id', () => {
    expect(btf.findAll(BTF_KIND.STRUCT, 'twice')).toEqual([types.struct, types.second, types.third]);
    expect(btf.findAll(BTF_KIND.UNION, 'twice')).toEqual([types.union]);
    expect(btf.findAll(BTF_KIND.STRUCT, 'twic')).toEqual([]);
    expect(btf.findAll(TYPEDEF, 'twice')).toEqual([]);
    expect(btf.findAll(FUNC_PROTO, '')).toEqual([]);
    expect(btf.find(BTF_KIND.STRUCT, 'twice')).toBe(types.struct);
  });

  it('reads the encoding of numbers', () => {
    const whole = { signed: false, isChar: false, isBool: false, bitOffset: 0 };
    expect(btf.integerOf(types.int)).toEqual({ ...whole, signed: true, bits: 32 });
    expect(btf.integerOf(types.unsigned)).toEqual({ ...whole, bits: 32 });
    expect(btf.integerOf(types.char)).toEqual({ ...whole, signed: true, isChar: true, bits: 8 });
    expect(btf.integerOf(types.bool)).toEqual({ ...whole, isBool: true, bits: 8 });
    expect(btf.integerOf(types.bits)).toEqual({ ...whole, bitOffset: 3, bits: 5 });
  });

  it('reads parameters, with and without names, the last one for `...`', () => {
    expect(btf.parametersOf(types.variadic)).toEqual([
      { name: 'format', typeId: types.char },
      { name: '', typeId: types.unsigned },
      { name: '', typeId: 0 },
    ]);
    expect(btf.parametersOf(types.plain)).toEqual([]);
  });

  it('reads the linkage of functions and variables', () => {
    expect(types.functions.map((id) => btf.functionLinkageOf(id))).toEqual([0, 1, 2]);
    expect(types.variables.map((id) => btf.linkageOf(id))).toEqual([0, 1, 2]);
  });

  it('reads which part of a type a tag refers to', () => {
    expect(types.tags.map((id) => btf.taggedComponentOf(id))).toEqual([-1, 0, 7]);
    expect(types.tags.map((id) => btf.referredBy(id))).toEqual(types.tags.map(() => types.struct));
  });

  it('reads the kind_flag of a type', () => {
    expect(types.forwards.map((id) => btf.flagOf(id))).toEqual([false, true]);
    expect([types.struct, types.second].map((id) => btf.flagOf(id))).toEqual([false, true]);
    expect(types.enums.map((id) => btf.flagOf(id))).toEqual([false, true]);
    expect(types.enums.map((id) => btf.enumeratorsOf(id)[0]?.value)).toEqual([0xffff_ffffn, -1n]);
    expect(btf.flagOf(0)).toBe(false);
  });

  it('reads strings by their offset', () => {
    expect(btf.string(types.path)).toBe('0:1:2');
    expect(btf.string(types.path + 2)).toBe('1:2');
    expect(btf.string(0)).toBe('');
    expect(() => btf.string(100_000)).toThrow('no string at offset 100000');
  });

  it.each([
    ['integerOf', 'is not a number'],
    ['parametersOf', 'is not a function prototype'],
    ['functionLinkageOf', 'is not a function'],
    ['linkageOf', 'is not a variable'],
    ['taggedComponentOf', 'is not a declaration tag'],
    ['variablesOf', 'is not a section'],
    ['arrayOf', 'is not an array'],
    ['membersOf', 'is not a struct or union'],
  ] as const)('rejects %s for types of other kinds, and for none', (question, message) => {
    const [forward = 0] = types.forwards;
    expect(() => btf[question](forward)).toThrow(KernelFileError);
    expect(() => btf[question](forward)).toThrow(`types: type ${forward} ${message}`);
    expect(() => btf[question](0)).toThrow(KernelFileError);
    expect(() => btf[question](9999)).toThrow('type 9999 does not exist');
  });

  it('returns nothing for an unknown id', () => {
    expect([btf.kindOf(0), btf.nameOf(0)]).toEqual([0, 'void']);
    expect(() => btf.flagOf(9999)).toThrow('type 9999 does not exist');
  });
});

describe.each(['el', 'eb'])('BtfEditor on the types of an object for bpf%s', (suffix) => {
  const { btf } = specify(fixture(`bpf/late-kinds.bpf${suffix}.o`));
  if (btf === undefined) throw new Error('the object has no types');

  /** All parts of the types. */
  const contents = ({ blob }: Btf) => ({
    words: [...blob.words],
    strings: blob.strings.toString('latin1'),
    bigEndian: blob.bigEndian,
  });

  it('writes back what it has read', () => {
    expect(contents(new Btf(new BtfEditor(btf).toBytes(), 'edited'))).toEqual(contents(btf));
  });

  it('appends types and strings', () => {
    const editor = new BtfEditor(btf);
    const name = editor.addString('added');
    const id = editor.add({ name, kind: VAR, count: 0, flag: false, sizeOrType: 1, words: [1] });
    const edited = new Btf(editor.toBytes(), 'edited');
    expect(id).toBe(btf.typeCount + 1);
    expect(edited.find(VAR, 'added')).toBe(id);
    expect(edited.linkageOf(id)).toBe(1);
    expect(edited.typeCount).toBe(id);
    expect(contents(edited).words.slice(0, contents(btf).words.length)).toEqual(contents(btf).words);
  });

  it('keeps flags and counts of changed types', () => {
    const editor = new BtfEditor(btf);
    const id = btf.find(ENUM, 'signed_choice') ?? 0;
    expect(editor.types[id]).toMatchObject({ kind: ENUM, count: 2, flag: true, sizeOrType: 4 });
    Object.assign(editor.types[id] ?? {}, { sizeOrType: 8 });
    const edited = new Btf(editor.toBytes(), 'edited');
    expect([edited.sizeOf(id), edited.flagOf(id)]).toEqual([8, true]);
    expect(edited.enumeratorsOf(id)).toEqual(btf.enumeratorsOf(id));
  });
});

it('BtfEditor starts without types if there are none', () => {
  const editor = new BtfEditor(new Btf(new BtfBuilder().bytes(), 'empty'));
  const id = editor.add({ name: 0, kind: INT, count: 0, flag: false, sizeOrType: 4, words: [32] });
  expect(id).toBe(1);
  expect(new Btf(editor.toBytes(), 'edited').sizeOf(1)).toBe(4);
});
