import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { CORE_KIND } from '#src/kernel/bpf/elf/btf-ext.ts';
import { Elf } from '#src/kernel/bpf/elf/elf.ts';
import { Instructions } from '#src/kernel/bpf/elf/instructions.ts';
import { type ObjectSpecification, parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';
import { required } from '../../../../required.ts';

const read = (name: string, order = 'el') => readFileSync(fixture(`bpf/${name}.bpf${order}.o`));

/** Parses an object after a change of its bytes. */
function parsePatched(name: string, patch: (bytes: Buffer, elf: Elf) => void): ObjectSpecification {
  const bytes = read(name);
  patch(bytes, new Elf(read(name), name));
  return parseObject(bytes, `${name}.o`);
}

function sectionOf(elf: Elf, name: string) {
  const section = elf.section(name);
  if (section === undefined) throw new Error(`there is no section ${name}`);
  return section;
}

const functionsOf = ({ functions }: ObjectSpecification) =>
  [...functions.values()].map(({ key, name, isStatic, start, instructions }) => [
    key,
    name,
    isStatic,
    start,
    instructions.length / 8,
  ]);

const relocationsOf = ({ functions }: ObjectSpecification) =>
  Object.fromEntries([...functions.values()].map(({ name, relocations }) => [name, relocations]));

describe.each([
  ['el', 'LE'],
  ['eb', 'BE'],
] as const)('an object for bpf%s', (suffix, byteOrder) => {
  const callbacks = parseObject(read('callbacks', suffix), 'callbacks.o');
  const symbols = parseObject(read('kernel-symbols', suffix), 'symbols.o');

  it('has its name, byte order and license', () => {
    expect(callbacks).toMatchObject({ name: 'callbacks.o', byteOrder, license: 'GPL' });
    expect(callbacks.btf?.bigEndian).toBe(byteOrder === 'BE');
  });

  it('has functions by section and offset, and their programs', () => {
    expect(functionsOf(callbacks)).toEqual([
      ['.text@0', 'both', false, 0, 6],
      ['.text@6', 'scaled', true, 6, 9],
      ['.text@15', 'each_turn', true, 15, 27],
      ['syscall@0', 'run', false, 0, 34],
      ['syscall@34', 'plain', false, 34, 7],
    ]);
    expect(callbacks.programs.map(({ key, type, sleepable }) => [key, type, sleepable])).toEqual([
      ['syscall@0', 31, true],
      ['syscall@34', 31, true],
    ]);
    for (const { name, typeId = 0 } of callbacks.functions.values()) {
      expect(callbacks.btf?.nameOf(typeId)).toBe(name);
    }
  });

  it('has instructions in its byte order', () => {
    const { instructions = Buffer.alloc(0) } = callbacks.functions.get('.text@6') ?? {};
    const read = new Instructions(instructions, byteOrder);
    expect(read.isLoadImmediate64(0)).toBe(true);
    // BPF_JMP | BPF_EXIT
    expect(read.opcode(read.length - 1)).toBe(0x95);
  });

  it('has relocations by kind, by ascending instruction', () => {
    const call = (instruction: number, key: string) => ({ kind: 'call', instruction, function: key });
    const data = (instruction: number, map: string, offset: number) => ({
      kind: 'data',
      instruction,
      map,
      offset,
    });
    expect(relocationsOf(callbacks)).toEqual({
      both: [call(3, '.text@6')],
      scaled: [data(0, '.rodata', 0), data(4, '.bss', 8)],
      // A call within a section, without a relocation, before a map, which has one.
      each_turn: [call(9, '.text@6'), { kind: 'map', instruction: 21, map: 'squares' }],
      run: [
        data(7, '.rodata', 4),
        data(11, '.bss', 0),
        { kind: 'callback', instruction: 19, function: '.text@15' },
        data(23, '.data', 0),
        call(32, '.text@0'),
      ],
      plain: [data(0, '.rodata', 0)],
    });
    const extern = (instruction: number, symbol: string) => ({ kind: 'extern', instruction, symbol });
    const kfunc = (instruction: number, symbol: string) => ({ kind: 'kfunc', instruction, symbol });
    expect(relocationsOf(symbols)).toEqual({
      count: [
        extern(6, 'bpf_map_sum_elem_count'),
        extern(11, 'cmemstat_no_such_function'),
        kfunc(15, 'cmemstat_no_such_function'),
        extern(21, 'cmemstat_no_such_symbol'),
        extern(25, 'bpf_link_fops'),
        extern(29, 'cmemstat_no_such_variable'),
      ],
      sum: [kfunc(3, 'bpf_map_sum_elem_count')],
    });
  });

  it('has CO-RE relocations and lines relative to the start of the function', () => {
    const [count, sum] = symbols.programs;
    expect(sum?.start).toBe(42);
    expect(sum?.coreRelocations.map(({ instruction, kind }) => [instruction, kind])).toEqual([
      [1, CORE_KIND.FIELD_BYTE_OFFSET],
      [5, CORE_KIND.FIELD_BYTE_OFFSET],
      [6, CORE_KIND.FIELD_BYTE_OFFSET],
    ]);
    const length = (sum?.instructions.length ?? 0) / 8;
    for (const { instruction } of [...(sum?.coreRelocations ?? []), ...(sum?.lines ?? [])]) {
      expect(instruction).toBeGreaterThanOrEqual(0);
      expect(instruction).toBeLessThan(length);
    }
    expect([count?.lines[0]?.instruction, sum?.lines[0]?.instruction]).toEqual([0, 0]);
    expect([count?.lines.length, sum?.lines.length]).toEqual([23, 9]);
    // Each is a load of a member: `BPF_LDX | BPF_MEM | BPF_DW`.
    const instructions = new Instructions(sum?.instructions ?? Buffer.alloc(0), byteOrder);
    for (const { instruction } of sum?.coreRelocations ?? []) {
      expect(instructions.opcode(instruction)).toBe(0x79);
    }
  });

  it('has maps, with the initial values of variables', () => {
    const [squares, rodata, data, bss] = callbacks.maps;
    expect(squares).toMatchObject({ name: 'squares', max_entries: 100, definedAt: 0, frozen: false });
    expect(required(squares).data).toBeUndefined();
    expect(rodata).toMatchObject({ name: '.rodata', value_size: 5, frozen: true });
    expect(rodata?.variables).toEqual([
      { name: 'factor', offset: 0, size: 4 },
      { name: 'enabled', offset: 4, size: 1 },
    ]);
    expect(rodata?.data?.toString('hex')).toBe(byteOrder === 'LE' ? '0300000001' : '0000000301');
    expect(data?.data?.toString('hex')).toBe(byteOrder === 'LE' ? 'e803000000000000' : '00000000000003e8');
    expect(data?.frozen).toBe(false);
    expect(bss?.data).toEqual(Buffer.alloc(16));
  });

  it('has its externs by name', () => {
    expect([...symbols.externs.values()].map(({ name, kind, weak }) => [name, kind, weak])).toEqual([
      ['bpf_map_sum_elem_count', 'kfunc', true],
      ['cmemstat_no_such_function', 'kfunc', true],
      ['cmemstat_no_such_symbol', 'address', true],
      ['bpf_link_fops', 'address', true],
      ['cmemstat_no_such_variable', 'variable', true],
    ]);
    const { externs, maps } = parseObject(read('kconfig', suffix), 'kconfig.o');
    expect(externs.get('LINUX_KERNEL_VERSION')).toMatchObject({ kind: 'kconfig', weak: false });
    expect(externs.get('CONFIG_HZ')).toMatchObject({ kind: 'kconfig', weak: true });
    expect(maps).toMatchObject([{ name: '.kconfig', value_size: 34, frozen: true }]);
    expect(maps[0]?.variables.find(({ name }) => name === 'CONFIG_HZ')).toMatchObject({
      offset: 12,
      size: 4,
    });
    const { externs: unmet } = parseObject(read('unmet', suffix), 'unmet.o');
    expect(unmet.get('cmemstat_no_such_function')).toMatchObject({ kind: 'kfunc', weak: false });
  });

  it('has the offsets of variables, which its types omit', () => {
    const { dataSections } = callbacks;
    expect(dataSections.get('.rodata')?.size).toBe(5);
    expect(dataSections.get('.rodata')?.offsets.get('enabled')).toBe(4);
    expect(dataSections.get('.bss')?.offsets.get('hidden')).toBe(8);
    expect(dataSections.has('.text')).toBe(false);
  });

  it('has the attach targets of its programs', () => {
    const { programs } = parseObject(read('unmet', suffix), 'unmet.o');
    expect(programs.map(({ name, target }) => [name, target?.name])).toContainEqual([
      'no_iterator',
      'bpf_iter_cmemstat_no_such_iterator',
    ]);
    expect(symbols.programs[0]).toMatchObject({
      type: 26,
      attachType: 28,
      target: { kind: 'function', name: 'bpf_iter_bpf_map' },
    });
  });
});

describe('other objects', () => {
  it('have maps from before BTF, and maps of maps', () => {
    const legacy = specify(fixture('elf/legacy-maps.bpf.o'));
    expect(legacy.maps.map(({ name, definedAt }) => [name, definedAt])).toEqual([
      ['counts', 0],
      ['routes', 20],
    ]);
    expect(relocationsOf(legacy).count).toEqual([
      { kind: 'map', instruction: 1, map: 'routes' },
      { kind: 'map', instruction: 5, map: 'counts' },
    ]);
    const nested = specify(fixture('elf/map-in-map.bpf.o'));
    expect(nested.maps.find(({ name }) => name === 'policies')?.inner).toMatchObject({ max_entries: 512 });
    expect(relocationsOf(nested).jump).toEqual([{ kind: 'map', instruction: 0, map: 'calls' }]);
  });

  it('have map types only where the kernel requires them', () => {
    const { maps, btf } = specify(fixture('elf/btf-maps.bpf.o'));
    const types = Object.fromEntries(maps.map(({ name, valueTypeId }) => [name, valueTypeId]));
    expect(types.flows).toBeUndefined();
    expect(btf?.sizeOf(types.storage ?? 0)).toBe(12);
  });

  it('have variables in sections of other names, and without a name', () => {
    const { maps } = specify(fixture('elf/globals.bpf.o'));
    const limits = maps.find(({ name }) => name === '.rodata.limits');
    expect(limits).toMatchObject({ frozen: true, variables: [{ name: 'limits', offset: 0, size: 12 }] });
    expect(limits?.data?.toString('hex')).toBe('010000000200000003000000');
    const texts = maps.find(({ name }) => name.startsWith('.rodata.str'));
    expect(texts).toMatchObject({ frozen: true, variables: [] });
    expect(texts?.data?.toString('latin1')).toBe('a string %d\0');
    expect(maps.find(({ name }) => name === '.bss')?.data).toEqual(Buffer.alloc(8008));
  });

  it('have no program in a static function, also beside programs', () => {
    const object = parsePatched('callbacks', (bytes, elf) => {
      const index = elf.symbols().findIndex(({ name }) => name === 'plain');
      // STB_LOCAL and STT_FUNC in the byte after the name's offset.
      bytes.writeUInt8(0x02, sectionOf(elf, '.symtab').offset + 24 * index + 4);
    });
    expect(object.programs.map(({ name }) => name)).toEqual(['run']);
    expect(object.functions.get('syscall@34')).toMatchObject({ name: 'plain', isStatic: true });
  });

  it('have no relocation if a function calls itself', () => {
    const object = parsePatched('callbacks', (bytes, elf) => {
      bytes.writeInt32LE(-4, sectionOf(elf, '.text').offset + 8 * 3 + 4);
    });
    expect(relocationsOf(object).both).toEqual([]);
  });

  it('have a license up to its NUL byte, or none', () => {
    const withLicense = (text: string) =>
      parsePatched('callbacks', (bytes, elf) => {
        bytes.write(text, sectionOf(elf, 'license').offset, 'latin1');
      }).license;
    expect(withLicense('GP\0L')).toBe('GP');
    expect(withLicense('GPL2')).toBe('GPL2');
    expect(withLicense('\0')).toBe('');
    const unlicensed = parsePatched('callbacks', (bytes) => {
      const at = bytes.lastIndexOf('\0license\0');
      bytes.write('\0licence\0', at, 'latin1');
    });
    expect(unlicensed.license).toBe('');
  });
});

describe('a damaged object', () => {
  const header = (elf: Elf, name: string, bytes: Buffer) =>
    Number(bytes.readBigUInt64LE(40)) + 64 * sectionOf(elf, name).index;
  /** One relocation of `run`: offset, type and symbol. */
  const relocation = (elf: Elf, index: number) => sectionOf(elf, '.relsyscall').offset + 16 * index;
  const instruction = (elf: Elf, section: string, index: number) =>
    sectionOf(elf, section).offset + 8 * index;

  it.each<[string, (bytes: Buffer, elf: Elf) => void, string]>([
    [
      'a relocation to no symbol',
      (bytes, elf) => bytes.writeUInt32LE(999, relocation(elf, 0) + 12),
      `function 'run', instruction 7: symbol 999 does not exist`,
    ],
    [
      'a relocation inside an instruction',
      (bytes, elf) => bytes.writeUInt8(7 * 8 + 4, relocation(elf, 0)),
      `function 'run', instruction 7: its relocations overlap`,
    ],
    [
      'two relocations of an instruction',
      (bytes, elf) => bytes.writeUInt8(7 * 8, relocation(elf, 1)),
      `function 'run', instruction 7: its relocations overlap`,
    ],
    [
      'a relocation of another instruction',
      (bytes, elf) => bytes.writeUInt8(6 * 8, relocation(elf, 0)),
      `function 'run', instruction 6: only a call or a 64-bit immediate can refer to 'enabled'`,
    ],
    [
      'a call into the middle of a function',
      (bytes, elf) => bytes.writeInt32LE(3, instruction(elf, '.text', 3) + 4),
      `function 'both', instruction 3: the call target is not a function`,
    ],
    [
      'a call of another section into the middle of a function',
      (bytes, elf) => bytes.writeInt32LE(3, instruction(elf, 'syscall', 32) + 4),
      `function 'run', instruction 32: no function starts at instruction 4 of '.text'`,
    ],
    [
      'a callback in the middle of a function',
      (bytes, elf) => bytes.writeInt32LE(8 * 16, instruction(elf, 'syscall', 19) + 4),
      `function 'run', instruction 19: no function starts at instruction 16 of '.text'`,
    ],
    [
      'functions that are cut off',
      (bytes, elf) => bytes.writeBigUInt64LE(8n * 40n, header(elf, 'syscall', bytes) + 32),
      `function 'plain' (56 bytes at 272) is outside 'syscall'`,
    ],
    [
      'another machine',
      (bytes) => bytes.writeUInt16LE(62, 18),
      'not a BPF object: its ELF machine is 62, expected 247',
    ],
  ])('%s', (_, patch, message) => {
    expect(() => parsePatched('callbacks', patch)).toThrow(KernelFileError);
    expect(() => parsePatched('callbacks', patch)).toThrow(`callbacks.o: ${message}`);
  });

  it('rejects a reference to an undeclared symbol', () => {
    expect(() =>
      parsePatched('kernel-symbols', (bytes) => {
        // In the symbols, but not in the types.
        const at = bytes.lastIndexOf('\0bpf_link_fops\0');
        bytes.write('\0bpf_link_fopz\0', at, 'latin1');
      }),
    ).toThrow(
      `function 'count', instruction 25: 'bpf_link_fopz' is neither defined nor declared with __ksym or __kconfig`,
    );
  });

  it('rejects a program in a section of unknown type', () => {
    expect(() => specify(fixture('elf/struct-ops.bpf.o'))).toThrow(
      `function "start": section 'struct_ops/init' does not match a known program type`,
    );
  });
});
