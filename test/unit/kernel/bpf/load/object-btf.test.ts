import { describe, expect, it } from 'vitest';
import { SyscallError } from '#src/errors.ts';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import { lateKindsOf, replaceKinds } from '#src/kernel/bpf/load/late-kinds.ts';
import { loadObjectBtf } from '#src/kernel/bpf/load/load-btf.ts';
import { completeObjectBtf } from '#src/kernel/bpf/load/object-btf.ts';
import { HOST_BYTE_ORDER, readU32 } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';
import { BtfBuilder } from '../btf/btf-builder.ts';
import { fakeBpf } from '../sys/fake-bpf.ts';

const { FLOAT, DECL_TAG, TYPE_TAG, ENUM, ENUM64 } = BTF_KIND;
const LATE: readonly number[] = [ENUM64, TYPE_TAG, DECL_TAG, FLOAT];

const object = (name: string, order: string) => specify(fixture(`bpf/${name}.bpf${order}.o`));
const completed = (name: string, order: string) => completeObjectBtf(object(name, order)) ?? Buffer.alloc(0);

function idOf(btf: Btf, kind: number, name: string): number {
  const id = btf.find(kind, name);
  if (id === undefined) throw new Error(`there is no ${name}`);
  return id;
}

/** The variables of a section as `name offset size`, and its size. */
function sectionOf(btf: Btf, name: string): { size: number; variables: string[] } {
  const id = idOf(btf, BTF_KIND.DATASEC, name);
  const variables = btf.variablesOf(id);
  return {
    size: btf.sizeOf(id),
    variables: variables.map(({ typeId, offset, size }) => `${btf.nameOf(typeId)} ${offset} ${size}`),
  };
}

