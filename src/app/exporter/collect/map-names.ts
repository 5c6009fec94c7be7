/** The BPF maps of a host by name: what the largest take, and what a setting would save. */
import type { BpfAdvice } from '../../../model/bpf-advice.ts';
import type { InventoryMap } from '../../../model/bpf-inventory.ts';
import type { Candidate } from './choose-series.ts';

/** Stands for the maps that have no series of their own, and for those without a name. */
export const OTHER = 'other';

/** The maps of one name. */
export interface MapsOfName extends Candidate {
  /** Over maps with known elements, as `cmemstat maps --group-by name` has it; undefined without any. */
  readonly elements: number | undefined;
  readonly maxEntries: number;
  readonly reclaimable: readonly Reclaimable[];
}

/** What a setting of maps would save. Unit: bytes. */
export interface Reclaimable {
  readonly setting: 'BPF_F_NO_PREALLOC' | 'max_entries';
  readonly bytes: number;
}

interface Sums {
  bytes: number;
  elements: number | undefined;
  maxEntries: number;
}

const noSums = (): Sums => ({ bytes: 0, elements: undefined, maxEntries: 0 });

function add(sums: Sums, bytes: number, elements: number | undefined, maxEntries: number): void {
  sums.bytes += bytes;
  sums.maxEntries += maxEntries;
  if (elements !== undefined) sums.elements = (sums.elements ?? 0) + elements;
}

/** The sums over maps by name, as of one reading. */
export type MapSums = ReadonlyMap<string, Readonly<Sums>>;

/** One pass over all maps of a host; those without a name are part of `OTHER`. */
export function sumByName(maps: readonly InventoryMap[]): MapSums {
  const byName = new Map<string, Sums>();
  for (const { name, bytes, elements, max_entries } of maps) {
    const key = name === '' ? OTHER : name;
    let sums = byName.get(key);
    if (sums === undefined) {
      sums = noSums();
      byName.set(key, sums);
    }
    add(sums, bytes, elements, max_entries);
  }
  return byName;
}

/** The names that may have series of their own. */
export function candidatesOf(
  sums: MapSums,
  reclaimable: ReadonlyMap<string, readonly Reclaimable[]>,
): MapsOfName[] {
  const candidates: MapsOfName[] = [];
  for (const [key, each] of sums) {
    if (key === OTHER) continue;
    const saved = reclaimable.get(key) ?? [];
    const series = 2 + (each.elements === undefined ? 0 : 1) + saved.length;
    candidates.push({ key, ...each, reclaimable: saved, series });
  }
  return candidates;
}

/** All maps whose names have no series of their own; undefined if there are no maps at all. */
export function restOf(sums: MapSums, chosen: readonly MapsOfName[]): MapsOfName | undefined {
  if (sums.size === 0) return undefined;
  const names = new Set(chosen.map(({ key }) => key));
  const rest = noSums();
  for (const [key, { bytes, elements, maxEntries }] of sums) {
    if (!names.has(key)) add(rest, bytes, elements, maxEntries);
  }
  return { key: OTHER, ...rest, reclaimable: [], series: 2 + (rest.elements === undefined ? 0 : 1) };
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
