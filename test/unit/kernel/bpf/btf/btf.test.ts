import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ToolError } from '#src/errors.ts';
import { Btf, readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { BtfBuilder } from './btf-builder.ts';

/**
 * A small kernel: embedded and anonymous structs, a bitfield, arrays, a typedef of a const, a section, enums.
 */
function sample(order: 'little' | 'big'): Btf {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const long = b.int('long unsigned int', 8);
  const anonymousStruct = b.struct('', 8, [
    { name: 'low', type: int, bit: 0 },
    { name: 'high', type: int, bit: 32 },
  ]);
  const anonymousUnion = b.struct(
    '',
    8,
    [
      { name: 'whole', type: long, bit: 0 },
      { type: anonymousStruct, bit: 0 },
    ],
    BTF_KIND.UNION,
  );
  const inner = b.struct('inner', 24, [
    { name: 'first', type: long, bit: 0 },
    { type: anonymousUnion, bit: 64 },
    { name: 'flag', type: int, bit: 131, bits: 3 },
  ]);
  const constInner = b.raw(BTF_KIND.CONST, '', 0, inner);
  const typedef = b.raw(BTF_KIND.TYPEDEF, 'inner_t', 0, constInner);
  const row = b.array(typedef, 5);
  const table = b.array(row, 3);
  const pointer = b.pointer(inner);
  b.struct('outer', 400, [
    { name: 'count', type: int, bit: 0 },
    { name: 'in', type: typedef, bit: 64 },
    { name: 'ptr', type: pointer, bit: 256 },
    { name: 'table', type: table, bit: 320 },
  ]);
  // A second struct of the same name, as kernels have: the first one is used.
  b.struct('inner', 99, []);
  const prototype = b.raw(BTF_KIND.FUNC_PROTO, '', 2, int, [b.string('a'), int, b.string('b'), long]);
  b.raw(BTF_KIND.FUNC, 'inner', 1, prototype);
  b.raw(BTF_KIND.ENUM, 'small', 2, 4, [b.string('minus'), 0xffff_ffff, b.string('two'), 2], true);
  b.raw(BTF_KIND.ENUM64, 'large', 1, 8, [b.string('huge'), 1, 0x8000_0000]);
  b.section('.maps', 32, [{ type: b.variable('m', inner), offset: 8, size: 24 }]);
  return new Btf(b.bytes(order), 'sample');
}

const idOf = (btf: Btf, kind: number, name: string): number => {
  const id = btf.find(kind, name);
  if (id === undefined) throw new Error(`no ${name}`);
  return id;
};

describe.each(['little', 'big'] as const)('BTF of a %s-endian machine', (order) => {
  const btf = sample(order);

  it('reports its byte order', () => {
    expect(btf.bigEndian).toBe(order === 'big');
  });

  it.each([
    ['count', 0],
    ['in', 8],
    ['in.first', 8],
    ['in.whole', 16],
    ['in.low', 16],
    ['in.high', 20],
    ['ptr', 32],
    ['table', 40],
  ])('outer.%s is at %i', (path, offset) => {
    expect(btf.memberOffset('outer', path)).toBe(offset);
  });

  it.each([
    ['outer', 'nothing'],
    ['outer', 'in.nothing'],
    ['outer', 'count.first'],
    ['outer', 'ptr.first'],
    ['outer', 'table.first'],
    ['outer', ''],
    ['nothing', 'count'],
  ])('%s.%s is absent', (struct, path) => {
    expect(btf.memberOffset(struct, path)).toBeUndefined();
  });

  it('reads bitfields', () => {
    expect(btf.findMember('outer', 'in.flag')).toMatchObject({ bitOffset: 64 + 131, bitfieldSize: 3 });
    expect(() => btf.memberOffset('inner', 'flag')).toThrow('inner.flag starts inside a byte');
    expect(btf.membersOf(idOf(btf, BTF_KIND.STRUCT, 'inner')).map(({ name }) => name)).toEqual([
      'first',
      '',
      'flag',
    ]);
  });

  it('computes sizes through typedefs, arrays of arrays, pointers and variables', () => {
    const sizeOf = (kind: number, name: string) => btf.sizeOf(idOf(btf, kind, name));
    expect(sizeOf(BTF_KIND.TYPEDEF, 'inner_t')).toBe(24);
    expect(sizeOf(BTF_KIND.VAR, 'm')).toBe(24);
    expect(sizeOf(BTF_KIND.DATASEC, '.maps')).toBe(32);
    expect(btf.sizeOf(btf.findMember('outer', 'table')?.typeId ?? 0)).toBe(360);
    expect(btf.sizeOf(btf.findMember('outer', 'ptr')?.typeId ?? 0)).toBe(8);
  });

  it('returns the first of two structs with one name, and keeps functions separate', () => {
    expect(btf.sizeOf(btf.findStruct('inner') ?? 0)).toBe(24);
    const func = btf.findFunc('inner') ?? 0;
    expect(btf.kindOf(func)).toBe(BTF_KIND.FUNC);
    expect(btf.kindOf(btf.referredBy(func))).toBe(BTF_KIND.FUNC_PROTO);
  });

  it('finds the type behind a pointer member', () => {
    expect(btf.pointeeOf('outer', 'ptr')).toBe(btf.findStruct('inner'));
    expect(btf.pointeeOf('outer', 'count')).toBeUndefined();
    expect(btf.pointeeOf('outer', 'nothing')).toBeUndefined();
  });

  it('reads enums and sections', () => {
    expect(btf.enumeratorsOf(idOf(btf, BTF_KIND.ENUM, 'small'))).toEqual([
      { name: 'minus', value: -1n },
      { name: 'two', value: 2n },
    ]);
    expect(btf.enumeratorsOf(idOf(btf, BTF_KIND.ENUM64, 'large'))).toEqual([
      { name: 'huge', value: 0x8000_0000_0000_0001n },
    ]);
    expect(btf.linkageOf(idOf(btf, BTF_KIND.VAR, 'm'))).toBe(1);
    expect(btf.variablesOf(idOf(btf, BTF_KIND.DATASEC, '.maps'))).toEqual([
      { typeId: idOf(btf, BTF_KIND.VAR, 'm'), offset: 8, size: 24 },
    ]);
  });
});

describe('damaged BTF', () => {
  const whole = () => {
    const b = new BtfBuilder();
    b.struct('s', 4, [{ name: 'm', type: b.int('int', 4), bit: 0 }]);
    return b.bytes();
  };
  const lookUp = (bytes: Buffer) => new Btf(bytes, 'f').memberOffset('s', 'm');
  const patched = (at: number, value: number) => {
    const bytes = whole();
    bytes.writeUInt32LE(value, at);
    return bytes;
  };

  it('is valid before it is damaged', () => {
    expect(lookUp(whole())).toBe(0);
  });

  it.each<[string, Buffer, string]>([
    ['empty', Buffer.alloc(0), 'BTF header is truncated (0 bytes)'],
    ['another file', Buffer.alloc(64, 'x'), 'not BTF: bad magic, expected 0xeb9f'],
    ['another version', patched(0, 0x0002_eb9f), 'unsupported BTF version 2, expected 1'],
    ['a short header', patched(4, 8), 'invalid BTF header length 8'],
    ['a long header', patched(4, 0xffff_ffff), 'invalid BTF header length 4294967295'],
    ['types behind the end', patched(8, 0xffff_ff00), 'BTF types end at byte'],
    ['too many types', patched(12, 0xffff_fffc), 'BTF types end at byte'],
    ['half a word', patched(12, 41), 'BTF type section of 41 bytes is not a multiple of 4'],
    ['strings behind the end', patched(20, 100), 'BTF strings end at byte'],
    ['strings without an end', whole().fill('x', whole().length - 1), 'do not start and end with a NUL'],
    ['truncated', whole().subarray(0, -3), 'BTF strings end at byte'],
    ['an unknown kind', patched(28, 0x1f00_0000), 'BTF type 1 has unknown kind 31'],
    ['a cut type', patched(44, 0x0400_0009), 'BTF type 2 is truncated'],
    ['a name outside', patched(24, 5000), 'name of BTF type 1 is outside the string section'],
  ])('%s', (_, bytes, message) => {
    expect(() => lookUp(bytes)).toThrow(message);
  });

  it('terminates on types that contain themselves', () => {
    const b = new BtfBuilder();
    const first = b.raw(BTF_KIND.TYPEDEF, 'first', 0, b.nextId + 1);
    b.raw(BTF_KIND.CONST, '', 0, first);
    const array = b.array(b.nextId, 1);
    const self = b.nextId;
    b.struct('self', 8, [
      { type: self, bit: 0 },
      { type: self, bit: 0 },
    ]);
    const huge = b.array(b.array(b.array(b.int('int', 4), 0xffff_ffff), 0xffff_ffff), 2);
    const btf = new Btf(b.bytes(), 'f');
    expect(() => btf.resolve(first)).toThrow('type 1 is an endless chain of typedefs or qualifiers');
    expect(() => btf.sizeOf(array)).toThrow('type 3 contains itself');
    expect(btf.memberOffset('self', 'm')).toBeUndefined();
    expect(() => btf.sizeOf(huge)).toThrow('larger than 2^53 bytes');
    expect(() => btf.sizeOf(0)).toThrow("type 0 ('void') has no size");
    expect(() => btf.sizeOf(1000)).toThrow('type 1000 does not exist');
  });

  it('limits the nesting of anonymous structs', () => {
    const b = new BtfBuilder();
    for (let depth = 0; depth < 100; depth++)
      b.struct(depth === 0 ? 's' : '', 8, [{ type: b.nextId + 1, bit: 0 }]);
    b.struct('', 8, []);
    expect(() => new Btf(b.bytes(), 'f').memberOffset('s', 'm')).toThrow('nested more than 64 deep');
  });

  it('returns or throws a ToolError for any bytes', () => {
    const original = sampleBytes();
    const damage = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(damage, fc.nat(original.length), (changes, cut) => {
        const bytes = Buffer.from(original.subarray(0, cut % 4 === 0 ? cut : original.length));
        for (const [at, value] of changes) if (at < bytes.length) bytes.writeUInt8(value, at);
        try {
          interrogate(new Btf(bytes, 'fuzzed'));
        } catch (error) {
          if (!(error instanceof ToolError)) throw error;
        }
      }),
      { numRuns: 1500 },
    );
  }, 60_000);
});

