import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';

const kernelBtf = '/sys/kernel/btf/vmlinux';

interface DumpedType {
  id: number;
  kind: keyof typeof BTF_KIND;
  name: string;
  size?: number;
  members?: { name: string; type_id: number; bits_offset: number; bitfield_size?: number }[];
}

describe(`${kernelBtf}, compared with bpftool`, () => {
  const dumped = JSON.parse(
    execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', kernelBtf], {
      maxBuffer: 1 << 30,
      encoding: 'utf8',
    }),
  ) as { types: DumpedType[] };
  const btf = readKernelBtf();

  it('has the same types', () => {
    expect(btf.typeCount).toBe(dumped.types.length);
    const mismatches = dumped.types.filter(
      ({ id, kind, name }) =>
        btf.kindOf(id) !== BTF_KIND[kind] || btf.nameOf(id) !== (name === '(anon)' ? '' : name),
    );
    expect(mismatches).toEqual([]);
  });

  it('has the same struct sizes and members', () => {
    const containers = dumped.types.filter(({ kind }) => kind === 'STRUCT' || kind === 'UNION');
    expect(containers.length).toBeGreaterThan(1000);
    const mismatches = containers.filter(({ id, size, members = [] }) => {
      const ours = btf.membersOf(id).map(({ name, typeId, bitOffset, bitfieldSize }) => ({
        name: name === '' ? '(anon)' : name,
        type_id: typeId,
        bits_offset: bitOffset,
        ...(bitfieldSize === 0 ? {} : { bitfield_size: bitfieldSize }),
      }));
      return btf.sizeOf(id) !== size || JSON.stringify(ours) !== JSON.stringify(members);
    });
    expect(mismatches).toEqual([]);
  });

  it('returns the first type of every name', () => {
    const first = new Map<string, DumpedType>();
    for (const type of dumped.types) {
      const key = `${type.kind} ${type.name}`;
      if (type.name !== '(anon)' && !first.has(key)) first.set(key, type);
    }
    const mismatches = [...first.values()].filter(
      ({ id, kind, name }) => btf.find(BTF_KIND[kind], name) !== id,
    );
    expect(mismatches).toEqual([]);
  });
});
