/** The samples of the example run at any moment. */
import type { BpfTotals } from '#src/model/bpf-totals.ts';
import type { LiveMap } from '#src/model/recording.ts';
import type { Mode, Sample } from '#src/model/sample.ts';
import { KIB, MIB, mapsAt, noise, PAGE, pages, processesAt } from './example-objects.ts';

/** Options for the records of the run. */
export interface ExampleOptions {
  mode?: Mode;
  /** Unit: milliseconds. */
  intervalMs?: number;
  /** Records after this time are omitted. Unit: milliseconds. */
  untilMs?: number;
  /** With the final sample and the summary. */
  ended?: boolean;
  /** Without limits of the leaf. */
  unlimited?: boolean;
}

/** A smooth step from 0 to 1 around a time. */
function risen(elapsedMs: number, atMs: number, widthMs: number): number {
  return 1 / (1 + Math.exp((-8 * (elapsedMs - atMs)) / widthMs));
}

interface Figures {
  anon: number;
  file: number;
  shmem: number;
  inactive_file: number;
  mapBytes: number;
  programBytes: number;
  slab: number;
  pagetables: number;
  kernel_stack: number;
  percpu: number;
  vmalloc: number;
  sock: number;
  kernel: number;
}

function figuresAt(elapsedMs: number): Figures {
  const seconds = elapsedMs / 1000;
  const spike = 110 * MIB * risen(elapsedMs, 124_000, 12_000) * (1 - risen(elapsedMs, 141_000, 3_000));
  const anon = pages(
    38 * MIB +
      90 * MIB * (1 - Math.exp(-seconds / 40)) +
      (seconds % 18) * 1.4 * MIB +
      spike +
      noise(seconds) * MIB,
  );
  const file = pages(14 * MIB + 46 * MIB * risen(elapsedMs, 60_000, 50_000) + noise(seconds + 7) * 300 * KIB);
  const maps = mapsAt(elapsedMs);
  const mapBytes = maps.reduce((sum, { bytes, unchargedBytes }) => sum + bytes - unchargedBytes, 0);
  const programBytes = maps.length * 3 * PAGE;
  const places = placesOf(mapBytes);
  const slab = pages(2.6 * MIB + seconds * 9 * KIB) + places.slab;
  const pagetables = pages(anon / 480 + 300 * KIB);
  const kernel_stack = 16 * KIB * (11 + Math.floor(seconds / 30));
  const percpu = pages(420 * KIB) + places.percpu;
  const vmalloc = pages(96 * KIB) + places.vmalloc;
  return {
    anon,
    file,
    shmem: pages(2 * MIB),
    inactive_file: pages(file * 0.6),
    mapBytes,
    programBytes,
    slab,
    pagetables,
    kernel_stack,
    percpu,
    vmalloc,
    sock: pages(180 * KIB + noise(seconds + 3) * 200 * KIB),
    kernel:
      slab + pagetables + kernel_stack + percpu + vmalloc + programBytes + places.pages + pages(640 * KIB),
  };
}

function placesOf(mapBytes: number) {
  const slab = pages(mapBytes * 0.1);
  const percpu = pages(mapBytes * 0.15);
  const ring = pages(mapBytes * 0.25);
  return { vmalloc: mapBytes - slab - percpu - ring, slab, percpu, pages: ring };
}

function limitsOf({ mode, unlimited }: ExampleOptions): NonNullable<Sample['limits']> {
  if (mode === 'cgroup1')
    return { max: unlimited === true ? 'max' : 512 * MIB, 'memsw.limit_in_bytes': 'max' };
  return unlimited === true
    ? { max: 'max', high: 'max', swapMax: 'max' }
    : { max: 512 * MIB, high: 320 * MIB, swapMax: 0, pidsMax: 'max' };
}