describe.each(['el', 'eb'])('the types of objects for bpf%s', (order) => {
  it('keep their byte order', () => {
    expect(new Btf(completed('late-kinds', order), 'f').bigEndian).toBe(order === 'eb');
  });

  it('have the sizes of sections and the offsets of variables, which the compiler omits', () => {
    const { btf } = object('callbacks', order);
    expect(btf && sectionOf(btf, '.rodata')).toEqual({ size: 0, variables: ['factor 0 4', 'enabled 0 1'] });
    const types = new Btf(completed('callbacks', order), 'f');
    expect(sectionOf(types, '.rodata')).toEqual({ size: 5, variables: ['factor 0 4', 'enabled 4 1'] });
    expect(sectionOf(types, '.data')).toEqual({ size: 8, variables: ['start_value 0 8'] });
    // The kernel requires variables by ascending offset.
    expect(sectionOf(types, '.bss')).toEqual({ size: 16, variables: ['runs 0 8', 'hidden 8 8'] });
    expect(sectionOf(types, '.maps')).toEqual({ size: 32, variables: ['squares 0 32'] });
  });

  it('have variables of four bytes in place of externs', () => {
    const types = new Btf(completed('kernel-symbols', order), 'f');
    expect(sectionOf(types, '.ksyms')).toEqual({
      size: 20,
      variables: [
        'dummy_ksym 0 4',
        'dummy_ksym 4 4',
        'cmemstat_no_such_symbol 8 4',
        'bpf_link_fops 12 4',
        'cmemstat_no_such_variable 16 4',
      ],
    });
    for (const name of ['dummy_ksym', 'bpf_link_fops', 'cmemstat_no_such_variable']) {
      const variable = idOf(types, BTF_KIND.VAR, name);
      expect(types.linkageOf(variable), name).toBe(1);
      expect(types.nameOf(types.referredBy(variable)), name).toBe('int');
    }
    const { btf } = object('kernel-symbols', order);
    const wanted = idOf(types, BTF_KIND.FUNC, 'bpf_map_sum_elem_count');
    expect(btf?.functionLinkageOf(wanted)).toBe(2);
    expect(types.functionLinkageOf(wanted)).toBe(1);
    expect(btf?.parametersOf(btf.referredBy(wanted)).map(({ name }) => name)).toEqual(['']);
    expect(types.parametersOf(types.referredBy(wanted)).map(({ name }) => name)).toEqual(['dummy_ksym']);
  });

  it("have the kernel's configuration in the layout of its map", () => {
    const types = new Btf(completed('kconfig', order), 'f');
    expect(sectionOf(types, '.kconfig')).toEqual({
      size: 34,
      variables: [
        'CONFIG_CMEMSTAT_NEVER 0 8',
        'CONFIG_EXT4_FS 8 4',
        'CONFIG_HZ 12 4',
        'LINUX_KERNEL_VERSION 16 4',
        'CONFIG_BPF_SYSCALL 20 1',
        'CONFIG_MEMCG 21 1',
        'CONFIG_DEFAULT_HOSTNAME 22 12',
      ],
    });
    expect(types.linkageOf(idOf(types, BTF_KIND.VAR, 'CONFIG_HZ'))).toBe(1);
  });

  const whole = completed('late-kinds', order);
  const before = new Btf(whole, 'f');

  it('are of kinds that some kernels lack', () => {
    expect(lateKindsOf(whole, 'f')).toEqual(LATE);
    expect(lateKindsOf(completed('callbacks', order), 'f')).toEqual([]);
  });

  it('keep ids, names and sizes if kinds are replaced', () => {
    const after = new Btf(replaceKinds(whole, 'f', LATE), 'f');
    expect(lateKindsOf(replaceKinds(whole, 'f', LATE), 'f')).toEqual([]);
    expect(after.nameOf(after.typeCount)).toBe('enum64_placeholder');
    expect(after.typeCount).toBe(before.typeCount + 1);
    const sized: readonly number[] = [FLOAT, ENUM64, ENUM, BTF_KIND.STRUCT, BTF_KIND.ARRAY, BTF_KIND.VAR];
    let compared = 0;
    for (let id = 1; id <= before.typeCount; id++) {
      const kind = before.kindOf(id);
      expect(after.nameOf(id), `type ${id}`).toBe(kind === TYPE_TAG ? '' : before.nameOf(id));
      if (!LATE.includes(kind)) expect(after.kindOf(id), `type ${id}`).toBe(kind);
      if (!sized.includes(kind)) continue;
      expect(after.sizeOf(id), `type ${id}`).toBe(before.sizeOf(id));
      compared++;
    }
    expect(compared).toBeGreaterThan(10);
    expect(after.bigEndian).toBe(order === 'eb');
  });

  it('have older kinds in place of newer ones', () => {
    const after = new Btf(replaceKinds(whole, 'f', LATE), 'f');
    const float = idOf(after, BTF_KIND.STRUCT, 'float');
    expect(after.membersOf(float)).toEqual([]);
    expect(after.kindOf(idOf(before, DECL_TAG, 'function'))).toBe(BTF_KIND.INT);
    expect(after.integerOf(idOf(before, DECL_TAG, 'function')).bits).toBe(8);
    const tag = idOf(before, TYPE_TAG, 'user');
    expect(after.kindOf(tag)).toBe(BTF_KIND.CONST);
    expect(after.referredBy(tag)).toBe(before.referredBy(tag));
    const members = after.membersOf(idOf(after, BTF_KIND.UNION, 'wide'));
    expect(members.map(({ name, bitOffset }) => [name, bitOffset])).toEqual([
      ['WIDE_NEGATIVE', 0],
      ['WIDE_LARGE', 0],
    ]);
    expect(members.every(({ typeId }) => after.nameOf(typeId) === 'enum64_placeholder')).toBe(true);
    expect(after.flagOf(idOf(before, ENUM64, 'wide'))).toBe(false);
    const signed = idOf(before, ENUM, 'signed_choice');
    expect([before.flagOf(signed), after.flagOf(signed)]).toEqual([true, false]);
    expect(after.enumeratorsOf(signed).map(({ name }) => name)).toEqual([
      'CHOICE_NEGATIVE',
      'CHOICE_POSITIVE',
    ]);
  });

  it.each(LATE.map((kind) => [kind]))('keep all kinds but %i if only that one is replaced', (kind) => {
    const replaced = replaceKinds(whole, 'f', [kind]);
    expect(lateKindsOf(replaced, 'f')).toEqual(LATE.filter((each) => each !== kind));
    expect(new Btf(replaced, 'f').typeCount).toBe(before.typeCount + (kind === ENUM64 ? 1 : 0));
  });
});

it('an object without types stays without types', () => {
  const { btf, ...rest } = object('callbacks', 'el');
  expect(btf).toBeDefined();
  expect(completeObjectBtf(rest)).toBeUndefined();
});

it('a section has the size in the file, or else that of its variables', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4);
  b.section('.data', 0, [{ type: b.variable('known', int), offset: 0, size: 4 }]);
  b.section('.other', 0, [{ type: b.variable('unknown', int), offset: 8, size: 4 }]);
  b.section('.given', 100, [{ type: b.variable('given', int), offset: 0, size: 4 }]);
  const dataSections = new Map([
    ['.data', { size: 64, offsets: new Map([['known', 16]]) }],
    ['.given', { size: 64, offsets: new Map([['given', 16]]) }],
  ]);
  const specification = { ...object('callbacks', 'el'), btf: new Btf(b.bytes(), 'f'), dataSections };
  const types = new Btf(completeObjectBtf(specification) ?? Buffer.alloc(0), 'f');
  expect(sectionOf(types, '.data')).toEqual({ size: 64, variables: ['known 16 4'] });
  expect(sectionOf(types, '.other')).toEqual({ size: 12, variables: ['unknown 8 4'] });
  // A linker has processed it already.
  expect(sectionOf(types, '.given')).toEqual({ size: 100, variables: ['given 0 4'] });
});

