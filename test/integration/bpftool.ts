/** What bpftool says of the host's BPF objects, and our maps in its words: for tests that lay both side by side. */
import { execFileSync } from 'node:child_process';
import type { InventoryMap } from '../../src/model/bpf-inventory.ts';
import type { BpftoolMap } from '../../src/sinks/bpftool-json.ts';

/** A list that bpftool prints as JSON, such as that of `prog show`. */
export function bpftool<T>(...args: string[]): T[] {
  return JSON.parse(
    execFileSync('bpftool', ['-j', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 }),
  ) as T[];
}

/** What is compared of a map; the name of one without a name is empty. */
interface MapFigures extends Pick<BpftoolMap, 'id' | 'flags' | 'bytes_key' | 'bytes_value' | 'max_entries'> {
  type: string | number | undefined;
  name: string;
  bytes_memlock: number | undefined;
  frozen: number;
}

/** All maps of the host as bpftool knows them. */
export function bpftoolMaps(): MapFigures[] {
  return bpftool<BpftoolMap>('map', 'show').map(
    ({ id, type, name = '', flags, bytes_key, bytes_value, max_entries, bytes_memlock, frozen }) => ({
      id,
      type,
      name,
      flags,
      bytes_key,
      bytes_value,
      max_entries,
      bytes_memlock,
      frozen,
    }),
  );
}

/** A map of ours in bpftool's words, under the name that the kernel keeps. */
export function mapFigures(
  map: Pick<
    InventoryMap,
    'id' | 'map_flags' | 'key_size' | 'value_size' | 'max_entries' | 'memlock' | 'frozen'
  >,
  type: string | undefined,
  name: string,
): MapFigures {
  return {
    id: map.id,
    type,
    name,
    flags: map.map_flags,
    bytes_key: map.key_size,
    bytes_value: map.value_size,
    max_entries: map.max_entries,
    bytes_memlock: map.memlock,
    frozen: Number(map.frozen),
  };
}
