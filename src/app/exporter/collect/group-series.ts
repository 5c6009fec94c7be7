/**
 * The series of named cgroups and of BPF maps within the limit. In this order: containers; what BPF maps of
 * cgroups take, map names, and units and pods, which share what is left; at last the details of the largest.
 */
import { EXPOSED } from '../../../export/exporter-names.ts';
import type { FigureSet } from '../../../export/exposition.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import type { InventoryMap } from '../../../model/bpf-inventory.ts';
import type { CgroupDetails, HostCgroup } from '../../../model/host/host-cgroups.ts';
import {
  addBpf,
  addCadvisorNames,
  addDetails,
  addFirstKinds,
  bpfOf,
  countCadvisorNames,
  countDetails,
  countFirstKinds,
  type GroupBpf,
  type GroupDetails,
  sumOf,
} from './cgroup-figures.ts';
import { type Candidate, countSeries, type Demand, StickyChoice, shareRoom } from './choose-series.ts';
import {
  candidatesOf,
  type MapSums,
  type MapsOfName,
  OTHER,
  type Reclaimable,
  restOf,
  sumByName,
} from './map-names.ts';
import type { NamedGroup } from './named-cgroups.ts';
import { SteadyCounters } from './steady-counters.ts';

/** How many map names have series of their own. */
const MAX_MAP_NAMES = 20;

/** The series of the maps that have none of their own: bytes, elements, max_entries. */
const REST_SERIES = 3;

/** What the series are made of. */
export interface GroupSources {
  readonly groups: readonly NamedGroup[];
  /** Undefined if BPF maps cannot be read. */
  readonly maps: readonly InventoryMap[] | undefined;
  readonly reclaimable: ReadonlyMap<string, readonly Reclaimable[]>;
  /** By the id of the cgroup; undefined if it cannot be read. */
  readonly elsewhere: ReadonlyMap<bigint, number> | undefined;
  readonly readDetails: (cgroup: HostCgroup) => CgroupDetails;
}

type GroupCandidate = Candidate & { readonly group: NamedGroup };
type BpfCandidate = GroupCandidate & { readonly bpf: GroupBpf };

