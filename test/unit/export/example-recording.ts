/** A recording with every kind of record: two runs, hostile names, and figures that are absent at times. */

import type { Chunk, Exporter, Scratch } from '#src/export/export-format.ts';
import { type ExportedRun, Runs } from '#src/export/run-context.ts';
import { NameHider } from '#src/export/without-names.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import type { LiveMap, RecordLine } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import { HOST } from '../output/records.ts';

/** What a spreadsheet would execute, what ends a cell, a label or a line, and what a terminal interprets. */
export const HOSTILE = [
  '=cmd|"/c calc"!A1',
  'a,b "c" \\',
  'tab\there\nline\u001b[31m',
  '+1',
  '@x',
  '-2+3',
  'ü\u202e\u{1f600}\ud800',
] as const;

const MIB = 1024 * 1024;

/** Samples of a kernel with all files of cgroup v2; pressure and BPF memory are absent in some. */
const samples: Sample[] = [0, 1, 2, 3, 4].map((index) => ({
  type: 'sample',
  elapsedMs: index === 0 ? 0.25 : index * 500 + 1.125,
  reason: index === 0 ? 'launch' : 'tick',
  current: 10 * MIB + index,
  peak: 11 * MIB + index,
  workingset: 9 * MIB,
  kernel: MIB + index * 4096,
  swap: { current: index, peak: index + 1 },
  zswap: { current: 7 },
  limits: { max: 64 * MIB, high: 'max', pidsMax: 'max' },
  stat: {
    anon: 8 * MIB - index,
    file: MIB,
    kernel: MIB + index * 4096,
    pgfault: 1000 + index,
    thp_fault_alloc: 0,
  },
  events: { low: 0, max: index, oom_kill: 0 },
  eventsLocal: { max: index },
  ...(index === 1
    ? {}
    : {
        pressure: {
          some: { avg10: 0.12, avg60: 1.07, avg300: 33.33, total: 1_234_567 + index },
          full: { avg10: 0, avg60: 0.01, avg300: 0, total: 9 },
        },
      }),
  processes: 1 + index,
  nestedCgroups: 0,
  ...(index < 2
    ? {}
    : {
        bpf: {
          attribution: 'memcg',
          charged: {
            maps: { count: 2, bytes: 2 * MIB + index, atLeast: true as const },
            programs: { count: 1, bytes: 4096 },
            places: { vmalloc: MIB, slab: 1, percpu: 2, pages: 3 },
          },
          uncharged: { maps: { count: 1, bytes: 512 } },
          orphaned: { maps: { count: 1, bytes: 888_888 } },
        },
        maxima: {
          readings: 40,
          bpfReadings: 2,
          longestGapMs: 12.625,
          bytes: { current: 20 * MIB, 'bpf.maps': 3 * MIB },
        },
      }),
}));

const map = (id: number, name: string, bytes: number, more: Partial<LiveMap> = {}): LiveMap => ({
  id,
  type: 'hash',
  name,
  key_size: 4,
  value_size: 8,
  max_entries: 1000,
  bytes,
  source: 'memlock',
  unchargedBytes: 0,
  map_flags: 0,
  ...more,
});

const node = (name: string, bytes: number, more: Partial<MemoryNode> = {}): MemoryNode => ({
  kind: 'file',
  name,
  path: `/${name}`,
  bytes,
  reclaim: 'reclaimable',
  ...more,
});

const run = (time: string, command: string[]): RecordLine[] => [
  {
    type: 'start',
    version: 2,
    cmemstat: '0.1.0',
    time,
    command,
    pid: 100,
    mode: 'cgroup2',
    placement: { kind: 'top', reason: 'x' },
    intervalMs: 500,
    host: HOST,
  },
  ...samples.slice(0, 3),
  {
    type: 'maps',
    elapsedMs: 1002.5,
    maps: [
      ...HOSTILE.map((name, index) => map(10 + index, name, 4096 * (index + 1), { elements: index })),
      map(5, '', MIB, {
        type: 'ringbuf',
        backlogBytes: 64,
        orphaned: true,
        holders: [{ pid: 100, comm: HOSTILE[1] }],
      }),
    ],
  },
  {
    type: 'processes',
    elapsedMs: 1003,
    processes: [
      { pid: 100, ppid: 1, comm: HOSTILE[0], rss: 5 * MIB, threads: 3 },
      { pid: 101, ppid: 100, comm: 'kidling', rss: MIB, pss: 700_000, cpuPercent: 12.34, threads: 1, fds: 9 },
    ],
    programs: [{ pid: 101, user: 'root', command: ['kidling', HOSTILE[2]] }],
  },
  { type: 'event', elapsedMs: 1200.5, event: 'max', count: 3, increase: 2, noticed: 'inotify' },
  { type: 'event', elapsedMs: 1201, event: 'warning', message: HOSTILE[1], hint: HOSTILE[2] },
  ...samples.slice(3),
  { type: 'maps', elapsedMs: 2002, maps: [map(10, HOSTILE[0], 8192)], gone: [11] },
  { type: 'processes', elapsedMs: 2003, processes: [], gone: [101] },
  {
    type: 'explain',
    elapsedMs: 2100,
    moment: 'peak',
    method: 'pages',
    before: { stat: {} },
    after: { stat: {} },
    tree: node('cgroup', 300, {
      kind: 'cgroup',
      children: [node(HOSTILE[0], 200, { dirtyBytes: 100, count: 2 }), node(HOSTILE[1], 100, { pid: 100 })],
    }),
    beside: [node('/proc/x', 50)],
    missing: [],
    advice: [],
  },
  {
    type: 'summary',
    version: 2,
    cmemstat: '0.1.0',
    time,
    command,
    mode: 'cgroup2',
    durationMs: 2200.5,
    exit: { status: 0, code: 0 },
    peak: { bytes: 12 * MIB, source: 'memory.peak' },
    averages: {},
    outlived: [],
    samples: { count: 5, late: 0, missed: 0, longestGapMs: 500 },
    sources: {},
    warnings: [],
  },
];

