/**
 * Advice on reducing the memory of BPF maps. The kernel's formulas are passed in, so that it also works on
 * recordings.
 */
import { BPF_F_NO_PREALLOC } from '../kernel/bpf/sys/bpf-enums.ts';

/** The definition of a map, with the field names of bpf(2); the type as printed by bpftool. */
interface AdvisedShape {
  readonly type: string;
  /** Unit: bytes. */
  readonly key_size: number;
  /** Unit: bytes. */
  readonly value_size: number;
  /** Entries; for a ring buffer, bytes. */
  readonly max_entries: number;
  readonly map_flags: number;
  readonly map_extra?: bigint | undefined;
}

/** The inputs for advice on a map. */
export interface AdvisedMap extends AdvisedShape {
  readonly id: number;
  readonly name: string;
  /** Unit: bytes. */
  readonly bytes: number;
  /** Maximum observed number; for arrays, of non-zero elements. Absent if the kernel does not count them. */
  readonly liveElements?: number | undefined;
  /** Maximum unconsumed data observed in a ring buffer. Absent if it was never read. Unit: bytes. */
  readonly peakBacklogBytes?: number | undefined;
  /** The readings that those figures come from; absent for a single one. */
  readonly observed?: Observed | undefined;
}

/** How often a map was read. What it holds between two readings is not known. */
export interface Observed {
  readonly readings: number;
  /** From the first to the last. Unit: milliseconds. */
  readonly spanMs: number;
}

/** The memory that a map would use. Unit: bytes. */
interface AdvisedCost {
  readonly bytes: number;
  readonly unchargedPercpuBytes: number;
}

/**
 * The kernel's formula; `undefined` for types without one. `possibleCpus` defaults to this machine's.
 */
export type ComputeMapCost = (
  shape: AdvisedShape,
  assumed: { liveElements: number; possibleCpus?: number },
) => AdvisedCost | undefined;

/** One piece of advice. Savings of several pieces for the same map are not additive. */
export interface BpfAdvice {
  /**
   * `nearly-empty`: preallocated for far more elements than any reading found. `shareable`: many maps with
   * the same definition. `idle-ring-buffer`: far larger than the backlog of any reading. `percpu-growth`:
   * size of per-CPU maps on larger machines.
   */
  readonly kind: 'nearly-empty' | 'shareable' | 'idle-ring-buffer' | 'percpu-growth';
  readonly maps: readonly Pick<AdvisedMap, 'id' | 'name'>[];
  /** Savings of the best option. Absent for `percpu-growth`, which saves nothing. Unit: bytes. */
  readonly savesBytes?: number;
  readonly text: string;
  /** Possible changes, largest savings first. */
  readonly options?: readonly AdviceOption[];
  /** The size of the same maps on larger machines. */
  readonly projection?: readonly (AdvisedCost & { readonly possibleCpus: number })[];
}

/** One change to a map's definition. */
interface AdviceOption {
  readonly change: string;
  /** Total for all maps of the advice. Unit: bytes. */
  readonly savesBytes: number;
}

/** Thresholds for giving advice. */
export interface AdviceThresholds {
  /** A map is nearly empty up to this share of its entries. */
  readonly nearlyEmptyShare: number;
  /** Smaller savings are not reported. Unit: bytes. */
  readonly savesAtLeastBytes: number;
  /** Minimum number of identical maps to suggest sharing. */
  readonly equalMaps: number;
  /** The machines for which per-CPU maps are projected. */
  readonly possibleCpus: readonly number[];
}

/** Thresholds that produce no advice on a healthy host. */
const defaultThresholds: AdviceThresholds = {
  nearlyEmptyShare: 0.1,
  savesAtLeastBytes: 64 * 1024,
  equalMaps: 4,
  possibleCpus: [16, 64, 128],
};

const pageBytes = 4096;
/** What the advice is derived from, and what it does not know. */
const docsPage = 'docs/maps.md, Advice';

const hashes = new Set(['hash', 'percpu_hash', 'lru_hash', 'lru_percpu_hash', 'hash_of_maps']);
const allowNoPrealloc = new Set(['hash', 'percpu_hash', 'hash_of_maps']);
const arrays = new Set(['array', 'percpu_array']);
const allocatedAtOnce = new Set([...hashes, ...arrays, 'stack_trace', 'queue', 'stack']);
const percpu = new Set(['percpu_hash', 'percpu_array', 'lru_percpu_hash']);
const ringBuffers = new Set(['ringbuf', 'user_ringbuf']);

