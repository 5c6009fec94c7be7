/**
 * The maps that a BPF object file defines, as libbpf would create them: those in `.maps` (defined in BTF),
 * those in legacy `maps` sections, those for global variables, and struct_ops.
 *
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__init_maps`
 */
import { malformed } from '../../number.ts';
import { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { mapTypeNumber } from '../sys/bpf-enums.ts';
import {
  type Elf,
  type ElfSection,
  type ElfSymbol,
  EM_BPF,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHT_NOBITS,
  SHT_PROGBITS,
  STB_GLOBAL,
  STB_LOCAL,
  STT_SECTION,
} from './elf.ts';
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
  /** Whether it is `static`: libbpf refuses such maps when it loads the object, its linker accepts them. */
  readonly isStatic?: true;
}

const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;
const BTF_VAR_STATIC = 0;
const BTF_VAR_GLOBAL_EXTERN = 2;
// Objects have a handful. Each one is looked up among all types, which is slow in a malicious file.
const mostGlobalSections = 256;

/**
 * The maps of an object file, and what its loader would take from elsewhere or what could not be understood.
 */
export interface ObjectMaps {
  /** In libbpf's order: by definition, followed by those for global variables. */
  readonly maps: ElfMap[];
  /** The maps that it declares `extern`: another object of the same program defines them. */
  readonly externs: string[];
  /** What may contain or enlarge maps and was not understood; the maps above are then not all there is. */
  readonly missing: string[];
}

/**
 * The maps of a BPF object.
 * @throws KernelFileError if it is not a BPF object, has no BTF for the maps in `.maps`, or is damaged.
 */
