/**
 * The maps that a BPF object file defines, as libbpf would create them: those in `.maps` (defined in BTF),
 * those in the legacy `maps` section, those for global variables, and struct_ops.
 *
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__init_maps`
 */
import { malformed } from '../../number.ts';
import { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import { type Elf, type ElfSection, EM_BPF, SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS } from './elf.ts';
import { type DefinedMap, parseBtfMap } from './elf-btf-maps.ts';
import { kconfigSize } from './elf-kconfig.ts';

/** A map of an object file. */
export interface ElfMap extends DefinedMap {
  /** The name of the variable; for global variables, of the section. The kernel keeps 15 characters. */
  readonly name: string;
  /** The section that contains the definition. */
  readonly section: string;
  /** For struct_ops: the kernel struct that the map implements; only the kernel knows its size. */
  readonly structOps?: string;
}

const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;
const BTF_VAR_STATIC = 0;
// Objects have a handful. Each one is looked up among all types, which is slow in a malicious file.
const mostGlobalSections = 256;

/**
 * The maps of a BPF object, in libbpf's order: by definition, followed by those for global variables.
 * @throws KernelFileError if it is not a BPF object, has no BTF for the maps in `.maps`, or is damaged.
 */
export function readElfMaps(elf: Elf): ElfMap[] {
  return definedMaps(elf, readElfBtf(elf));
}

/**
 * The types that clang wrote to an object; absent if it was built without -g.
 * @throws KernelFileError if they are damaged.
 */
export function readElfBtf(elf: Elf): Btf | undefined {
  const section = elf.section('.BTF');
  return section && new Btf(elf.bytesOf(section), `${elf.path}: .BTF`);
}

/** The maps of a BPF object whose types have already been read; see {@link readElfMaps}. */
export function definedMaps(elf: Elf, btf: Btf | undefined): ElfMap[] {
  if (elf.machine !== EM_BPF) {
    throw malformed(
      elf.path,
      undefined,
      `not a BPF object: its ELF machine is ${elf.machine}, expected ${EM_BPF}`,
    );
  }
  return [...legacyMaps(elf), ...btfMaps(elf, btf), ...globalMaps(elf, btf), ...structOpsMaps(elf, btf)];
}

function btfMaps(elf: Elf, btf: Btf | undefined): ElfMap[] {
  if (elf.section('.maps') === undefined) return [];
  const section = btf?.find(BTF_KIND.DATASEC, '.maps');
  if (btf === undefined || section === undefined) {
    throw malformed(elf.path, undefined, 'maps in .maps require BTF, and the object has none: build with -g');
  }
  return btf.variablesOf(section).map(({ typeId }) => {
    const name = btf.nameOf(typeId);
    return { name, section: '.maps', ...parseBtfMap(btf, btf.referredBy(typeId), name) };
  });
}

/**
 * Legacy format, of libbpf before 1.0 and of iproute2: an array of structs that start with five words; the
 * remaining fields vary.
 */
function legacyMaps(elf: Elf): ElfMap[] {
  const section = elf.section('maps');
  if (section === undefined) return [];
  const symbols = elf.symbolsOf(section).filter(({ name }) => name !== '');
  if (symbols.length === 0) return [];
  const bytes = elf.bytesOf(section);
  const each = bytes.length / symbols.length;
  if (!Number.isInteger(each) || each < 20) {
    throw malformed(
      elf.path,
      undefined,
      `'maps' section of ${bytes.length} bytes does not divide into ${symbols.length} maps`,
    );
  }
  return symbols
    .toSorted((left, right) => left.value - right.value)
    .map(({ name, value }) => {
      if (value + each > bytes.length) {
        throw malformed(elf.path, undefined, `map '${name}' is outside its section`);
      }
      const word = (index: number) =>
        elf.bigEndian ? bytes.readUInt32BE(value + 4 * index) : bytes.readUInt32LE(value + 4 * index);
      return {
        name,
        section: 'maps',
        map_type: word(0),
        key_size: word(1),
        value_size: word(2),
        max_entries: word(3),
        map_flags: word(4),
        pinned: false,
      };
    });
}

function globalMaps(elf: Elf, btf: Btf | undefined): ElfMap[] {
  const sections = elf.sections.filter(holdsGlobals);
  if (sections.length > mostGlobalSections) {
    throw malformed(elf.path, undefined, `too many sections of global variables: ${sections.length}`);
  }
  const maps = sections.map((section) =>
    globalMap(section.name, section.size, isReadOnly(section.name), btf),
  );
  const kconfig = btf === undefined ? 0 : kconfigSize(btf);
  return kconfig === 0 ? maps : [...maps, globalMap('.kconfig', kconfig, true, btf)];
}

function holdsGlobals({ name, type, flags, size }: ElfSection): boolean {
  if (size === 0) return false;
  if (type === SHT_NOBITS) return name === '.bss';
  return type === SHT_PROGBITS && (flags & SHF_EXECINSTR) === 0 && /^\.(ro)?data(\.|$)/.test(name);
}

function isReadOnly(section: string): boolean {
  return section.startsWith('.rodata');
}

function globalMap(name: string, size: number, readOnly: boolean, btf: Btf | undefined): ElfMap {
  const mmapable = btf !== undefined && hasPublicVariable(btf, name);
  return {
    name,
    section: name,
    map_type: mapTypeNumber('array'),
    key_size: 4,
    value_size: size,
    max_entries: 1,
    map_flags: (readOnly ? BPF_F_RDONLY_PROG : 0) | (mmapable ? BPF_F_MMAPABLE : 0),
    pinned: false,
  };
}

/** A section with only static variables is not accessible from user space, so its map is not mmapable. */
function hasPublicVariable(btf: Btf, section: string): boolean {
  const id = btf.find(BTF_KIND.DATASEC, section);
  return (
    id !== undefined &&
    btf
      .variablesOf(id)
      .some(({ typeId }) => btf.kindOf(typeId) === BTF_KIND.VAR && btf.linkageOf(typeId) !== BTF_VAR_STATIC)
  );
}

function structOpsMaps(elf: Elf, btf: Btf | undefined): ElfMap[] {
  const sections = elf.sections
    .map(({ name }) => name)
    .filter((name) => /^\??\.struct_ops(\.link)?$/.test(name));
  return [...new Set(sections)].flatMap((section) => {
    const id = btf?.find(BTF_KIND.DATASEC, section);
    if (btf === undefined || id === undefined) return [];
    return btf.variablesOf(id).map(({ typeId }) => ({
      name: btf.nameOf(typeId),
      section,
      structOps: btf.nameOf(btf.resolve(btf.referredBy(typeId))),
      map_type: mapTypeNumber('struct_ops'),
      key_size: 4,
      value_size: btf.sizeOf(typeId),
      max_entries: 1,
      map_flags: 0,
      pinned: false,
    }));
  });
}