/** Advice on these maps, largest savings first; `percpu-growth`, which saves nothing, is last. */
export function adviseOnMaps(
  maps: readonly AdvisedMap[],
  compute: ComputeMapCost,
  thresholds: AdviceThresholds = defaultThresholds,
): BpfAdvice[] {
  const groups = groupEqual(maps);
  return [
    ...groups.map((group) => adviseNearlyEmpty(group, compute, thresholds)),
    ...groups.map((group) => adviseShareable(group, compute, thresholds)),
    ...groups.map((group) => adviseRingBuffer(group, compute, thresholds)),
    adviseGrowth(maps, compute, thresholds),
  ]
    .filter((advice) => advice !== undefined)
    .sort((left, right) => (right.savesBytes ?? 0) - (left.savesBytes ?? 0));
}

type Group = readonly [AdvisedMap, ...AdvisedMap[]];

function groupEqual(maps: readonly AdvisedMap[]): Group[] {
  const groups = new Map<string, [AdvisedMap, ...AdvisedMap[]]>();
  for (const map of maps) {
    const { name, type, key_size, value_size, max_entries, map_flags, map_extra } = map;
    const key = [name, type, key_size, value_size, max_entries, map_flags, map_extra].join('/');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [map]);
    else group.push(map);
  }
  return [...groups.values()];
}

function adviseNearlyEmpty(
  group: Group,
  compute: ComputeMapCost,
  { nearlyEmptyShare, savesAtLeastBytes }: AdviceThresholds,
): BpfAdvice | undefined {
  const { type, max_entries, map_flags } = group[0];
  if (!allocatedAtOnce.has(type) || (map_flags & BPF_F_NO_PREALLOC) !== 0) return undefined;
  // The fullest map of a group decides, since all have the same definition.
  const live = fullest(group, ({ liveElements }) => liveElements);
  if (live === undefined || live > max_entries * nearlyEmptyShare) return undefined;
  // The index of an array has a meaning: only an array that was never written can lose entries.
  if (arrays.has(type) && live > 0) return undefined;

  // The size itself is only asked about: readings do not show what a map holds between them.
  const canGrow = allowNoPrealloc.has(type);
  const changes: [string, Partial<AdvisedShape>][] = canGrow
    ? [['BPF_F_NO_PREALLOC', { map_flags: map_flags | BPF_F_NO_PREALLOC }]]
    : arrays.has(type)
      ? [['without it, if it is not used', { max_entries: 1 }]]
      : [['half the entries, if it never holds more', { max_entries: Math.ceil(max_entries / 2) }]];
  const options = optionsOf(group, changes, compute, savesAtLeastBytes);
  if (options === undefined) return undefined;
  const many = group.length === 1 ? '' : `; ${group.length} such maps, this is the fullest`;
  const used = `it held ${live === 0 ? 'nothing' : `${live} at most`} in ${describeReadings(group)}`;
  const consequence = canGrow
    ? 'BPF_F_NO_PREALLOC allocates each element when it is added: updates are slower and can fail'
    : arrays.has(type)
      ? 'is it used?'
      : 'does it need all of them?';
  return {
    ...options,
    kind: 'nearly-empty',
    maps: identify(group),
    text: `${describe(group[0])} is allocated for ${max_entries} entries; ${used}${many}; ${consequence} (${docsPage})`,
  };
}

function adviseShareable(
  group: Group,
  compute: ComputeMapCost,
  { equalMaps, savesAtLeastBytes }: AdviceThresholds,
): BpfAdvice | undefined {
  // Sections of global variables and ring buffers belong to one program each.
  const [first] = group;
  if (group.length < equalMaps || ringBuffers.has(first.type) || first.name.includes('.')) return undefined;
  const live = sum(group.map(({ liveElements = 0 }) => liveElements));
  const counted = group.every(({ liveElements }) => liveElements !== undefined);
  const shared = counted ? compute(first, { liveElements: live }) : undefined;
  if (shared === undefined || live > first.max_entries) return undefined;
  const savesBytes = sum(group.map(({ bytes }) => bytes)) - shared.bytes;
  if (savesBytes < savesAtLeastBytes) return undefined;
  const together = `together they held ${live} at most in ${describeReadings(group)}`;
  return {
    kind: 'shareable',
    maps: identify(group),
    savesBytes,
    text: `${group.length} equal maps: ${describe(first)}; ${together}; could one map with an additional key hold all entries? (${docsPage})`,
    options: [{ change: 'one map of the same size, if that is enough', savesBytes }],
  };
}