export function readElfMaps(elf: Elf): ObjectMaps {
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
export function definedMaps(elf: Elf, btf: Btf | undefined): ObjectMaps {
  if (elf.machine !== EM_BPF) {
    throw malformed(
      elf.path,
      undefined,
      `not a BPF object: its ELF machine is ${elf.machine}, expected ${EM_BPF}`,
    );
  }
  const found: ObjectMaps = { maps: [], externs: [], missing: [] };
  addLegacyMaps(elf, found);
  addBtfMaps(elf, btf, found);
  found.maps.push(...globalMaps(elf, btf));
  addStructOpsMaps(elf, btf, found);
  addUnknownSections(elf, found);
  return found;
}

/** `.maps`; cilium/ebpf also reads `.maps.SUFFIX`. */
function isBtfMapSection(name: string): boolean {
  return name === '.maps' || name.startsWith('.maps.');
}

/** `maps`, or one section a map, as gobpf and cilium/ebpf read it: `maps/NAME`. */
function isLegacyMapSection(name: string): boolean {
  return name === 'maps' || name.startsWith('maps/');
}

function addBtfMaps(elf: Elf, btf: Btf | undefined, found: ObjectMaps): void {
  const sections = elf.sections.filter(({ name }) => isBtfMapSection(name));
  const described = btf === undefined ? [] : dataSections(btf, isBtfMapSection);
  const names = new Set(described.map(({ name }) => name));
  const bare = sections.find(({ name }) => !names.has(name));
  if (btf === undefined ? sections.length > 0 : bare !== undefined) {
    const where = bare?.name ?? '.maps';
    throw malformed(
      elf.path,
      undefined,
      `maps in ${where} require BTF, and the object has none: build with -g`,
    );
  }
  if (btf === undefined) return;
  const defined = new Set<string>();
  for (const { name: section, id } of described) {
    for (const { typeId } of btf.variablesOf(id)) {
      const name = btf.nameOf(typeId);
      defined.add(name);
      const linkage = btf.kindOf(typeId) === BTF_KIND.VAR ? btf.linkageOf(typeId) : undefined;
      if (linkage === BTF_VAR_GLOBAL_EXTERN) {
        found.externs.push(name);
        continue;
      }
      found.maps.push({
        name,
        section,
        ...(linkage === BTF_VAR_STATIC ? { isStatic: true as const } : {}),
        ...parseBtfMap(btf, btf.referredBy(typeId), name),
      });
    }
  }
  for (const section of sections) {
    for (const { name, type } of elf.symbolsOf(section)) {
      if (name === '' || type === STT_SECTION || defined.has(name)) continue;
      found.missing.push(`map '${name}' in ${section.name} has no type in BTF`);
    }
  }
}

/** The DATASECs of an object whose name is wanted, in order. */
function dataSections(btf: Btf, isWanted: (name: string) => boolean): { name: string; id: number }[] {
  const sections: { name: string; id: number }[] = [];
  for (let id = 1; id <= btf.typeCount; id++) {
    if (btf.kindOf(id) !== BTF_KIND.DATASEC) continue;
    const name = btf.nameOf(id);
    if (isWanted(name)) sections.push({ name, id });
  }
  return sections;
}

/**
 * Legacy format, of libbpf before 1.0, iproute2 and gobpf: an array of structs that start with five words;
 * the remaining fields vary. An object may have several such sections.
 */
function addLegacyMaps(elf: Elf, found: ObjectMaps): void {
  for (const section of elf.sections) {
    if (!isLegacyMapSection(section.name) || section.type !== SHT_PROGBITS || section.size === 0) continue;
    const bytes = elf.bytesOf(section);
    const symbols = legacySymbols(elf, section);
    if (symbols.length === 0) {
      found.missing.push(`section '${section.name}' of ${bytes.length} bytes names no map`);
      continue;
    }
    const each = bytes.length / symbols.length;
    if (!Number.isInteger(each) || each < 20) {
      throw malformed(
        elf.path,
        undefined,
        `'${section.name}' section of ${bytes.length} bytes does not divide into ${symbols.length} maps`,
      );
    }
    for (const symbol of symbols) {
      if (symbol.value + each > bytes.length) {
        throw malformed(elf.path, undefined, `map '${symbol.name}' is outside its section`);
      }
      found.maps.push(legacyMap(elf, section, bytes, symbol));
    }
  }
}

/**
 * The names of the maps in a section, by place. One section a map needs no symbol: its name is that of the
 * map.
 */
function legacySymbols(elf: Elf, section: ElfSection): Pick<ElfSymbol, 'name' | 'value' | 'binding'>[] {
  const symbols = elf
    .symbolsOf(section)
    .filter(({ name, type }) => name !== '' && type !== STT_SECTION)
    .toSorted((left, right) => left.value - right.value);
  const ownName = section.name.slice('maps/'.length);
  return symbols.length > 0 || ownName === '' ? symbols : [{ name: ownName, value: 0, binding: STB_GLOBAL }];
}

function legacyMap(
  elf: Elf,
  section: ElfSection,
  bytes: Buffer,
  { name, value, binding }: Pick<ElfSymbol, 'name' | 'value' | 'binding'>,
): ElfMap {
  const word = (index: number) =>
    elf.bigEndian ? bytes.readUInt32BE(value + 4 * index) : bytes.readUInt32LE(value + 4 * index);
  const map_type = word(0);
  const max_entries = word(3);
  const perCpu = map_type === mapTypeNumber('perf_event_array') && max_entries === 0;
  return {
    name,
    section: section.name,
    ...(binding === STB_LOCAL ? { isStatic: true as const } : {}),
    map_type,
    key_size: word(1),
    value_size: word(2),
    max_entries,
    map_flags: word(4),
    pinned: false,
    ...(perCpu ? { entriesPerCpu: true as const } : {}),
  };
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

function addStructOpsMaps(elf: Elf, btf: Btf | undefined, found: ObjectMaps): void {
  const described = btf === undefined ? [] : dataSections(btf, isStructOpsSection);
  const names = new Set(described.map(({ name }) => name));
  for (const { name } of elf.sections) {
    if (!isStructOpsSection(name) || names.has(name)) continue;
    found.missing.push(`section '${name}' is not described by BTF: build with -g`);
  }
  if (btf === undefined) return;
  for (const { name: section, id } of described) {
    for (const { typeId } of btf.variablesOf(id)) {
      found.maps.push({
        name: btf.nameOf(typeId),
        section,
        structOps: btf.nameOf(btf.resolve(btf.referredBy(typeId))),
        map_type: mapTypeNumber('struct_ops'),
        key_size: 4,
        value_size: btf.sizeOf(typeId),
        max_entries: 1,
        map_flags: 0,
        pinned: false,
      });
    }
  }
}

function isStructOpsSection(name: string): boolean {
  return /^\??\.struct_ops(\.link)?$/.test(name);
}

/**
 * Sections that the program has in memory and that hold no maps; arena variables are part of the arena's
 * pages.
 */
const UNRELATED_SECTIONS: ReadonlySet<string> = new Set(['license', 'version', '.addr_space.1']);

/**
 * Reports the sections of data that no rule above covers, such as `.bss.SUFFIX`, which libbpf does not load.
 */
function addUnknownSections(elf: Elf, found: ObjectMaps): void {
  for (const section of elf.sections) {
    const { name, type, flags, size } = section;
    if ((type !== SHT_PROGBITS && type !== SHT_NOBITS) || size === 0) continue;
    if ((flags & SHF_ALLOC) === 0 || (flags & SHF_EXECINSTR) !== 0) continue;
    if (UNRELATED_SECTIONS.has(name) || holdsGlobals(section)) continue;
    if (isBtfMapSection(name) || isLegacyMapSection(name) || isStructOpsSection(name)) continue;
    found.missing.push(`section '${name}' of ${size} bytes is of a kind that is not known`);
  }
}
