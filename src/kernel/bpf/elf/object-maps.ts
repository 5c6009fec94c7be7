/**
 * The maps of an object with the data needed to create them: initial values and variable offsets of global
 * data.
 */
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { STORAGE_MAP_TYPES } from '../sys/bpf-enums.ts';
import { type Elf, SHT_NOBITS, STT_SECTION } from './elf.ts';
import { kconfigLayout } from './elf-kconfig.ts';
import type { ElfMap } from './elf-maps.ts';

/** The location of a global variable in its map value. */
export interface GlobalVariable {
  readonly name: string;
  /** Unit: bytes. */
  readonly offset: number;
  /** Unit: bytes. */
  readonly size: number;
}

/** A map of an object. */
export interface MapSpecification extends ElfMap {
  /**
   * Offset of its definition in its section, which instructions use to refer to it. Absent for global
   * variables. Unit: bytes.
   */
  readonly definedAt?: number;
  /** Initial value of a map for global variables; absent for other maps. */
  readonly data?: Buffer;
  /** Its variables. */
  readonly variables: readonly GlobalVariable[];
  /** Whether it is frozen after it is filled: neither programs nor user space can change it. */
  readonly frozen: boolean;
  /**
   * Types of keys and values in the object's BTF, if the kernel requires them: see {@link needsTypes}.
   */
  readonly keyTypeId?: number;
  readonly valueTypeId?: number;
}

/** Maximum size of global variables. Unit: bytes. */
const MAX_DATA_BYTES = 64 * 1024 * 1024;

/**
 * Adds initial values, variables and definition offsets to the maps of an object.
 * @throws KernelFileError if the object is damaged.
 */
export function specifyMaps(elf: Elf, btf: Btf | undefined, maps: readonly ElfMap[]): MapSpecification[] {
  const places = new Map<string, ReadonlyMap<string, number>>();
  const placesIn = (section: string) => {
    const known = places.get(section) ?? symbolPlaces(elf, section);
    places.set(section, known);
    return known;
  };
  return maps.map((map) => {
    if (map.section === map.name) return specifyData(elf, btf, map);
    const definedAt = placesIn(map.section).get(map.name);
    return {
      ...map,
      ...(definedAt === undefined ? {} : { definedAt }),
      variables: [],
      frozen: false,
      ...typesOf(btf, map),
    };
  });
}

function symbolPlaces(elf: Elf, sectionName: string): ReadonlyMap<string, number> {
  const section = elf.section(sectionName);
  if (section === undefined) return new Map();
  return new Map(elf.symbolsOf(section).map(({ name, value }) => [name, value]));
}

function specifyData(elf: Elf, btf: Btf | undefined, map: ElfMap): MapSpecification {
  if (map.value_size > MAX_DATA_BYTES) {
    throw malformed(
      elf.path,
      undefined,
      `global variables in ${map.name} are too large: ${map.value_size} bytes`,
    );
  }
  if (map.name === '.kconfig') {
    const variables = btf === undefined ? [] : kconfigLayout(btf);
    return { ...map, data: Buffer.alloc(map.value_size), variables, frozen: true };
  }
  const section = elf.section(map.name);
  const data =
    section === undefined || section.type === SHT_NOBITS
      ? Buffer.alloc(map.value_size)
      : Buffer.from(elf.bytesOf(section));
  const variables =
    section === undefined
      ? []
      : elf
          .symbolsOf(section)
          .filter(({ name, type }) => name !== '' && type !== STT_SECTION)
          .map(({ name, value, size }) => ({ name, offset: value, size }));
  return { ...map, data, variables, frozen: map.name.startsWith('.rodata') };
}

function typesOf(btf: Btf | undefined, map: ElfMap): { keyTypeId?: number; valueTypeId?: number } {
  if (btf === undefined || map.section !== '.maps') return {};
  const section = btf.find(BTF_KIND.DATASEC, '.maps');
  const variable =
    section === undefined
      ? undefined
      : btf.variablesOf(section).find(({ typeId }) => btf.nameOf(typeId) === map.name);
  if (variable === undefined) return {};
  const types: { keyTypeId?: number; valueTypeId?: number } = {};
  for (const { name, typeId } of btf.membersOf(btf.resolve(btf.referredBy(variable.typeId)))) {
    if (name === 'key') types.keyTypeId = btf.referredBy(btf.resolve(typeId));
    if (name === 'value') types.valueTypeId = btf.referredBy(btf.resolve(typeId));
  }
  return needsTypes(btf, map, types.valueTypeId) ? types : {};
}

/**
 * Whether the kernel requires BTF for a map: local storage, and values that contain kernel-managed fields
 * such as spin locks, timers and kptrs. For other maps, BTF is only for display.
 */
function needsTypes(btf: Btf, map: ElfMap, valueTypeId: number | undefined): boolean {
  if (STORAGE_MAP_TYPES.has(map.map_type)) return true;
  const value = valueTypeId === undefined ? 0 : btf.resolve(valueTypeId);
  if (btf.kindOf(value) !== BTF_KIND.STRUCT) return false;
  return btf.membersOf(value).some(({ typeId }) => {
    const type = btf.resolve(typeId);
    if (btf.kindOf(type) === BTF_KIND.PTR) return btf.kindOf(btf.referredBy(type)) === BTF_KIND.TYPE_TAG;
    return btf.kindOf(type) === BTF_KIND.STRUCT && btf.nameOf(type).startsWith('bpf_');
  });
}