function adviseRingBuffer(
  group: Group,
  compute: ComputeMapCost,
  { nearlyEmptyShare, savesAtLeastBytes }: AdviceThresholds,
): BpfAdvice | undefined {
  const { type, max_entries } = group[0];
  const peak = fullest(group, ({ peakBacklogBytes }) => peakBacklogBytes);
  if (!ringBuffers.has(type) || peak === undefined || peak > max_entries * nearlyEmptyShare) return undefined;
  const half = Math.max(pageBytes, max_entries / 2);
  if (half >= max_entries) return undefined;
  const options = optionsOf(
    group,
    [['half the size, if no burst needs more', { max_entries: half }]],
    compute,
    savesAtLeastBytes,
  );
  return (
    options && {
      ...options,
      kind: 'idle-ring-buffer',
      maps: identify(group),
      text: `${describe(group[0])} has room for ${max_entries} bytes; ${peak} at most were unread in ${describeReadings(group)}; does it need all of it for bursts between them? (${docsPage})`,
    }
  );
}

function adviseGrowth(
  maps: readonly AdvisedMap[],
  compute: ComputeMapCost,
  { possibleCpus, savesAtLeastBytes }: AdviceThresholds,
): BpfAdvice | undefined {
  const concerned = maps
    .filter(({ type }) => percpu.has(type))
    .toSorted((left, right) => right.bytes - left.bytes);
  const projection = possibleCpus.flatMap((cpus) => {
    const costs = concerned.map((map) =>
      compute(map, { liveElements: map.liveElements ?? 0, possibleCpus: cpus }),
    );
    if (!costs.every((cost) => cost !== undefined)) return [];
    const bytes = sum(costs.map((cost) => cost.bytes));
    const unchargedPercpuBytes = sum(costs.map((cost) => cost.unchargedPercpuBytes));
    return [{ possibleCpus: cpus, bytes, unchargedPercpuBytes }];
  });
  if (!projection.some(({ bytes }) => bytes >= savesAtLeastBytes)) return undefined;
  const [largest] = concerned;
  if (largest === undefined) return undefined;
  const who =
    concerned.length === 1
      ? `${describe(largest)} grows with the number of possible CPUs`
      : `${concerned.length} percpu maps grow with the number of possible CPUs, the largest is ${describe(largest)}`;
  return { kind: 'percpu-growth', maps: identify(concerned), text: `${who} (${docsPage})`, projection };
}

/** The changes with sufficient savings, best first. */
function optionsOf(
  group: Group,
  changes: readonly [string, Partial<AdvisedShape>][],
  compute: ComputeMapCost,
  savesAtLeastBytes: number,
): { options: AdviceOption[]; savesBytes: number } | undefined {
  const options = changes
    .flatMap(([change, part]) => {
      const costs = group.map((map) => compute({ ...map, ...part }, { liveElements: map.liveElements ?? 0 }));
      if (!costs.every((cost) => cost !== undefined)) return [];
      const savesBytes = sum(group.map(({ bytes }) => bytes)) - sum(costs.map(({ bytes }) => bytes));
      return savesBytes < savesAtLeastBytes ? [] : [{ change, savesBytes }];
    })
    .sort((left, right) => right.savesBytes - left.savesBytes);
  const [best] = options;
  return best && { options, savesBytes: best.savesBytes };
}

/** The maximum figure of a group; `undefined` unless every map has one. */
function fullest(group: Group, figure: (map: AdvisedMap) => number | undefined): number | undefined {
  const figures = group.map(figure);
  return figures.every((each) => each !== undefined) ? Math.max(...figures) : undefined;
}

function identify(maps: readonly AdvisedMap[]): BpfAdvice['maps'] {
  return maps.map(({ id, name }) => ({ id, name }));
}

function describe({ type, name, id }: AdvisedMap): string {
  return name === '' ? `${type} ${id}` : `${type} '${name}'`;
}

/** How often the least observed map of a group was read, and over which time. */
function describeReadings(group: Group): string {
  const [least] = group
    .map(({ observed }) => observed ?? { readings: 1, spanMs: 0 })
    .sort((left, right) => left.readings - right.readings);
  if (least === undefined || least.readings < 2) return 'one reading';
  return `${least.readings} readings over ${(least.spanMs / 1000).toFixed(1)}s`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
