/** A synthetic moment of a run for the lists: every kind of row, with hostile names. */

import type { ProcessProgram, ProcessRow } from '#src/model/recorded-processes.ts';
import type { EventRecord, LiveMap, SummaryRecord } from '#src/model/recording.ts';
import type { Mode, Sample } from '#src/model/sample.ts';
import { Series } from '#src/model/series.ts';
import type { Steps } from '#src/statistics/step-growth.ts';
import { initialUiState, type UiState, type View, type ViewData } from '#src/view/state/view.ts';
import { textOf, widthOf } from '#src/view/text/cells.ts';
import type { Line, Size } from '#src/view/text/line.ts';
import { HOST, MADE } from '../../output/records.ts';

const MIB = 1024 * 1024;

const SHAPE = {
  type: 'hash',
  key_size: 4,
  value_size: 8,
  max_entries: 1024,
  map_flags: 0,
  source: 'memlock' as const,
};

/** The maps of the scene. */
export const MAPS: readonly LiveMap[] = [
  {
    ...SHAPE,
    id: 7,
    name: 'flow_table',
    type: 'lru_hash',
    max_entries: 65_536,
    bytes: 8 * MIB,
    unchargedBytes: 0,
  },
  {
    ...SHAPE,
    id: 9,
    name: 'events',
    type: 'ringbuf',
    max_entries: 4 * MIB,
    bytes: 4 * MIB,
    unchargedBytes: 0,
  },
  {
    ...SHAPE,
    id: 12,
    name: 'percpu_counters',
    type: 'percpu_array',
    bytes: 2 * MIB,
    unchargedBytes: 1.5 * MIB,
  },
  { ...SHAPE, id: 15, name: '日本語マップ', bytes: 300_000, unchargedBytes: 0, elements: 1000 },
  { ...SHAPE, id: 21, name: 'red\u001b[31m\u202e', bytes: 90_000, unchargedBytes: 0, elements: 0 },
  { ...SHAPE, id: 22, name: '🚀 a\u0301', bytes: 90_000, unchargedBytes: 0, cgroup: 'workers/日本' },
  { ...SHAPE, id: 30, name: '', type: 'array', max_entries: 1, bytes: 4096, unchargedBytes: 0 },
].map(
  (map, index): LiveMap => ({
    ...map,
    ...(map.id === 7 ? { elements: 65_000, programs: [{ id: 90, name: 'count_flows' }] } : {}),
    ...(map.id === 9 ? { backlogBytes: 135_168 } : {}),
    ...(map.id === 12 ? { elsewhere: true as const } : {}),
    ...(map.id === 30 ? { anonymous: true, holders: [] } : { holders: holdersOf(index) }),
  }),
);

function holdersOf(index: number): { pid: number; comm: string }[] {
  const loader = { pid: 4713, comm: 'bpf-loader' };
  return index === 0 ? [loader, { pid: 4711, comm: 'node' }] : [loader];
}

const process = (
  pid: number,
  ppid: number,
  comm: string,
  mib: number,
  more: Partial<ProcessRow> = {},
): ProcessRow => ({
  pid,
  ppid,
  comm,
  rss: mib * MIB,
  threads: 1,
  ...more,
});

/** The processes of the scene. */
export const PROCESSES: readonly ProcessRow[] = [
  process(4711, 4700, 'node', 70, { pss: 60 * MIB, cpuPercent: 88.25, threads: 11, fds: 23 }),
  process(4712, 4711, 'worker-1', 24, { pss: 9 * MIB, cpuPercent: 0, fds: 8 }),
  process(4713, 4711, 'bpf-loader', 12, { fds: 40, cgroup: 'loaders' }),
  process(4714, 4712, '日本語ワーカー', 18, { cpuPercent: 103.5, threads: 4, cgroup: 'workers/日本' }),
  process(4715, 4712, 'bad\u001b]0;x\u0007', 3),
  process(4716, 4715, '🚀', 2),
  process(4800, 1, 'orphan', 1),
];

const EVENTS: readonly EventRecord[] = [
  { type: 'event', elapsedMs: 3400, event: 'exec', message: '4713 is now bpf-loader \u001b[2J' },
  {
    type: 'event',
    elapsedMs: 61_000,
    event: 'high',
    count: 5,
    increase: 5,
    localIncrease: 2,
    noticed: 'inotify',
  },
  { type: 'event', elapsedMs: 70_000, event: 'budget_exceeded', message: 'current.max <= 128MiB: 131 MiB' },
  { type: 'event', elapsedMs: 89_900, event: 'oom_kill', count: 1, increase: 1, noticed: 'inotify' },
  {
    type: 'event',
    elapsedMs: 90_000,
    event: 'warning',
    message: 'maps that others made before the run are held by it and are not charged to its leaf',
    hint: 'start it with nothing pinned',
  },
];

const SAMPLE: Sample = {
  type: 'sample',
  elapsedMs: 95_000,
  reason: 'tick',
  current: 200 * MIB,
  events: { low: 0, high: 5, max: 0, oom: 1, oom_kill: 1, oom_group_kill: 0 },
  pressure: {
    some: { avg10: 42.5, avg60: 8.25, avg300: 1.7, total: 12_345_678 },
    full: { avg10: 0, avg60: 0.25, avg300: 0.1, total: 540_000 },
  },
};

