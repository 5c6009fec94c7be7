/** What memory consists of at one moment of a run, from the thinned series and the histories. */
import type { BpfTotals } from '../../../model/bpf-totals.ts';
import { breakKernelDown } from '../../../model/kernel-breakdown.ts';
import { STAT_PARTS } from './channels.ts';
import { valuesAt } from './entity-history.ts';
import {
  CONTAINER_WIDTH,
  MAP_WIDTH,
  type MapEntity,
  type Part,
  PROCESS_WIDTH,
  type RunModel,
} from './page-model.ts';

/** The ways to compose, in the order of the page. */
const LABELS = {
  kind: 'Charged memory by kind',
  containers: 'Containers of the pod',
  processes: 'Processes by command',
  'maps-name': 'BPF maps by name',
  'maps-type': 'BPF maps by type',
  'maps-owner': 'BPF maps by owner',
} as const;

/** One of them. */
export type ViewId = keyof typeof LABELS;

/** What a page calls it. */
export function labelOf(view: ViewId): string {
  return LABELS[view];
}

/** Those of BPF maps. */
export type MapView = Exclude<ViewId, 'kind' | 'containers' | 'processes'>;

/** The values of all channels at a time: those of the last reading up to it. */
export function channelsAt({ series }: RunModel, elapsedMs: number): Record<string, number> {
  const values: Record<string, number> = {};
  const index = Math.max(0, countUpTo(series.toMs, elapsedMs) - 1);
  for (const [name, { last }] of Object.entries(series.channels)) {
    const value = last[index];
    if (value !== undefined && !Number.isNaN(value)) values[name] = value;
  }
  return values;
}

function countUpTo(times: ArrayLike<number>, ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The composition at a time; undefined if nothing is known. At the peak, the values of the peak itself. */
export function composeAt(run: RunModel, view: ViewId, elapsedMs: number): Part | undefined {
  const part =
    view === 'kind'
      ? composeKinds(run, elapsedMs)
      : view === 'containers'
        ? composeContainers(run, elapsedMs)
        : view === 'processes'
          ? composeProcesses(run, elapsedMs)
          : composeMaps(run.maps, view, elapsedMs);
  return part === undefined || part.bytes <= 0 ? undefined : part;
}

/** The views that have something to show at some time. */
export function viewsOf(run: RunModel): ViewId[] {
  const hasMaps = run.maps.entities.length > 0;
  const isKnown: Record<ViewId, boolean> = {
    kind: run.series.channels.current?.last.some((value) => value > 0) === true,
    containers: run.containers.entities.length > 0,
    processes: run.processes.entities.length > 0,
    'maps-name': hasMaps,
    'maps-type': hasMaps,
    'maps-owner': hasMaps,
  };
  return (Object.keys(LABELS) as ViewId[]).filter((id) => isKnown[id]);
}

function composeKinds(run: RunModel, elapsedMs: number): Part | undefined {
  const values = elapsedMs === run.peak?.elapsedMs ? run.atPeak : channelsAt(run, elapsedMs);
  const { current, anon, file, kernel, sock } = values;
  if (current === undefined) return undefined;
  const parts: Part[] = [];
  if (anon !== undefined) parts.push({ name: 'anon', kind: 'memory.stat', bytes: anon });
  if (file !== undefined) parts.push(withParts('file', file, fileParts(values)));
  if (kernel !== undefined) parts.push(withParts('kernel', kernel, kernelParts(run, values, elapsedMs)));
  // On cgroup v2, sock is in no other figure.
  if (sock !== undefined) parts.push({ name: 'sock', kind: 'memory.stat', bytes: sock });
  return withParts('charged memory', current, parts);
}

function fileParts({ file = 0, shmem, inactive_file: inactive }: Record<string, number>): Part[] {
  const known: Part[] = [];
  if (shmem !== undefined)
    known.push({ name: 'shared memory and tmpfs', kind: 'memory.stat shmem', bytes: shmem });
  if (inactive !== undefined) {
    known.push({ name: 'page cache, inactive', kind: 'memory.stat inactive_file', bytes: inactive });
    const rest = file - inactive - (shmem ?? 0);
    if (rest > 0) known.push({ name: 'page cache, active', kind: 'file less the others', bytes: rest });
  }
  return known;
}

function kernelParts(run: RunModel, values: Record<string, number>, elapsedMs: number): Part[] {
  const stat: Record<string, number> = {};
  for (const key of STAT_PARTS) {
    const value = values[key];
    if (value !== undefined) stat[key] = value;
  }
  const { kernel, 'bpf.maps': maps, 'bpf.programs': programs } = values;
  if (kernel === undefined) return [];
  const bpf =
    maps === undefined
      ? undefined
      : ({
          attribution: 'memcg',
          charged: {
            maps: { count: 0, bytes: maps },
            programs: { count: 0, bytes: programs ?? 0 },
            places: {
              vmalloc: values['bpf.in.vmalloc'] ?? 0,
              slab: values['bpf.in.slab'] ?? 0,
              percpu: values['bpf.in.percpu'] ?? 0,
              pages: 0,
            },
          },
        } satisfies BpfTotals);
  const terms =
    breakKernelDown({ type: 'sample', elapsedMs, reason: 'tick', kernel, stat }, bpf)?.terms ?? [];
  return terms.map(({ id, bytes, source }) =>
    id === 'bpf maps'
      ? withParts(
          'BPF maps',
          bytes,
          groupMaps(run.maps, elapsedMs, ({ name }) => [name || '(no name)']),
        )
      : { name: id, kind: source, bytes },
  );
}

/** A part of known size: what its parts leave is called the rest. */
function withParts(name: string, bytes: number, parts: readonly Part[]): Part {
  const shown = parts.filter((part) => part.bytes > 0);
  const rest = bytes - shown.reduce((sum, part) => sum + part.bytes, 0);
  if (shown.length === 0) return { name, bytes };
  return {
    name,
    bytes,
    parts: sorted(rest > 0 ? [...shown, { name: 'not attributed', bytes: rest }] : shown),
  };
}

function sorted(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => b.bytes - a.bytes);
}

