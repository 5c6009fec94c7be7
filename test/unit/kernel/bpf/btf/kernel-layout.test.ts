import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';
import {
  evaluateLayout,
  KernelLayout,
  type LayoutQuery,
  openKernelLayout,
} from '#src/kernel/bpf/btf/kernel-layout.ts';
import { BtfBuilder } from './btf-builder.ts';

/** struct thing { u32 id; char name[16]; struct { u64 count; }; u16 a: 1, b: 1, c: 2; char tail[]; } and one function. */
function thing(): BtfBuilder {
  const builder = new BtfBuilder();
  const u32 = builder.int('unsigned int', 4);
  const u64 = builder.int('long unsigned int', 8);
  const char = builder.int('char', 1);
  const name = builder.array(char, 16);
  const tail = builder.array(char, 0);
  const inner = builder.struct('', 8, [{ name: 'count', type: u64, bit: 0 }]);
  builder.struct('thing', 34, [
    { name: 'id', type: u32, bit: 0, bits: 0 },
    { name: 'name', type: name, bit: 32, bits: 0 },
    { name: '', type: inner, bit: 192, bits: 0 },
    { name: 'a', type: u32, bit: 256, bits: 1 },
    { name: 'b', type: u32, bit: 257, bits: 1 },
    { name: 'c', type: u32, bit: 258, bits: 2 },
    { name: 'tail', type: tail, bit: 272, bits: 0 },
  ]);
  const proto = builder.raw(BTF_KIND.FUNC_PROTO, '', 0, 0);
  builder.raw(BTF_KIND.FUNC, 'iter_thing', 1, proto);
  builder.variable('things', u32);
  return builder;
}

const QUERY: LayoutQuery = {
  members: ['thing.id', 'thing.name', 'thing.count', 'thing.tail', 'thing.b', 'thing.missing', 'nothing.id'],
  bits: ['thing.a', 'thing.b', 'thing.c', 'thing.missing'],
  functions: ['iter_thing', 'iter_nothing'],
  percpuVariables: ['things', 'others'],
};

describe('evaluateLayout', () => {
  it.each([
    ['little', 0x01, 0x02],
    ['big', 0x80, 0x40],
  ] as const)('finds what a %s-endian kernel has', (order, first, second) => {
    const facts = evaluateLayout(new Btf(thing().bytes(order), 'thing'), QUERY);
    expect(facts).toEqual({
      members: {
        'thing.id': { offset: 0, size: 4 },
        'thing.name': { offset: 4, size: 16 },
        'thing.count': { offset: 24, size: 8 },
        'thing.tail': { offset: 34, size: 0 },
      },
      bits: { 'thing.a': { offset: 32, mask: first }, 'thing.b': { offset: 32, mask: second } },
      functions: { iter_thing: expect.any(Number) },
      percpuVariables: { things: expect.any(Number) },
    });
  });
});

describe('KernelLayout', () => {
  const layout = new KernelLayout({
    members: { 'thing.id': { offset: 0, size: 4 } },
    bits: {},
    functions: { iter_thing: 7 },
    percpuVariables: {},
  });

  it('gives what is there', () => {
    expect(layout.member('thing.id')).toEqual({ offset: 0, size: 4 });
    expect(layout.find('thing.other')).toBeUndefined();
    expect(layout.findBit('thing.a')).toBeUndefined();
    expect(layout.findPercpuVariable('things')).toBeUndefined();
    expect(layout.function('iter_thing', '5.8')).toBe(7);
  });

  it('names what is missing', () => {
    expect(() => layout.member('thing.other')).toThrow(UnsupportedError);
    expect(() => layout.member('thing.other')).toThrow('thing.other');
    expect(() => layout.function('iter_other', '5.8')).toThrow('iter_other, which came with Linux 5.8');
  });
});

describe('openKernelLayout', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kernel-layout-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('reads the types once', () => {
    const notesPath = join(directory, 'notes');
    const btfPath = join(directory, 'vmlinux');
    const sources = { notesPath, btfPath, directory: join(directory, 'cache') };
    writeFileSync(notesPath, 'build');
    writeFileSync(btfPath, thing().bytes());
    expect(openKernelLayout(QUERY, sources).member('thing.count').offset).toBe(24);
    rmSync(btfPath);
    expect(openKernelLayout(QUERY, sources).member('thing.count').offset).toBe(24);
  });

  it('names the build option where the kernel has no types', () => {
    const open = () => openKernelLayout(QUERY, { btfPath: join(directory, 'none'), notesPath: '' });
    expect(open).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        since: '5.4',
        hint: expect.stringContaining('CONFIG_DEBUG_INFO_BTF'),
      }),
    );
  });
});
