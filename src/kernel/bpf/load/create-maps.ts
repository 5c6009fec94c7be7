/** Creates and fills the maps of an object. */
import { closeSync } from 'node:fs';
import { encodeMapElement, encodeMapFreeze } from '../sys/bpf-attr.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import type { ByteOrder } from '../sys/bpf-struct.ts';
import { createDefinedMap } from './create-defined-map.ts';
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
 * @throws PermissionError, UnsupportedError, SyscallError.
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
  const types = map.types === undefined || btfFd === undefined ? undefined : { btfFd, ...map.types };
  try {
    return createDefinedMap(bpf, map, nameFor(object, map.name), types);
  } catch (error) {
    throw explainBpfError(error, `create the BPF map "${map.name}"`, ['CAP_BPF'], '5.2');
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