/** Chooses and adds series, repeatedly. */
export class GroupSeries {
  readonly #withCadvisorNames: boolean;
  readonly #counters = new SteadyCounters();
  #lastMaps: { maps: readonly InventoryMap[]; sums: MapSums } | undefined;
  readonly #choices = {
    containers: new StickyChoice(),
    cadvisor: new StickyChoice(),
    bpf: new StickyChoice(),
    maps: new StickyChoice(),
    groups: new StickyChoice(),
    details: new StickyChoice(),
  };

  constructor({ withCadvisorNames }: { withCadvisorNames: boolean }) {
    this.#withCadvisorNames = withCadvisorNames;
  }

  /** Adds at most `room` series; returns how many are left out. */
  add(figures: FigureSet, sources: GroupSources, room: number): number {
    const { groups, maps } = sources;
    const choices = this.#choices;
    const isContainer = ({ kind }: NamedGroup) => kind === 'container';
    let cut = 0;
    let left = room;
    const take = <T extends Candidate>(
      choice: StickyChoice,
      candidates: readonly T[],
      most: number,
      add: (candidate: T) => void,
    ): T[] => {
      const taken = choice.choose(candidates, Math.max(0, Math.min(most, left)));
      for (const candidate of taken.chosen) add(candidate);
      cut += taken.cut;
      left -= countSeries(taken.chosen);
      return taken.chosen;
    };
    const first = (each: readonly NamedGroup[]) => each.map((group) => candidateOf(group, countFirstKinds));
    const addFirst = ({ group }: GroupCandidate) => addFirstKinds(figures, group);
    const containers = take(choices.containers, first(groups.filter(isContainer)), left, addFirst);
    if (this.#withCadvisorNames) {
      const named = containers.map(({ group }) => candidateOf(group, countCadvisorNames));
      take(choices.cadvisor, named, left, ({ group }) => addCadvisorNames(figures, group));
    }
    const bpf = bpfCandidates(sources);
    const sums = maps && this.#sumMaps(maps);
    const names = sums === undefined ? [] : largest(candidatesOf(sums, sources.reclaimable));
    const others = first(groups.filter((group) => !isContainer(group)));
    if (sums !== undefined && sums.size > 0) left -= REST_SERIES;
    const demands: Demand[] = [
      { series: countSeries(bpf), share: 0.4 },
      { series: countSeries(names), share: 0.4 },
      { series: countSeries(others), share: 0.2 },
    ];
    const [bpfRoom = 0, namesRoom = 0, othersRoom = 0] = shareRoom(Math.max(0, left), demands);
    take(choices.bpf, bpf, bpfRoom, ({ group, bpf: sizes }) => addBpf(figures, group, sizes));
    const chosen = take(choices.maps, names, namesRoom, (each) => addMaps(figures, each));
    const rest = sums && restOf(sums, chosen);
    if (rest !== undefined) addMaps(figures, rest);
    const shown = take(choices.groups, others, othersRoom, addFirst);
    take(choices.details, this.#detailCandidates([...containers, ...shown], sources), left, ({ group }) =>
      addDetails(figures, group, detailsOf(group, sources), this.#counters),
    );
    this.#counters.endReading();
    return cut;
  }

  /** Readers return the same array while nothing changes. */
  #sumMaps(maps: readonly InventoryMap[]): MapSums {
    if (this.#lastMaps?.maps !== maps) this.#lastMaps = { maps, sums: sumByName(maps) };
    return this.#lastMaps.sums;
  }

  /** All cgroups have the same files: one shows how many series there are. */
  #detailCandidates(candidates: readonly GroupCandidate[], { readDetails }: GroupSources): GroupCandidate[] {
    const sample = candidates[0]?.group.cgroups[0];
    if (sample === undefined) return [];
    const details = readDetails(sample);
    return candidates.map(({ group }) => candidateOf(group, (each) => countDetails(each, details)));
  }
}

function candidateOf(group: NamedGroup, count: (group: NamedGroup) => number): GroupCandidate {
  return { key: group.labels, series: count(group), bytes: sumOf(group, 'current') ?? 0, group };
}

/** Groups that have anything to do with BPF maps. */
function bpfCandidates({ groups, elsewhere }: GroupSources): BpfCandidate[] {
  return groups.flatMap((group) => {
    const bpf = bpfOf(group, elsewhere);
    if (bpf === undefined) return [];
    const bytes = bpf.charged + bpf.uncharged + (bpf.heldElsewhere ?? 0);
    const series = bpf.heldElsewhere === undefined ? 3 : 4;
    return bytes === 0 ? [] : [{ key: group.labels, series, bytes, group, bpf }];
  });
}

/** The maps of a node have some hundred names; those that come next are chosen again as sizes change. */
function largest(names: readonly MapsOfName[]): MapsOfName[] {
  return names.toSorted((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1)).slice(0, MAX_MAP_NAMES);
}

function addMaps(figures: FigureSet, { key, bytes, elements, maxEntries, reclaimable }: MapsOfName): void {
  const labels = formatLabels({ name: key });
  figures.add(EXPOSED.map, labels, bytes);
  figures.add(EXPOSED.mapElements, labels, elements);
  figures.add(EXPOSED.mapMaxEntries, labels, maxEntries);
  if (key === OTHER) return;
  for (const { setting, bytes: saved } of reclaimable) {
    figures.add(EXPOSED.reclaimable, `${labels},setting="${setting}"`, saved);
  }
}

function detailsOf({ cgroups }: NamedGroup, { readDetails }: GroupSources): GroupDetails {
  return new Map(cgroups.map((cgroup) => [cgroup, readDetails(cgroup)]));
}
