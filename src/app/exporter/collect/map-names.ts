/** The BPF maps of a host by name: what the largest take, and what a setting would save. */
import type { BpfAdvice } from '../../../model/bpf-advice.ts';
import type { InventoryMap } from '../../../model/bpf-inventory.ts';
import { type MapTotals, totalsOf } from '../../maps/listing.ts';
import type { Candidate } from './choose-series.ts';

/** Stands for the maps that have no series of their own, and for those without a name. */
export const OTHER = 'other';

/** The maps of one name. */
export interface MapsOfName extends Candidate, Pick<MapTotals, 'bytes' | 'elements'> {
  readonly maps: readonly InventoryMap[];
  readonly maxEntries: number;
  readonly reclaimable: readonly Reclaimable[];
}

/** What a setting of maps would save. Unit: bytes. */
export interface Reclaimable {
  readonly setting: 'BPF_F_NO_PREALLOC' | 'max_entries';
  readonly bytes: number;
}

/** All names; maps without one are left out, and those that are called as the rest is. */
export function mapsByName(
  maps: readonly InventoryMap[],
  reclaimable: ReadonlyMap<string, readonly Reclaimable[]>,
): MapsOfName[] {
  const groups = new Map<string, InventoryMap[]>();
  for (const map of maps) {
    if (map.name === '' || map.name === OTHER) continue;
    const group = groups.get(map.name);
    if (group === undefined) groups.set(map.name, [map]);
    else group.push(map);
  }
  return Array.from(groups, ([key, members]) => sumUp(key, members, reclaimable.get(key) ?? []));
}

/** The maps that none of `named` contains; undefined if there are no maps at all. */
export function restOf(maps: readonly InventoryMap[], named: readonly MapsOfName[]): MapsOfName | undefined {
  if (maps.length === 0) return undefined;
  const names = new Set(named.map(({ key }) => key));
  return sumUp(
    OTHER,
    maps.filter(({ name }) => !names.has(name)),
    [],
  );
}

function sumUp(key: string, maps: readonly InventoryMap[], reclaimable: readonly Reclaimable[]): MapsOfName {
  const { bytes, elements } = totalsOf(maps);
  const maxEntries = maps.reduce((sum, { max_entries }) => sum + max_entries, 0);
  const series = 2 + (elements === undefined ? 0 : 1) + reclaimable.length;
  return { key, maps, bytes, elements, maxEntries, reclaimable, series };
}

/** The pieces of advice with a setting; those on several maps in place of one are not additive. */
export function reclaimableByName(advice: readonly BpfAdvice[]): Map<string, Reclaimable[]> {
  const byName = new Map<string, Reclaimable[]>();
  for (const { kind, maps, savesBytes = 0, options } of advice) {
    if ((kind !== 'nearly-empty' && kind !== 'idle-ring-buffer') || savesBytes <= 0) continue;
    const name = maps[0]?.name ?? '';
    const setting = options?.[0]?.change === 'BPF_F_NO_PREALLOC' ? 'BPF_F_NO_PREALLOC' : 'max_entries';
    const known = byName.get(name) ?? [];
    const before = known.find((each) => each.setting === setting);
    // Maps of one name may have several definitions.
    const bytes = savesBytes + (before?.bytes ?? 0);
    byName.set(name, [...known.filter((each) => each !== before), { setting, bytes }]);
  }
  return byName;
}