it('64-bit enums share one type for their members', () => {
  const b = new BtfBuilder();
  for (const name of ['first', 'second']) b.raw(ENUM64, name, 1, 8, [b.string(`${name}_value`), 0, 1]);
  const after = new Btf(replaceKinds(b.bytes(), 'f', [ENUM64]), 'f');
  expect(after.typeCount).toBe(3);
  expect([1, 2].map((id) => after.membersOf(id)[0]?.typeId)).toEqual([3, 3]);
});

it('an enum with signed values is as recent as a 64-bit enum', () => {
  const b = new BtfBuilder();
  const unsigned = b.raw(ENUM, 'unsigned_enum', 1, 4, [b.string('ONE'), 1]);
  expect(lateKindsOf(b.bytes(), 'f')).toEqual([]);
  const signed = b.raw(ENUM, 'signed_enum', 1, 4, [b.string('MINUS'), 0xffff_ffff], true);
  expect(lateKindsOf(b.bytes(), 'f')).toEqual([ENUM64]);
  const after = new Btf(replaceKinds(b.bytes(), 'f', [ENUM64]), 'f');
  expect([after.flagOf(unsigned), after.flagOf(signed)]).toEqual([false, false]);
  expect(after.typeCount).toBe(2);
  // Another replaced kind does not affect it.
  expect(new Btf(replaceKinds(b.bytes(), 'f', [FLOAT]), 'f').flagOf(signed)).toBe(true);
});

describe('loadObjectBtf', () => {
  const types = completed('late-kinds', 'el');

  /** A kernel that supports types up to a kind; the loaded BTF is added to `loaded`. */
  function kernelUpTo(latest: number, loaded: Buffer[]) {
    return fakeBpf({
      BPF_BTF_LOAD(attr, [bytes]) {
        const btf = new Btf(Buffer.from(bytes ?? []), 'loaded');
        for (let id = 1; id <= btf.typeCount; id++) {
          const isSignedEnum = btf.kindOf(id) === ENUM && btf.flagOf(id);
          if (btf.kindOf(id) > latest || (isSignedEnum && latest < ENUM64)) {
            throw new SyscallError('bpf', 'BPF_BTF_LOAD', 'EINVAL');
          }
        }
        expect(readU32(attr, 16, HOST_BYTE_ORDER)).toBe(bytes?.length);
        loaded.push(Buffer.from(bytes ?? []));
        return 42;
      },
    });
  }

  it.each<[string, number, readonly number[]]>([
    ['6.0', ENUM64, []],
    ['5.17', TYPE_TAG, [ENUM64]],
    ['5.16', DECL_TAG, [ENUM64, TYPE_TAG]],
    ['5.13', FLOAT, [ENUM64, TYPE_TAG, DECL_TAG]],
    ['5.10', BTF_KIND.DATASEC, LATE],
  ])('replaces exactly what Linux %s lacks', (_, latest, replaced) => {
    const loaded: Buffer[] = [];
    const bpf = kernelUpTo(latest, loaded);
    expect(loadObjectBtf(bpf, types, 'f')).toBe(42);
    expect(bpf.calls.length).toBe(replaced.length + 1);
    const [bytes = Buffer.alloc(0)] = loaded;
    expect(lateKindsOf(bytes, 'f')).toEqual(LATE.filter((kind) => !replaced.includes(kind)));
    if (replaced.length === 0) expect(bytes.equals(types)).toBe(true);
  });

  it('reports a refusal that no kind explains', () => {
    const loaded: Buffer[] = [];
    const refusing = kernelUpTo(0, loaded);
    expect(() => loadObjectBtf(refusing, types, 'f')).toThrow('EINVAL');
    expect(refusing.calls.length).toBe(LATE.length + 1);
    const forbidden = fakeBpf({
      BPF_BTF_LOAD() {
        throw new SyscallError('bpf', 'BPF_BTF_LOAD', 'EPERM');
      },
    });
    expect(() => loadObjectBtf(forbidden, types, 'f')).toThrow('EPERM');
    expect(forbidden.calls.length).toBe(1);
  });
});
