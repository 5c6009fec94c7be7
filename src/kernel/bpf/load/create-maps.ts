/** Creates and fills the maps of an object. */
import { closeSync } from 'node:fs';
import { readPossibleCpus } from '../../possible-cpus.ts';
import { encodeMapCreate, encodeMapElement, encodeMapFreeze, type MapSpec } from '../sys/bpf-attr.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';
import type { PreparedMap, PreparedObject } from './prepared-object.ts';

/** A value that a variable is set to before the object is loaded. */
export type Constant = number | bigint | boolean | Buffer;

/** A created map. */
export interface LoadedMap extends PreparedMap {
  readonly fd: number;
}

/** Overrides for a map definition. */
export type MapChanges = Partial<Pick<PreparedMap, 'max_entries' | 'key_size' | 'value_size' | 'map_flags'>>;

/**
 * The initial values of global variables, with overrides applied.
 * @throws RangeError if the variable does not exist, or the value does not fit.
 */
export function setConstants(
  object: PreparedObject,
  constants: Readonly<Record<string, Constant>>,
): PreparedMap[] {
  const maps = object.maps.map((map) =>
    map.data === undefined ? map : { ...map, data: Buffer.from(map.data) },
  );
  for (const [name, constant] of Object.entries(constants)) {
    const map = maps.find(
      ({ data, variables }) => data !== undefined && variables.some((each) => each.name === name),
    );
    const variable = map?.variables.find((each) => each.name === name);
    if (map?.data === undefined || variable === undefined) {
      throw new RangeError(`${object.name} has no global variable '${name}'`);
    }
    const { offset, size } = variable;
    encodeConstant(name, constant, size, object.byteOrder).copy(map.data, offset);
  }
  return maps;
}

function encodeConstant(name: string, constant: Constant, size: number, order: ByteOrder): Buffer {
  if (Buffer.isBuffer(constant)) {
    if (constant.length > size) throw new RangeError(`'${name}' takes ${size} bytes, not ${constant.length}`);
    return constant;
  }
  const value = BigInt(constant);
  const isHeld = BigInt.asUintN(8 * size, value) === value || BigInt.asIntN(8 * size, value) === value;
  if (size > 8 || !isHeld) throw new RangeError(`'${name}' takes ${size} bytes, which do not hold ${value}`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  const little = bytes.subarray(0, size);
  return order === 'LE' ? little : little.reverse();
}

/**
 * Creates a map, sets its initial value and freezes it.
 *
 * Source: bpf(2), BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM, BPF_MAP_FREEZE. Since: Linux 5.2 for global variables.
 * @param btfFd the types of the object, if the map requires them.
 * @throws PermissionError, SyscallError.
 */
export function createMap(bpf: Bpf, object: string, map: PreparedMap, btfFd: number | undefined): LoadedMap {
  const fd = createEmpty(bpf, object, map, btfFd);
  try {
    if (map.data !== undefined) fill(bpf, fd, map.data);
    if (map.frozen) bpf.call('BPF_MAP_FREEZE', encodeMapFreeze(fd));
    return { ...map, fd };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function createEmpty(bpf: Bpf, object: string, map: PreparedMap, btfFd: number | undefined): number {
  const { map_type, key_size, value_size, max_entries, map_flags, map_extra, types, inner } = map;
  const spec: MapSpec = {
    map_type,
    key_size,
    value_size,
    max_entries,
    map_flags,
    map_name: nameFor(object, map.name),
  };
  if (map.entriesPerCpu === true) spec.max_entries = readPossibleCpus();
  if (map_extra !== undefined) spec.map_extra = map_extra;
  if (types !== undefined && btfFd !== undefined) {
    Object.assign(spec, { btf_fd: btfFd, btf_key_type_id: types.key, btf_value_type_id: types.value });
  }
  if (inner === undefined) return create(bpf, spec, map.name);
  const inner_map_fd = createEmpty(bpf, object, inner, undefined);
  try {
    return create(bpf, { ...spec, inner_map_fd }, map.name);
  } finally {
    closeSync(inner_map_fd);
  }
}

function create(bpf: Bpf, spec: MapSpec, name: string): number {
  try {
    return bpf.call('BPF_MAP_CREATE', encodeMapCreate(spec));
  } catch (error) {
    throw explainBpfError(error, `create the BPF map "${name}"`, ['CAP_BPF'], '5.2');
  }
}

/**
 * Maps for global variables are named after the object, as in libbpf. The kernel allows letters, digits, `_`
 * and `.`.
 */
function nameFor(object: string, map: string): string {
  const name = map.startsWith('.') ? `${object.slice(0, 8)}${map}` : map;
  return name.replace(/[^A-Za-z0-9_.]/g, '_');
}

function fill(bpf: Bpf, fd: number, data: Buffer): void {
  const key = Buffer.alloc(4);
  bpf.call('BPF_MAP_UPDATE_ELEM', encodeMapElement(fd, bpf.address(key), bpf.address(data)), [key, data]);
}