/** What no container has is that of the pod itself: an empty directory on tmpfs, for example. */
function composeContainers(run: RunModel, elapsedMs: number): Part | undefined {
  const { containers } = run;
  const parts = containers.entities.flatMap((entity): Part[] => {
    const bytes = valuesAt(containers, entity, elapsedMs, CONTAINER_WIDTH)?.[0];
    return bytes === undefined ? [] : [{ name: entity.name, kind: 'container', bytes }];
  });
  if (parts.length === 0) return undefined;
  const sum = sumOf(parts);
  const whole = channelsAt(run, elapsedMs).current ?? sum;
  return withParts('containers', Math.max(whole, sum), parts);
}

function composeProcesses({ processes }: RunModel, elapsedMs: number): Part | undefined {
  const shown = processes.entities.flatMap((entity) => {
    const values = valuesAt(processes, entity, elapsedMs, PROCESS_WIDTH);
    return values === undefined ? [] : [{ entity, rss: values[0] ?? 0, pss: values[1] ?? -1 }];
  });
  if (shown.length === 0) return undefined;
  const isPss = shown.every(({ pss }) => pss >= 0);
  const parts = shown.map(({ entity, rss, pss }) => ({
    group: entity.name,
    part: { name: `${entity.name} (${entity.id})`, kind: 'process', bytes: isPss ? pss : rss },
  }));
  const name = isPss ? 'processes, by PSS' : 'processes, by RSS: shared pages are counted for each';
  return totalOf(name, groupParts(parts));
}

/** BPF maps by name, type or owner; undefined if there are none at that time. */
export function composeMaps(maps: RunModel['maps'], view: MapView, elapsedMs: number): Part | undefined {
  const keyOf = ({ name, type, owners }: MapEntity) => {
    if (view === 'maps-type') return [type, name || '(no name)'];
    if (view === 'maps-name') return [name || '(no name)'];
    return [owners.length === 0 ? '(no process holds it)' : owners.join(', '), name || '(no name)'];
  };
  return totalOf('BPF maps', groupMaps(maps, elapsedMs, keyOf));
}

function groupMaps(
  maps: RunModel['maps'],
  elapsedMs: number,
  keyOf: (map: MapEntity) => readonly string[],
): Part[] {
  return groupParts(
    maps.entities.flatMap((map) => {
      const bytes = valuesAt(maps, map, elapsedMs, MAP_WIDTH)?.[0];
      if (bytes === undefined) return [];
      const [group = '', name = group] = keyOf(map);
      return [{ group, part: { name: `${name} (${map.id})`, kind: map.type, bytes } }];
    }),
  );
}

/** The parts below their groups; a group of one is that one. */
export function groupParts(entries: readonly { group: string; part: Part }[]): Part[] {
  const groups = new Map<string, Part[]>();
  for (const { group, part } of entries) {
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [part]);
    else known.push(part);
  }
  return sorted(
    [...groups].map(([name, parts]) => {
      const [only] = parts;
      if (parts.length === 1 && only !== undefined && only.name.startsWith(name)) return only;
      return { name, bytes: sumOf(parts), parts: sorted(parts) };
    }),
  );
}

/** The parts as one. */
export function totalOf(name: string, parts: Part[]): Part | undefined {
  return parts.length === 0 ? undefined : { name, bytes: sumOf(parts), parts };
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The parts of a part that are shown: those below the threshold, a share of the whole, are combined into one.
 */
export function shownParts({ parts = [], bytes }: Part, threshold: number): Part[] {
  const limit = bytes * threshold;
  const large = parts.filter((part) => part.bytes >= limit && part.bytes > 0);
  const small = parts.filter((part) => part.bytes < limit && part.bytes > 0);
  const [only] = small;
  if (only === undefined) return large;
  if (small.length === 1) return [...large, only];
  return [
    ...large,
    { name: `${small.length} others`, kind: 'others', bytes: sumOf(small), parts: sorted(small) },
  ];
}