/** The second run begins earlier than the first one. */
export const EXAMPLE: readonly RecordLine[] = [
  ...run('2026-01-02T03:04:05.678Z', ['sh', '-c', HOSTILE[1]]),
  ...run('2026-01-02T03:00:00.001Z', ['zebra']),
];

/** Memory in place of a file. */
export class MemoryScratch implements Scratch {
  #bytes = Buffer.alloc(0);

  append(bytes: Uint8Array): number {
    const offset = this.#bytes.length;
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    return offset;
  }

  read(into: Uint8Array, offset: number): void {
    this.#bytes.copy(into, 0, offset, offset + into.length);
  }
}

/** The whole document. */
export function convert(exporter: Exporter, records: readonly RecordLine[], names = true): Buffer {
  const hider = new NameHider();
  const shown = names ? records : records.map((record) => hider.hide(record));
  for (const record of shown) if (record.type !== 'start') exporter.survey?.(record);
  const chunks: Chunk[] = [exporter.head?.() ?? ''];
  const runs = new Runs();
  let current: ExportedRun | undefined;
  for (const record of shown) {
    if (record.type === 'start') {
      current = runs.begin(record);
      chunks.push(exporter.begin?.(current) ?? '');
    } else if (current !== undefined) chunks.push(exporter.convert(record, current));
  }
  chunks.push(...(exporter.end?.() ?? []));
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string)));
}

/** Records with the run that they belong to. */
export function* recordsOfRuns(
  records: readonly RecordLine[],
): Generator<{ record: Exclude<RecordLine, { type: 'start' }>; run: ExportedRun }> {
  const runs = new Runs();
  let run: ExportedRun | undefined;
  for (const record of records) {
    if (record.type === 'start') run = runs.begin(record);
    else if (run !== undefined) yield { record, run };
  }
}

/** What the document has to say of a sample, by field: taken from the recording by hand. */
export function expectedFields(sample: Sample): Map<string, number | 'max'> {
  const counted = /^(pgfault|pgmajfault|thp_fault_alloc|total_pgpg(in|out)|workingset_refault_(anon|file))$/;
  const { bpf, maxima, pressure, limits } = sample;
  const fields: [string, number | 'max' | undefined][] = [
    ['current_bytes', sample.current],
    ['workingset_bytes', sample.workingset],
    ['kernel_bytes', sample.kernel],
    ['swap_bytes', sample.swap?.current],
    ['swap_peak_bytes', sample.swap?.peak],
    ['zswap_bytes', sample.zswap?.current],
    ['peak_bytes', sample.peak],
    ['limit_max_bytes', limits?.max],
    ['limit_high_bytes', limits?.high],
    ['limit_memsw_bytes', limits?.['memsw.limit_in_bytes']],
    ['processes_limit', limits?.pidsMax],
    ['processes', sample.processes],
    ['nested_cgroups', sample.nestedCgroups],
    ['rss_bytes', sample.tree?.rss],
    ['pss_bytes', sample.tree?.pss],
    ['readings', maxima?.readings],
    ['bpf_readings', maxima?.bpfReadings],
    ...Object.entries(sample.stat ?? {}).map(([key, value]): [string, number] => [
      counted.test(key) ? `${key}_total` : `${key}_bytes`,
      value,
    ]),
    ...Object.entries(sample.events ?? {}).map(([key, value]): [string, number] => [
      `events_${key}_total`,
      value,
    ]),
    ...Object.entries(sample.eventsLocal ?? {}).map(([key, value]): [string, number] => [
      `events_local_${key}_total`,
      value,
    ]),
    ...Object.entries(maxima?.bytes ?? {}).map(([key, value]): [string, number] => [
      `${key.replace('.', '_')}_interval_max_bytes`,
      value,
    ]),
    ['bpf_charged_maps_bytes', bpf?.charged?.maps.bytes],
    ['bpf_charged_maps_count', bpf?.charged?.maps.count],
    ['bpf_charged_programs_bytes', bpf?.charged?.programs.bytes],
    ['bpf_uncharged_maps_bytes', bpf?.uncharged?.maps.bytes],
    ['bpf_host_maps_memlock_bytes', bpf?.host?.maps.memlock],
  ];
  const all = new Map(fields.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])));
  // In other units: thousandths of the recorded number would not be exact.
  if (pressure?.some !== undefined) {
    all.set('stall_some_seconds_total', pressure.some.total / 1e6);
    all.set('stall_some_avg60_ratio', Number(`${pressure.some.avg60}e-2`));
  }
  if (maxima !== undefined) all.set('reading_gap_seconds', maxima.longestGapMs / 1000);
  return all;
}
