import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import type { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import type { Extern } from '#src/kernel/bpf/elf/object-externs.ts';
import type { ObjectSpecification } from '#src/kernel/bpf/elf/object-specification.ts';
import { evaluateKconfig } from '#src/kernel/bpf/load/kconfig-values.ts';
import { specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';
import { KernelBuilder, ORDERS, type Order } from '../core/made-up-kernel.ts';

const SIGNED_CHAR = 0x0300_0008;
const BOOL = 0x0400_0008;

/** A variable's type. */
type MakeType = (types: KernelBuilder) => number;
const int: MakeType = (types) => types.signed('int', 4);
const bool: MakeType = (types) => types.raw(BTF_KIND.INT, '_Bool', 0, 1, [BOOL]);
const char: MakeType = (types) => types.raw(BTF_KIND.INT, 'char', 0, 1, [SIGNED_CHAR]);
const u8: MakeType = (types) => types.int('unsigned char', 1);
const u64: MakeType = (types) => types.int('unsigned long', 8);
const tristate: MakeType = (types) => types.enumeration('libbpf_tristate', { TRI_NO: 0, TRI_YES: 1 });
const chars =
  (length: number): MakeType =>
  (types) =>
    types.array(char(types), length);

/** An object with one variable of the configuration. */
function objectWith(
  name: string,
  make: MakeType,
  order: Order = 'little',
  weak = false,
): ObjectSpecification {
  const types = new KernelBuilder();
  const type = make(types);
  const variable = types.variable(name, type);
  types.section('.kconfig', 0, [{ type: variable, offset: 0, size: 0 }]);
  const btf: Btf = types.build(order);
  const extern: Extern = { name, kind: 'kconfig', weak, typeId: variable };
  return {
    name: 'object.o',
    byteOrder: order === 'little' ? 'LE' : 'BE',
    license: 'GPL',
    programs: [],
    functions: new Map(),
    maps: [],
    externs: new Map([[name, extern]]),
    dataSections: new Map(),
    btf,
  };
}

const evaluate = (make: MakeType, text: string, order?: Order) =>
  evaluateKconfig(objectWith('CONFIG_X', make, order), {
    version: 0,
    options: new Map([['CONFIG_X', text]]),
  });

describe.each(ORDERS)('values for a %s-endian machine', (order) => {
  it.each<[string, MakeType, string, string]>([
    ['a number', int, '250', '000000fa'],
    ['a negative number', int, '-2', 'fffffffe'],
    ['a hexadecimal number', u64, '0xffffffff81000000', 'ffffffff81000000'],
    ['yes as a bool', bool, 'y', '01'],
    ['no as a bool', bool, 'n', '00'],
    ['a module as a letter', char, 'm', '6d'],
    ['yes as a letter', u8, 'y', '79'],
    ['yes as a tristate', tristate, 'y', '00000001'],
    ['a module as a tristate', tristate, 'm', '00000002'],
    ['no as a tristate', tristate, 'n', '00000000'],
    ['the largest byte', u8, '255', 'ff'],
  ])('%s', (_, make, text, big) => {
    const bytes = Buffer.from(big, 'hex');
    expect(evaluate(make, text, order)).toEqual(order === 'big' ? bytes : bytes.reverse());
  });

  it('cuts texts to the available size, with a final NUL', () => {
    expect(evaluate(chars(8), '"(none)"', order).toString('latin1')).toBe('(none)\0\0');
    expect(evaluate(chars(5), '"(none)"', order).toString('latin1')).toBe('(non\0');
    expect(evaluate(chars(4), '""', order).toString('latin1')).toBe('\0\0\0\0');
  });

  it('writes each variable of an object at its offset', () => {
    const object = specify(fixture(`bpf/kconfig.bpf${order === 'little' ? 'el' : 'eb'}.o`));
    const bytes = evaluateKconfig(object, {
      version: 0x060c2a,
      options: new Map([
        ['CONFIG_BPF_SYSCALL', 'y'],
        ['CONFIG_HZ', '1000'],
        ['CONFIG_EXT4_FS', 'm'],
        ['CONFIG_MEMCG', 'y'],
        ['CONFIG_DEFAULT_HOSTNAME', '"abc"'],
      ]),
    });
    const u32 = (at: number) => (order === 'little' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
    expect(bytes.length).toBe(34);
    expect([u32(0), u32(4), u32(8), u32(12), u32(16)]).toEqual([0, 0, 2, 1000, 0x060c2a]);
    expect(bytes.toString('latin1', 20)).toBe(`\x01yabc${'\0'.repeat(9)}`);
  });
});

describe('missing values', () => {
  it.each<[string, MakeType, string, string]>([
    [
      'a number that is too large',
      u8,
      '256',
      'CONFIG_X is 256 on this kernel, and the variable has only 1 bytes',
    ],
    [
      'a negative one without a sign',
      u64,
      '-1',
      'CONFIG_X is -1 on this kernel, and the variable has only 8 bytes',
    ],
    [
      'too large a number',
      int,
      '0x80000000',
      'is 0x80000000 on this kernel, and the variable has only 4 bytes',
    ],
    [
      'a number as a bool',
      bool,
      '1',
      'CONFIG_X is 1 on this kernel, and the variable has an incompatible type',
    ],
    ['a module as a bool', bool, 'm', 'and the variable has an incompatible type'],
    ['a letter as an int', int, 'y', 'and the variable has an incompatible type'],
    ['a number as a tristate', tristate, '1', 'and the variable has an incompatible type'],
    ['a text as a number', int, '"abc"', 'and the variable is not a char array'],
    ['a number as a text', chars(4), '250', 'and the variable has an incompatible type'],
    ['other text', int, '12abc', 'and the variable has an incompatible type'],
  ])('%s', (_, make, text, message) => {
    expect(() => evaluate(make, text)).toThrow(UnsupportedError);
    expect(() => evaluate(make, text)).toThrow('object.o: CONFIG_X is ');
    expect(() => evaluate(make, text)).toThrow(message);
  });

  it('an option that is not set is an error, unless the variable is weak', () => {
    const config = { version: 0, options: new Map([['CONFIG_OTHER', '1']]) };
    expect(() => evaluateKconfig(objectWith('CONFIG_X', int), config)).toThrow(
      'object.o: this kernel is built without CONFIG_X',
    );
    expect(evaluateKconfig(objectWith('CONFIG_X', int, 'little', true), config)).toEqual(Buffer.alloc(4));
  });

  it('an unreadable configuration is an error for every option, with a hint', () => {
    let error: unknown;
    try {
      evaluateKconfig(objectWith('CONFIG_X', int), { version: 1 });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error).toMatchObject({
      message: "object.o: CONFIG_X is required, but this kernel's configuration cannot be read",
      hint: expect.stringMatching(/\/boot\/config-.*CONFIG_IKCONFIG_PROC=y/),
    });
    expect(evaluateKconfig(objectWith('CONFIG_X', int, 'little', true), { version: 1 })).toEqual(
      Buffer.alloc(4),
    );
  });

  it('the version is always available', () => {
    const object = objectWith('LINUX_KERNEL_VERSION', int);
    expect(evaluateKconfig(object, { version: 0x060c2a })).toEqual(Buffer.from([0x2a, 0x0c, 0x06, 0]));
  });

  it('an object without types requires none', () => {
    const { btf, ...rest } = objectWith('CONFIG_X', int);
    expect(btf).toBeDefined();
    expect(evaluateKconfig(rest, { version: 0 })).toEqual(Buffer.alloc(0));
  });
});

it('a pointer cannot contain the configuration', () => {
  const object = objectWith('CONFIG_X', (types) => types.pointer(0));
  expect(() => evaluateKconfig(object, { version: 0 })).toThrow(
    'type 1 is not valid for a __kconfig variable',
  );
});
