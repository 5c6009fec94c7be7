/** bpftool: its lists of the host's BPF objects, our maps in its format, and maps that it pins. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BpftoolMap } from '#src/app/maps/bpftool-json.ts';
import type { InventoryMap } from '#src/model/bpf-inventory.ts';
import { scratch } from '../harness.ts';

/** A list that bpftool prints as JSON, such as `prog show`. */
export function bpftool<T>(...args: string[]): T[] {
  return JSON.parse(
    execFileSync('bpftool', ['-j', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 }),
  ) as T[];
}

/** The compared fields of a map; the name of a map without one is empty. */
interface MapFigures extends Pick<BpftoolMap, 'id' | 'flags' | 'bytes_key' | 'bytes_value' | 'max_entries'> {
  type: string | number | undefined;
  name: string;
  bytes_memlock: number | undefined;
  frozen: number;
}

/** All maps of the host according to bpftool. */
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

/** A map of ours in bpftool's format, under the name that the kernel stores. */
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

/** Mounts a BPF file system for the duration of `use`, and passes it a path to pin a map at. */
export async function withPin(name: string, use: (pin: string) => Promise<void>): Promise<void> {
  const mount = mkdtempSync(join(scratch, 'bpf-'));
  const pin = join(mount, name);
  execFileSync('mount', ['-t', 'bpf', 'bpf', mount]);
  try {
    await use(pin);
  } finally {
    rmSync(pin, { force: true });
    spawnSync('umount', [mount]);
  }
}

/** The command that creates a map with values of 64 bytes, and pins it there under its name. */
export function createPinned(pin: string, type: 'array' | 'hash', entries: number): string[] {
  const words = `type ${type} key 4 value 64 entries ${entries} name ${basename(pin)}`;
  return ['bpftool', 'map', 'create', pin, ...words.split(' ')];
}
