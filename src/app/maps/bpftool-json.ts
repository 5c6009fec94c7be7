/**
 * `cmemstat maps --format bpftool`: the format of `bpftool map -j`, so that existing scripts work unchanged.
 */
import type { ListedMap } from './listing.ts';

/** A map as printed by bpftool, with keys in the same order. */
export interface BpftoolMap {
  id: number;
  /** The number if the type has no name. */
  type: string | number;
  name?: string;
  flags: number;
  bytes_key: number;
  bytes_value: number;
  max_entries: number;
  bytes_memlock: number;
  owner_prog_type?: string | number;
  owner_jited?: boolean;
  frozen: 0 | 1;
  btf_id?: number;
  pinned?: readonly string[];
  pids?: { pid: number; comm: string }[];
}

/**
 * The maps in bpftool's format, in ascending order of ids. The name is the one stored by the kernel; `pinned`
 * exists for all maps if any is pinned, as with `bpftool -f`; `pids` for those that a process holds.
 *
 * Source: `show_map_close_json()` in `tools/bpf/bpftool/map.c`.
 */
export function toBpftoolMaps(maps: readonly ListedMap[]): BpftoolMap[] {
  const anyPinned = maps.some(({ pinned }) => pinned.length > 0);
  return maps
    .toSorted((left, right) => left.id - right.id)
    .map((map) => ({
      id: map.id,
      type: nameOrNumber(map.type),
      ...(map.kernelName === '' ? {} : { name: map.kernelName }),
      // bpftool prints them as signed numbers.
      flags: map.map_flags | 0,
      bytes_key: map.key_size,
      bytes_value: map.value_size,
      max_entries: map.max_entries,
      bytes_memlock: map.memlock ?? map.bytes,
      ...(map.owner_prog_type === undefined ? {} : { owner_prog_type: nameOrNumber(map.owner_prog_type) }),
      ...(map.owner_jited === undefined ? {} : { owner_jited: map.owner_jited }),
      frozen: map.frozen === true ? 1 : 0,
      ...(map.btf_id === 0 ? {} : { btf_id: map.btf_id }),
      ...(anyPinned ? { pinned: map.pinned } : {}),
      ...(map.holders.length === 0 ? {} : { pids: map.holders.map(({ pid, comm }) => ({ pid, comm })) }),
    }));
}

function nameOrNumber(type: string): string | number {
  return /^\d+$/.test(type) ? Number(type) : type;
}
