/**
 * Number of used elements of an array. Every element always exists, so non-zero elements are counted.
 */
import { errnoOf, SyscallError } from '../../../errors.ts';
import { decodeBatchCount, encodeMapBatch } from './bpf-attr.ts';
import type { Bpf } from './bpf-call.ts';
import { mapTypeNumber } from './bpf-enums.ts';
import { withObject } from './objects.ts';

/** The parameters for reading an array. */
export interface ReadableArray {
  readonly id: number;
  /** `BPF_MAP_TYPE_*`. */
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
}

const ARRAY = mapTypeNumber('array');
const PERCPU_ARRAY = mapTypeNumber('percpu_array');
/** Size of one read. Unit: bytes. */
const CHUNK_BYTES = 256 * 1024;
/** Larger arrays are not read because it would take too long. Unit: bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Whether usage can be read for a map type. */
export function isArray(type: number): boolean {
  return type === ARRAY || type === PERCPU_ARRAY;
}

/**
 * Number of elements that are not all zero; for a per-CPU array, on any CPU. Absent for other types, if the
 * kernel does not allow reading (too old, or the map is write-only), above 64 MiB, and if the map no longer
 * exists.
 *
 * Source: bpf(2), BPF_MAP_LOOKUP_BATCH. Since: Linux 5.6, percpu arrays since 5.13. Needs CAP_SYS_ADMIN.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function countUsedElements(bpf: Bpf, map: ReadableArray, possibleCpus: number): number | undefined {
  if (!isArray(map.type)) return undefined;
  const perCpu = map.type === PERCPU_ARRAY;
  const valueBytes = perCpu ? Math.ceil(map.value_size / 8) * 8 * possibleCpus : map.value_size;
  if (valueBytes * map.max_entries > MAX_BYTES) return undefined;
  return withObject(bpf, 'map', map.id, (fd) => {
    try {
      return readAll(bpf, fd, map.key_size, valueBytes, map.max_entries);
    } catch (error) {
      if (error instanceof SyscallError) return undefined;
      throw error;
    }
  });
}

function readAll(bpf: Bpf, fd: number, keySize: number, valueBytes: number, entries: number): number {
  const room = Math.min(entries, Math.max(1, Math.floor(CHUNK_BYTES / valueBytes)));
  const keys = Buffer.alloc(room * keySize);
  const values = Buffer.alloc(room * valueBytes);
  const position = Buffer.alloc(keySize);
  const [keysAt, valuesAt, positionAt] = [bpf.address(keys), bpf.address(values), bpf.address(position)];
  let used = 0;
  for (let done = 0; ; ) {
    const attr = encodeMapBatch({
      map_fd: fd,
      in_batch: done === 0 ? 0n : positionAt,
      out_batch: positionAt,
      keys: keysAt,
      values: valuesAt,
      count: room,
    });
    let isLast = false;
    try {
      bpf.call('BPF_MAP_LOOKUP_BATCH', attr, [keys, values, position]);
    } catch (error) {
      // ENOENT marks the end of the map.
      if (errnoOf(error) !== 'ENOENT') throw error;
      isLast = true;
    }
    const count = decodeBatchCount(attr);
    used += countNonZero(values, count, valueBytes);
    done += count;
    if (isLast || count === 0 || done >= entries) return used;
  }
}

function countNonZero(values: Buffer, count: number, size: number): number {
  const zero = Buffer.alloc(size);
  let used = 0;
  for (let index = 0; index < count; index++) {
    if (values.compare(zero, 0, size, index * size, (index + 1) * size) !== 0) used++;
  }
  return used;
}
