/** Synthetic recordings: one run for each mode, with round figures. */
import type { BpfTotals, HostBpfTotals } from '#src/model/bpf-totals.ts';
import type { EventRecord, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Mode, Sample } from '#src/model/sample.ts';

const MIB = 1024 * 1024;
const KIB = 1024;

/** The records of a run, in order. */
export interface Recording {
  start: StartRecord;
  records: (Sample | EventRecord)[];
  summary: SummaryRecord;
}

/** The common fields of every start and every summary. */
export const MADE = { version: 2, cmemstat: '0.1.0', time: '2026-01-02T03:04:05.678Z' } as const;

/** The host of the runs. */
export const HOST: StartRecord['host'] = {
  kernel: '6.12.0',
  arch: 'x64',
  cpus: 2,
  possibleCpus: 4,
  pageSizeBytes: 4096,
  memTotalBytes: 8 * KIB * MIB,
};

const start = (mode: Mode, more: Partial<StartRecord>): StartRecord => ({
  type: 'start',
  ...MADE,
  command: ['sh', '-c', 'echo "it\'s \u001b[31mred"'],
  pid: 4242,
  mode,
  placement: { kind: 'top', reason: 'the top takes new cgroups' },
  intervalMs: 500,
  host: HOST,
  ...more,
});

const sample = (elapsedMs: number, reason: Sample['reason'], figures: Partial<Sample>): Sample => ({
  type: 'sample',
  elapsedMs,
  reason,
  ...figures,
});

const bpf = (maps: number, memlock: number): BpfTotals & HostBpfTotals => ({
  attribution: 'held',
  host: {
    maps: { count: maps + 40, memlock: memlock + 5 * MIB },
    programs: { count: 30, memlock: 120 * KIB },
  },
  held: { maps: { count: maps, memlock }, programs: { count: 1, memlock: 4 * KIB } },
});

const stall = (some: number, full: number) => ({
  some: { avg10: 1.25, avg60: 0.5, avg300: 0.1, total: some },
  full: { avg10: 1, avg60: 0.25, avg300: 0.05, total: full },
});

const LEAF = '/sys/fs/cgroup/cmemstat-4242-1000';

const STAT_2 = {
  anon: 48 * MIB,
  file: 30 * MIB,
  kernel: 18 * MIB,
  kernel_stack: 160 * KIB,
  pagetables: 600 * KIB,
  percpu: 0,
  sock: 0,
  vmalloc: 14 * MIB,
  shmem: 4 * MIB,
  inactive_file: 20 * MIB,
  slab: 2 * MIB,
  pgfault: 26_235,
};

const HIGHEST_2 = sample(1000.25, 'tick', {
  current: 96 * MIB,
  peak: 112 * MIB,
  workingset: 76 * MIB,
  kernel: 18 * MIB,
  swap: { current: 8 * MIB },
  stat: STAT_2,
  events: { low: 0, high: 0, max: 18, oom: 1, oom_kill: 1 },
  eventsLocal: { low: 0, high: 0, max: 18, oom: 1, oom_kill: 1 },
  pressure: stall(2_458_185, 672_685),
  processes: 3,
  nestedCgroups: 1,
  bpf: bpf(2, 14 * MIB),
});

/** A target that the OOM killer ended. */
export const cgroup2: Recording = {
  start: start('cgroup2', { leaf: LEAF, bpfIntervalMs: 1000 }),
  records: [
    sample(0.5, 'launch', {
      current: 0,
      workingset: 0,
      kernel: 0,
      stat: { anon: 0, file: 0, kernel: 0, inactive_file: 0 },
      bpf: bpf(0, 0),
    }),
    sample(500.125, 'tick', {
      current: 300 * KIB,
      workingset: 260 * KIB,
      stat: { anon: 200 * KIB, file: 60 * KIB },
    }),
    {
      type: 'event',
      elapsedMs: 999,
      event: 'max',
      count: 18,
      increase: 18,
      localIncrease: 18,
      noticed: 'inotify',
    },
    HIGHEST_2,
    {
      type: 'event',
      elapsedMs: 1200,
      event: 'oom_kill',
      count: 1,
      increase: 1,
      localIncrease: 1,
      noticed: 'inotify',
    },
    {
      type: 'event',
      elapsedMs: 65_000,
      event: 'warning',
      message: 'BPF memory is not measured: no rights',
      hint: 'sudo',
    },
    sample(65_432, 'final', {
      current: 1 * MIB,
      workingset: 1 * MIB,
      kernel: 1 * MIB,
      stat: { anon: 0, file: 0 },
    }),
  ],
  summary: {
    type: 'summary',
    ...MADE,
    command: ['sh', '-c', 'echo "it\'s \u001b[31mred"'],
    mode: 'cgroup2',
    leaf: LEAF,
    durationMs: 65_432,
    exit: { status: 137, signal: 'SIGKILL', oomKilled: true },
    peak: { bytes: 112 * MIB, source: 'memory.peak' },
    highest: HIGHEST_2,
    averages: {
      current: 64 * MIB,
      anon: 32 * MIB,
      file: 20 * MIB,
      kernel: 12 * MIB,
      workingset: 44 * MIB,
      slab: 1 * MIB,
    },
    events: { low: 0, high: 0, max: 18, oom: 1, oom_kill: 1 },
    eventsLocal: { low: 0, high: 0, max: 18, oom: 1, oom_kill: 1 },
    stallUs: { some: 2_458_185, full: 672_685 },
    cpuUs: { user: 12_345_678, system: 987_654 },
    bpf: { last: bpf(1, 4 * MIB), heldPeak: bpf(2, 14 * MIB).held },
    processes: { max: 3 },
    nestedCgroups: { max: 1 },
    outlived: [
      { pid: 4300, comm: 'sleep' },
      { pid: 4301, comm: 'evil\u001b[2J' },
    ],
    samples: { count: 4, late: 2, missed: 5, longestGapMs: 64_431.75 },
    sources: {
      current: 'memory.current',
      workingset: 'memory.current - inactive_file',
      anon: 'memory.stat',
      file: 'memory.stat',
      kernel: 'memory.stat',
      shmem: 'memory.stat',
      swap: 'memory.swap.current',
      peak: 'memory.peak',
    },
    warnings: ['a sample could not be taken: memory.stat, line 3: malformed'],
  },
};