/** The result of a failed run. */
export const SUMMARY: SummaryRecord = {
  type: 'summary',
  ...MADE,
  command: ['node', 'agent.mjs'],
  mode: 'cgroup2',
  durationMs: 240_100,
  exit: { status: 137, signal: 'SIGKILL', oomKilled: true },
  peak: { bytes: 271 * MIB, source: 'memory.peak' },
  highest: { ...SAMPLE, current: 268 * MIB, elapsedMs: 132_000 },
  averages: { current: 190 * MIB },
  events: SAMPLE.events ?? {},
  bpf: {
    leftovers: [
      {
        ...SHAPE,
        id: 12,
        name: 'stuck\u001b[2J',
        bytes: 2 * MIB,
        unchargedBytes: 0,
        pinned: [],
        programs: [],
        links: [],
        holders: [],
      },
    ],
  },
  outlived: [{ pid: 4720, comm: 'daemon' }],
  samples: { count: 482, late: 3, missed: 1, longestGapMs: 1004 },
  sources: {},
  warnings: ['the leaf could not be removed'],
};

/** The differences from the scene. */
export interface SceneOverrides {
  data?: Partial<ViewData>;
  ui?: Partial<UiState>;
  view?: Partial<View>;
  mode?: Mode;
}

/** The scene as a view; any part of it can be replaced. */
export function sceneView({ data, ui, view, mode = 'cgroup2' }: SceneOverrides = {}): View {
  return {
    data: {
      start: {
        type: 'start',
        ...MADE,
        command: ['node', 'agent.mjs'],
        pid: 4711,
        mode,
        placement: { kind: 'own', reason: 'our own cgroup may have children' },
        intervalMs: 500,
        host: { ...HOST, possibleCpus: 2, memTotalBytes: 1e9 },
      },
      latest: SAMPLE,
      samples: 190,
      runningMs: 95_000,
      bpf: undefined,
      tracks: new Map(),
      maps: mapEntries(MAPS),
      processes: processEntries(PROCESSES),
      omittedProcesses: 0,
      events: EVENTS,
      eventCounts: new Map([
        ['exec', { count: 1, lastMs: 3400 }],
        ['high', { count: 5, lastMs: 61_000 }],
        ['budget_exceeded', { count: 1, lastMs: 70_000 }],
        ['oom_kill', { count: 1, lastMs: 89_900 }],
        ['warning', { count: 1, lastMs: 90_000 }],
      ]),
      series: new Series(['current']),
      summary: undefined,
      explained: undefined,
      explainedMs: [],
      ...data,
    },
    base: undefined,
    wasPaused: false,
    status: { state: 'running', elapsedMs: 95_000, intervalMs: 500, late: 0, missed: 0, absent: {} },
    output: { lines: [], dropped: 0 },
    ui: { ...initialUiState(), ...ui },
    unicode: true,
    ...view,
  };
}

/** A value that grows steadily until now, from `first`. */
function stepsTo(first: number, last: number, fromMs: number): Steps {
  const count = 40;
  const step = (at: number) => Math.round(first + ((last - first) * at) / count);
  return Float64Array.from(
    Array.from({ length: count + 1 }, (_, at) => [
      fromMs + ((95_000 - fromMs) * at) / count,
      step(at),
    ]).flat(),
  );
}

/** Maps with a history: they have grown by a quarter. */
export function mapEntries(maps: readonly LiveMap[]): ViewData['maps'] {
  return new Map(
    maps.map((row) => {
      const firstBytes = row.elements === undefined ? row.bytes : Math.round(row.bytes * 0.8);
      const steps = stepsTo(firstBytes, row.bytes, 2000);
      const entry = { row, firstBytes, peakBytes: row.bytes, steps, seenMs: 2000 };
      return [row.id, { ...entry, firstElements: row.elements === undefined ? undefined : 1 }];
    }),
  );
}

/** The programs of some of the processes: one is not readable, and names can contain anything. */
const PROGRAMS: readonly ProcessProgram[] = [
  { pid: 4711, user: 'root', command: ['/usr/bin/node', 'agent.mjs', '--name', 'two words'] },
  { pid: 4712, user: 'müller', command: ['/opt/x/worker', '\u001b[2J\u202e', 'x'.repeat(300)] },
  { pid: 4713, user: '65534', command: ['loader: title'] },
  { pid: 4714 },
];

/** Processes with a history: those with even pids have grown by half a MiB. */
export function processEntries(processes: readonly ProcessRow[]): ViewData['processes'] {
  return new Map(
    processes.map((row) => {
      const firstRss = row.rss - (row.pid % 2 === 0 ? MIB / 2 : 0);
      return [
        row.pid,
        {
          row,
          program: PROGRAMS.find(({ pid }) => pid === row.pid),
          firstRss,
          peakRss: row.rss,
          steps: stepsTo(firstRss, row.rss, 1000),
          seenMs: 1000,
        },
      ];
    }),
  );
}

/** Panels as text, each with its size above it and a mark at the end of each line. */
export function drawn(
  pictures: readonly (readonly [title: string, size: Size, lines: readonly Line[]])[],
): string {
  return pictures
    .map(([title, { width, height }, lines]) =>
      [`# ${title}, ${width}x${height}`, ...lines.map((line) => `${textOf(line)}|`), ''].join('\n'),
    )
    .join('\n');
}

/** The widths of lines, as the sum over their spans. */
export function widthsOf(lines: readonly Line[]): number[] {
  return lines.map((line) => line.reduce((sum, { text }) => sum + widthOf(text), 0));
}