function sampleBytes(): Buffer {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  const union = b.struct('', 8, [{ name: 'x', type: int, bit: 0 }], BTF_KIND.UNION);
  const struct = b.struct('s', 16, [
    { name: 'a', type: b.raw(BTF_KIND.TYPEDEF, 't', 0, union), bit: 0 },
    { type: union, bit: 64 },
    { name: 'b', type: b.pointer(b.array(int, 7)), bit: 32 },
  ]);
  b.raw(BTF_KIND.ENUM, 'e', 1, 4, [b.string('one'), 1]);
  b.section('.maps', 16, [{ type: b.variable('v', struct), offset: 0, size: 16 }]);
  return b.bytes();
}

function interrogate(btf: Btf): void {
  for (const path of ['a', 'a.x', 'x', 'b', 'nothing']) btf.findMember('s', path);
  for (let id = 0; id <= btf.typeCount + 1; id++) {
    for (const question of [
      'nameOf',
      'resolve',
      'sizeOf',
      'membersOf',
      'variablesOf',
      'arrayOf',
      'enumeratorsOf',
      'linkageOf',
      'referredBy',
    ] as const) {
      try {
        btf[question](id);
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
      }
    }
  }
}

describe('readKernelBtf', () => {
  it('reports the missing file by name', () => {
    expect(() => readKernelBtf('/nonexistent/btf')).toThrow(
      'cannot read /nonexistent/btf: no such file or directory',
    );
  });
});