export function sampleAt(elapsedMs: number, options: ExampleOptions): Sample {
  const { mode = 'cgroup2' } = options;
  const figures = figuresAt(elapsedMs);
  const { anon, file, shmem, inactive_file, kernel, sock } = figures;
  const base: Sample = {
    type: 'sample',
    elapsedMs,
    reason: elapsedMs === 0 ? 'launch' : 'tick',
    processes: processesAt(elapsedMs).length,
  };
  if (mode === 'process-tree') {
    const rss = anon + 0.7 * file;
    return { ...base, tree: { rss: pages(rss), pss: pages(rss * 0.8), cpuPercent: 87.5 + noise(elapsedMs) } };
  }
  const current = anon + file + kernel + sock + 24 * KIB;
  const common = {
    ...base,
    current,
    peak: Math.max(...[elapsedMs, 132_000].filter((ms) => ms <= elapsedMs).map(highWater)),
    workingset: current - inactive_file,
    kernel,
    limits: limitsOf(options),
    nestedCgroups: 2,
  };
  const oomKills = elapsedMs >= 140_000 ? 1 : 0;
  if (mode === 'cgroup1') {
    return {
      ...common,
      swap: { current: 0 },
      stat: { file, anon, anon_thp: 0, shmem, inactive_file, pgfault: 20_000 + elapsedMs },
      eventsLocal: { oom_kill: oomKills, failcnt: oomKills * 12 },
    };
  }
  const high = elapsedMs >= 126_000 ? 14 : 0;
  return {
    ...common,
    swap: { current: 0, peak: 0 },
    stat: {
      anon,
      file,
      kernel,
      kernel_stack: figures.kernel_stack,
      pagetables: figures.pagetables,
      sec_pagetables: 0,
      percpu: figures.percpu,
      sock,
      vmalloc: figures.vmalloc,
      shmem,
      inactive_file,
      slab: figures.slab,
      slab_reclaimable: pages(figures.slab * 0.4),
      pgfault: 20_000 + elapsedMs,
    },
    events: { low: 0, high, max: oomKills * 12, oom: oomKills, oom_kill: oomKills, oom_group_kill: 0 },
    eventsLocal: { low: 0, high, max: 0, oom: 0, oom_kill: 0, oom_group_kill: 0 },
    pressure: {
      some: { avg10: 3.25, avg60: 1.5, avg300: 0.42, total: Math.round(elapsedMs * 9.5) },
      full: { avg10: 0.75, avg60: 0.25, avg300: 0.1, total: Math.round(elapsedMs * 2.25) },
    },
  };
}

/** The kernel's peak is slightly above that of the samples. */
function highWater(elapsedMs: number): number {
  const { anon, file, kernel, sock } = figuresAt(elapsedMs);
  return anon + file + kernel + sock + 3 * MIB;
}

export function bpfAt(elapsedMs: number, mode: Mode): BpfTotals {
  const maps = mapsAt(elapsedMs);
  const { mapBytes, programBytes } = figuresAt(elapsedMs);
  const totals: BpfTotals = {
    attribution: elapsedMs === 0 ? 'held' : 'memcg',
    host: {
      maps: { count: maps.length + 31, memlock: mapBytes + 6 * MIB },
      programs: { count: 44, memlock: programBytes + 300 * KIB },
    },
    held: {
      maps: { count: maps.length, memlock: mapBytes },
      programs: { count: maps.length, memlock: programBytes },
    },
  };
  // At the launch the iterators are not open yet; v1 has them as well.
  if (elapsedMs === 0) return totals;
  const uncharged = maps.filter(({ unchargedBytes }) => unchargedBytes > 0);
  const anonymous = maps.filter((map) => map.anonymous === true);
  const sum = (of: readonly LiveMap[], key: 'bytes' | 'unchargedBytes') =>
    of.reduce((total, map) => total + map[key], 0);
  return {
    ...totals,
    charged: {
      maps: { count: maps.length, bytes: mapBytes },
      programs: { count: maps.length, bytes: programBytes },
      places: mode === 'cgroup1' ? { vmalloc: 0, slab: 0, percpu: 0, pages: 0 } : placesOf(mapBytes),
    },
    uncharged: { maps: { count: uncharged.length, bytes: sum(uncharged, 'unchargedBytes') } },
    heldElsewhere: { maps: { count: 0, bytes: 0 } },
    anonymous: { maps: { count: anonymous.length, bytes: sum(anonymous, 'bytes') } },
  };
}
