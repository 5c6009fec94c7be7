/** The figures of named cgroups as series. */
import { EXPOSED, type ExposedFamily } from '../../../export/exporter-names.ts';
import type { FigureSet } from '../../../export/exposition.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import type { CgroupDetails, FiguresOfCgroup, HostCgroup } from '../../../model/host/host-cgroups.ts';
import type { NamedGroup } from './named-cgroups.ts';
import type { SteadyCounters } from './steady-counters.ts';

type Figure = keyof FiguresOfCgroup;

/** What each container has. The names of kinds are those of `cmemstat export`, by figure. */
const FIRST_KINDS: readonly (readonly [Figure, kind: string])[] = [
  ['current', 'current'],
  ['workingset', 'working_set'],
  ['kernel', 'kernel'],
];

/** What the largest have, too. */
const FURTHER_KINDS: readonly (readonly [Figure, kind: string])[] = [
  ['anon', 'anon'],
  ['file', 'file'],
  ['shmem', 'shmem'],
  ['slab', 'slab'],
  ['sock', 'sock'],
  ['swap', 'swap'],
];

/** The same figures under the names that cAdvisor gave them. */
const CADVISOR_NAMES: readonly (readonly [Figure, ExposedFamily])[] = [
  ['current', EXPOSED.containerUsage],
  ['workingset', EXPOSED.containerWorkingSet],
  ['anon', EXPOSED.containerRss],
  ['file', EXPOSED.containerCache],
  ['swap', EXPOSED.containerSwap],
];

/** The number of series that each container may have at least. */
export const FIRST_SERIES = FIRST_KINDS.length;
/** The same for those with the names of cAdvisor. */
export const CADVISOR_SERIES = CADVISOR_NAMES.length;

/** The sum over the cgroups of a group; absent unless it is known of all of them. */
export function sumOf({ cgroups }: NamedGroup, figure: Figure): number | undefined {
  let sum = 0;
  for (const { figures } of cgroups) {
    const value = figures[figure];
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
}

/** Adds the sizes that each container has; returns nothing. */
export function addFirstKinds(figures: FigureSet, group: NamedGroup): void {
  addKinds(figures, group, FIRST_KINDS);
}

/** Adds the same sizes under the names of cAdvisor. */
export function addCadvisorNames(figures: FigureSet, group: NamedGroup): void {
  for (const [figure, family] of CADVISOR_NAMES) figures.add(family, group.labels, sumOf(group, figure));
}

function addKinds(
  figures: FigureSet,
  group: NamedGroup,
  kinds: readonly (readonly [Figure, string])[],
): void {
  for (const [figure, kind] of kinds) {
    figures.add(EXPOSED.memory, group.labelsWith(`kind="${kind}"`), sumOf(group, figure));
  }
}

/** What the BPF maps of a group take. Unit: bytes. */
export interface GroupBpf {
  readonly charged: number;
  readonly uncharged: number;
  readonly orphaned: number;
  /** Absent where the holders of maps cannot be read. */
  readonly heldElsewhere: number | undefined;
}

/** Undefined if BPF maps cannot be read. */
export function bpfOf(
  group: NamedGroup,
  elsewhere: ReadonlyMap<bigint, number> | undefined,
): GroupBpf | undefined {
  const charged = sumOf(group, 'bpf');
  if (charged === undefined) return undefined;
  return {
    charged,
    uncharged: sumOf(group, 'bpfUncharged') ?? 0,
    orphaned: sumOf(group, 'orphaned') ?? 0,
    heldElsewhere:
      elsewhere && group.cgroups.reduce((sum: number, { id }) => sum + (elsewhere.get(id) ?? 0), 0),
  };
}

/** Adds what the BPF maps of a group take, by what it is charged to. */
export function addBpf(figures: FigureSet, { labelsWith }: NamedGroup, bpf: GroupBpf): void {
  const scopes = [
    ['charged', bpf.charged],
    ['uncharged', bpf.uncharged],
    ['orphaned', bpf.orphaned],
    ['held_elsewhere', bpf.heldElsewhere],
  ] as const;
  for (const [scope, bytes] of scopes) {
    figures.add(EXPOSED.bpf, labelsWith(`scope="${scope}",objects="maps"`), bytes);
  }
}

/** The details of each cgroup of a group. */
export type GroupDetails = ReadonlyMap<HostCgroup, CgroupDetails>;

/** Adds what only the largest have. */
export function addDetails(
  figures: FigureSet,
  group: NamedGroup,
  details: GroupDetails,
  counters: SteadyCounters,
): void {
  const { labelsWith } = group;
  addKinds(figures, group, FURTHER_KINDS);
  const all = [...details];
  const sum = (of: (each: CgroupDetails) => number | undefined) => {
    const values = all.map(([, each]) => of(each));
    return values.every((value) => value !== undefined)
      ? values.reduce((total, value) => total + value, 0)
      : undefined;
  };
  figures.add(
    EXPOSED.memoryPeak,
    labelsWith('kind="current"'),
    sum(({ peak }) => peak),
  );
  figures.add(
    EXPOSED.memoryLimit,
    labelsWith('kind="max"'),
    sum(({ limit }) => limit),
  );
  const count = (family: ExposedFamily, own: string, of: (each: CgroupDetails) => number | undefined) => {
    const parts = all.flatMap(([{ id }, each]) => {
      const value = of(each);
      return value === undefined ? [] : [{ id, value }];
    });
    if (parts.length === 0) return undefined;
    const name = labelsWith(own);
    return { name, value: counters.add(`${family.name}{${name}}`, parts) };
  };
  for (const event of new Set(all.flatMap(([, { events = {} }]) => Object.keys(events)))) {
    const counted = count(EXPOSED.memoryEvents, formatLabels({ event }), ({ events }) => events?.[event]);
    if (counted !== undefined) figures.add(EXPOSED.memoryEvents, counted.name, counted.value);
  }
  for (const kind of ['some', 'full'] as const) {
    const counted = count(EXPOSED.memoryStall, `kind="${kind}"`, ({ stall }) => stall?.[kind]);
    if (counted !== undefined) figures.add(EXPOSED.memoryStall, counted.name, counted.value / 1e6);
  }
}

/** The number of series that `addDetails` adds for a group. */
export function countDetails(group: NamedGroup, details: CgroupDetails): number {
  const { peak, limit, events = {}, stall = {} } = details;
  const values = [peak, limit, stall.some, stall.full].filter((value) => value !== undefined).length;
  return countKnown(group, FURTHER_KINDS) + values + Object.keys(events).length;
}

/** The number of series that `addFirstKinds` adds. */
export function countFirstKinds(group: NamedGroup): number {
  return countKnown(group, FIRST_KINDS);
}

/** The number of series that `addCadvisorNames` adds. */
export function countCadvisorNames(group: NamedGroup): number {
  return countKnown(group, CADVISOR_NAMES);
}

function countKnown(group: NamedGroup, figures: readonly (readonly [Figure, unknown])[]): number {
  return figures.filter(([figure]) => sumOf(group, figure) !== undefined).length;
}
