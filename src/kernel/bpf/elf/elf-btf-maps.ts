/**
 * Maps defined in BTF: a variable in `.maps` whose struct type contains the definition. Numbers are encoded
 * as the length of a pointed-to array or as an enum value; types as the pointee:
 *
 *   struct {
 *     int (*type)[BPF_MAP_TYPE_HASH];
 *     int (*max_entries)[1024];
 *     enum { unique = 0x100000000 } map_extra;
 *     struct key *key;
 *     struct inner *values[];
 *   } name SEC(".maps");
 *
 * Source: tools/lib/bpf/bpf_helpers.h, `__uint`, `__ulong`, `__type`, `__array`; libbpf.c,
 * `parse_btf_map_def`
 */
import type { KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { BtfMember } from '../btf/btf-types.ts';
import { mapTypeName } from '../sys/bpf-enums.ts';

/** The definition of a map, with the field names of bpf(2). */
export interface DefinedMap {
  readonly map_type: number;
  /** Unit: bytes. */
  readonly key_size: number;
  /** Unit: bytes; 0 if the program sets it before loading. */
  readonly value_size: number;
  /** 0 if the program sets it before loading, or if libbpf does: see `entriesPerCpu`. */
  readonly max_entries: number;
  readonly map_flags: number;
  readonly map_extra?: bigint;
  readonly numa_node?: number;
  /** Whether libbpf pins it by name. */
  readonly pinned: boolean;
  /** Whether libbpf creates it with one entry per possible CPU. */
  readonly entriesPerCpu?: true;
  /** The inner maps of a map of maps. */
  readonly inner?: DefinedMap;
  /** The attributes of the definition that are not known; absent if there are none. */
  readonly unknownAttributes?: readonly string[];
}

interface Definition {
  numbers: Map<string, bigint>;
  keySize: number | undefined;
  valueSize: number | undefined;
  inner: DefinedMap | undefined;
  holdsPrograms: boolean;
}

// libbpf supports a dozen attributes; a struct with thousands of members is malicious.
const mostAttributes = 64;
/** The attributes that are numbers. Source: libbpf.c, `parse_btf_map_def` */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'type',
  'max_entries',
  'map_flags',
  'numa_node',
  'key_size',
  'value_size',
  'pinning',
  'map_extra',
]);

/**
 * Parses the definition of one map from the type of its variable.
 * @throws KernelFileError that names the map and the invalid attribute.
 */
export function parseBtfMap(btf: Btf, typeId: number, name: string): DefinedMap {
  return toMap(readDefinition(btf, typeId, name, false), btf, name);
}

function readDefinition(btf: Btf, typeId: number, name: string, isInner: boolean): Definition {
  const struct = btf.resolve(typeId);
  if (btf.kindOf(struct) !== BTF_KIND.STRUCT) throw wrong(btf, name, 'its type is not a struct');
  const count = btf.memberCountOf(struct);
  if (count > mostAttributes) throw wrong(btf, name, `${count} attributes`);
  const found: Definition = {
    numbers: new Map(),
    keySize: undefined,
    valueSize: undefined,
    inner: undefined,
    holdsPrograms: false,
  };
  for (const member of btf.membersOf(struct)) {
    switch (member.name) {
      case 'key':
        found.keySize = btf.sizeOf(pointee(btf, member, name));
        break;
      case 'value':
        found.valueSize = btf.sizeOf(pointee(btf, member, name));
        break;
      case 'values':
        if (isInner) throw wrong(btf, name, 'maps are nested more than one level deep');
        readValues(btf, member, name, found);
        break;
      default:
        found.numbers.set(member.name, readNumber(btf, member, name));
    }
  }
  return found;
}

function readValues(btf: Btf, member: BtfMember, name: string, found: Definition): void {
  const array = btf.resolve(member.typeId);
  if (btf.kindOf(array) !== BTF_KIND.ARRAY) throw wrong(btf, name, 'values is not an array');
  const element = btf.resolve(btf.arrayOf(array).elementTypeId);
  if (btf.kindOf(element) !== BTF_KIND.PTR) throw wrong(btf, name, 'values is not an array of pointers');
  const held = btf.resolve(btf.referredBy(element));
  if (btf.kindOf(held) === BTF_KIND.FUNC_PROTO) {
    found.holdsPrograms = true;
    return;
  }
  const inner = `${name}.inner`;
  found.inner = toMap(readDefinition(btf, held, inner, true), btf, inner);
}

function readNumber(btf: Btf, member: BtfMember, name: string): bigint {
  const type = btf.resolve(member.typeId);
  const kind = btf.kindOf(type);
  if (kind === BTF_KIND.ENUM || kind === BTF_KIND.ENUM64) {
    const value = btf.enumeratorsOf(type)[0]?.value;
    if (value === undefined) throw wrong(btf, name, `${member.name} is an enum without a value`);
    return BigInt.asUintN(64, value);
  }
  const array = pointee(btf, member, name);
  if (btf.kindOf(array) !== BTF_KIND.ARRAY) throw wrong(btf, name, `${member.name} is not a number`);
  return BigInt(btf.arrayOf(array).length);
}

function pointee(btf: Btf, member: BtfMember, name: string): number {
  const type = btf.resolve(member.typeId);
  if (btf.kindOf(type) !== BTF_KIND.PTR) throw wrong(btf, name, `${member.name} is not a pointer`);
  return btf.resolve(btf.referredBy(type));
}

function toMap(found: Definition, btf: Btf, name: string): DefinedMap {
  const number = (attribute: string): number => {
    const value = found.numbers.get(attribute) ?? 0n;
    if (value > 0xffff_ffffn) throw wrong(btf, name, `${attribute} is ${value}, above 32 bits`);
    return Number(value);
  };
  const map_type = number('type');
  if (map_type === 0) throw wrong(btf, name, 'its map type is not set');
  const type = mapTypeName(map_type);
  const max_entries = number('max_entries');
  const map_extra = found.numbers.get('map_extra');
  const holdsFds = found.inner !== undefined || found.holdsPrograms;
  const unknownAttributes = [...found.numbers.keys()].filter((attribute) => !ATTRIBUTES.has(attribute));
  return {
    map_type,
    key_size: found.keySize ?? number('key_size'),
    value_size: holdsFds ? 4 : (found.valueSize ?? number('value_size')),
    max_entries: type === 'ringbuf' || type === 'user_ringbuf' ? roundRingBuffer(max_entries) : max_entries,
    map_flags: number('map_flags'),
    ...(map_extra === undefined ? {} : { map_extra }),
    ...(found.numbers.has('numa_node') ? { numa_node: number('numa_node') } : {}),
    pinned: number('pinning') !== 0,
    ...(type === 'perf_event_array' && max_entries === 0 ? { entriesPerCpu: true as const } : {}),
    ...(found.inner === undefined ? {} : { inner: found.inner }),
    ...(unknownAttributes.length === 0 ? {} : { unknownAttributes }),
  };
}

/** The kernel accepts only a power-of-two number of pages; libbpf rounds up. */
function roundRingBuffer(bytes: number): number {
  if (bytes === 0) return 0;
  let rounded = 4096;
  while (rounded < bytes) rounded *= 2;
  return rounded;
}

function wrong(btf: Btf, map: string, what: string): KernelFileError {
  return malformed(btf.path, undefined, `map '${map}': ${what}`);
}
