/**
 * The layout of an object's global variables. The compiler leaves the offsets out of the BTF because only the
 * linker knows them.
 */
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { type Elf, type ElfSymbol, SHN_UNDEF } from './elf.ts';

/** A section with variables. */
export interface DataSection {
  /** Unit: bytes. */
  readonly size: number;
  /** By variable name: offset from the start of the section. Unit: bytes. */
  readonly offsets: ReadonlyMap<string, number>;
}

/**
 * The sections that the object's BTF describes, by name.
 * Source: Documentation/bpf/btf.rst, BTF_KIND_DATASEC.
 * @throws KernelFileError if the BTF is damaged.
 */
export function readDataSections(
  elf: Elf,
  symbols: readonly ElfSymbol[],
  btf: Btf,
): Map<string, DataSection> {
  const described = new Set<string>();
  for (let id = 1; id <= btf.typeCount; id++) {
    if (btf.kindOf(id) === BTF_KIND.DATASEC) described.add(btf.nameOf(id));
  }
  const sections = new Map<string, DataSection & { offsets: Map<string, number> }>();
  const byIndex = new Map<number, Map<string, number>>();
  for (const { name, index, size } of elf.sections) {
    if (!described.has(name) || sections.has(name)) continue;
    const offsets = new Map<string, number>();
    sections.set(name, { size, offsets });
    byIndex.set(index, offsets);
  }
  for (const { section, name, value } of symbols) {
    if (section !== SHN_UNDEF) byIndex.get(section)?.set(name, value);
  }
  return sections;
}