const HIGHEST_1 = sample(500, 'tick', {
  current: 61 * MIB,
  peak: 62 * MIB,
  workingset: 53 * MIB,
  kernel: 5 * MIB,
  swap: { current: 0 },
  stat: { anon: 43 * MIB, file: 12 * MIB, shmem: 4 * MIB, inactive_file: 8 * MIB },
  eventsLocal: { oom_kill: 0, failcnt: 0 },
  processes: 1,
  nestedCgroups: 0,
});

/** A target that exited by itself; BPF memory could not be read. */
export const cgroup1: Recording = {
  start: start('cgroup1', { leaf: '/sys/fs/cgroup/memory/cmemstat-4242-1000', command: ['make', '-j2'] }),
  records: [sample(0, 'launch', { current: 0, stat: { anon: 0, file: 0 } }), HIGHEST_1],
  summary: {
    type: 'summary',
    ...MADE,
    command: ['make', '-j2'],
    mode: 'cgroup1',
    leaf: '/sys/fs/cgroup/memory/cmemstat-4242-1000',
    durationMs: 870,
    exit: { status: 2, code: 2, oomKilled: false },
    peak: { bytes: 62 * MIB, source: 'memory.max_usage_in_bytes' },
    highest: HIGHEST_1,
    averages: { current: 30 * MIB, anon: 20 * MIB },
    eventsLocal: { oom_kill: 0, failcnt: 0 },
    bpf: { unavailable: 'reading BPF objects needs CAP_SYS_ADMIN', hint: 'sudo cmemstat' },
    processes: { max: 1 },
    nestedCgroups: { max: 0 },
    outlived: [],
    samples: { count: 2, late: 0, missed: 0, longestGapMs: 500 },
    sources: {
      current: 'memory.usage_in_bytes',
      workingset: 'memory.usage_in_bytes - total_inactive_file',
      anon: 'memory.stat total_rss',
      file: 'memory.stat total_cache',
      kernel: 'memory.kmem.usage_in_bytes',
      swap: 'memory.stat total_swap',
      peak: 'memory.max_usage_in_bytes',
    },
    warnings: [],
  },
};

const HIGHEST_TREE = sample(500, 'tick', {
  tree: { rss: 120 * MIB, pss: 70 * MIB, cpuPercent: 99.6 },
  processes: 4,
});

/** A target that cmemstat killed; there was no cgroup. */
export const processTree: Recording = {
  start: start('process-tree', { command: ['sleep', 'infinity'] }),
  records: [sample(0, 'launch', { tree: { rss: 0, cpuPercent: 0 }, processes: 1 }), HIGHEST_TREE],
  summary: {
    type: 'summary',
    ...MADE,
    command: ['sleep', 'infinity'],
    mode: 'process-tree',
    durationMs: 7_500_000,
    exit: { status: 137, signal: 'SIGKILL', killedByCmemstat: true },
    peak: { bytes: 120 * MIB, source: 'sampled' },
    highest: HIGHEST_TREE,
    averages: { rss: 100 * MIB, pss: 60 * MIB },
    processes: { max: 4 },
    outlived: [{ pid: 4300, comm: 'sleep' }],
    samples: { count: 2, late: 0, missed: 0, longestGapMs: 500 },
    sources: { rss: '/proc/<pid>/stat (pidusage)', pss: '/proc/<pid>/smaps_rollup', peak: 'sampled' },
    warnings: [],
  },
};
