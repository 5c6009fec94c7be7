/** Records of a small run, for tests of HTML reports. */
import type { LiveMap, RecordLine, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import { PageRunCollector } from '#src/report/html/data/page-run-collector.ts';
import type { PageInput, PageRun } from '#src/report/html/sections/page-input.ts';

/** The names that a run takes from outside. */
export interface OutsideNames {
  command: string;
  map: string;
  process: string;
  file: string;
  label: string;
}

export const PLAIN: OutsideNames = {
  command: 'agent',
  map: 'flows',
  process: 'worker',
  file: '/var/lib/data',
  label: 'run.jsonl',
};

const MIB = 1024 ** 2;

export function startRecord({ command }: OutsideNames): StartRecord {
  return {
    type: 'start',
    version: 2,
    cmemstat: '0.1.0',
    time: '2026-11-30T18:00:42.100Z',
    command: [command],
    pid: 100,
    mode: 'cgroup2',
    placement: { kind: 'top', reason: command },
    intervalMs: 100,
    bpfIntervalMs: 1000,
    host: {
      kernel: '6.12.9',
      arch: 'x64',
      cpus: 2,
      possibleCpus: 2,
      pageSizeBytes: 4096,
      memTotalBytes: 8 * 1024 * MIB,
    },
  };
}

export function sampleAt(elapsedMs: number, mib: number): Sample {
  return {
    type: 'sample',
    elapsedMs,
    reason: 'tick',
    current: (mib + 40) * MIB,
    workingset: (mib + 30) * MIB,
    kernel: 20 * MIB,
    stat: {
      anon: mib * MIB,
      file: 20 * MIB,
      shmem: 4 * MIB,
      inactive_file: 10 * MIB,
      slab: 6 * MIB,
      vmalloc: 9 * MIB,
      percpu: MIB,
      kernel_stack: MIB,
      pagetables: MIB,
      sock: 0,
    },
    swap: { current: 0 },
    pressure: {
      some: { avg10: 0, avg60: 0, avg300: 0, total: elapsedMs * 20 },
      full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
    },
    bpf: {
      attribution: 'memcg',
      charged: {
        maps: { count: 2, bytes: 8 * MIB },
        programs: { count: 1, bytes: 4096 },
        places: { vmalloc: 8 * MIB, slab: 0, percpu: 0, pages: 0 },
      },
    },
  };
}

function mapOf(id: number, name: string, bytes: number, comm: string): LiveMap {
  return {
    id,
    type: 'hash',
    name,
    key_size: 8,
    value_size: 64,
    max_entries: 1000,
    bytes,
    source: 'memlock',
    unchargedBytes: 0,
    elements: 250,
    map_flags: 0,
    holders: [{ pid: 100, comm }],
  };
}

/** 40 samples with a peak of 140 MiB at 2 s. */
export function recordsOf(names: OutsideNames): RecordLine[] {
  const { map, process, file } = names;
  const samples = Array.from({ length: 40 }, (_, index) =>
    sampleAt(index * 100, index === 20 ? 100 : 20 + index),
  );
  return [
    startRecord(names),
    ...samples.slice(0, 10),
    { type: 'maps', elapsedMs: 950, maps: [mapOf(1, map, 6 * MIB, process), mapOf(2, '', 2 * MIB, process)] },
    {
      type: 'processes',
      elapsedMs: 960,
      processes: [{ pid: 100, ppid: 1, comm: process, rss: 40 * MIB, pss: 30 * MIB, threads: 1 }],
      programs: [{ pid: 100, user: 'root', command: [process, file] }],
    },
    ...samples.slice(10),
    { type: 'event', elapsedMs: 2050, event: 'exec', count: 1, message: process },
    {
      type: 'explain',
      elapsedMs: 2000,
      moment: 'peak',
      method: 'pages',
      before: { stat: {} },
      after: { stat: {} },
      beside: [],
      missing: [],
      advice: [],
      tree: {
        kind: 'cgroup',
        name: 'run',
        bytes: 100 * MIB,
        reclaim: 'process',
        children: [
          { kind: 'process', name: process, bytes: 60 * MIB, reclaim: 'process', pid: 100 },
          { kind: 'file', name: 'data', path: file, bytes: 40 * MIB, reclaim: 'reclaimable' },
        ],
      },
    },
    summaryOf(names),
  ];
}

function summaryOf({ command }: OutsideNames): SummaryRecord {
  return {
    type: 'summary',
    version: 2,
    cmemstat: '0.1.0',
    time: '2026-11-30T18:00:42.100Z',
    command: [command],
    mode: 'cgroup2',
    durationMs: 4000,
    exit: { status: 0, code: 0 },
    peak: { bytes: 145 * MIB, source: 'memory.peak' },
    averages: { current: 80 * MIB },
    maxima: { current: 140 * MIB, anon: 100 * MIB },
    outlived: [],
    samples: { count: 40, late: 0, missed: 0, longestGapMs: 101 },
    sources: { current: 'memory.current' },
    warnings: [`warning of ${command}`],
  };
}

/** A run as a page has it. */
export function pageRun(
  names: OutsideNames = PLAIN,
  records: readonly RecordLine[] = recordsOf(names),
): PageRun {
  const [start] = records;
  if (start?.type !== 'start') throw new Error('no start record');
  const collector = new PageRunCollector(start);
  for (const record of records.slice(1)) collector.observe(record);
  return { model: collector.finish(names.label), start, summary: collector.summary };
}

/** A page of one run. */
export function pageInput(run: PageRun = pageRun()): PageInput {
  return {
    title: 'cmemstat report',
    subject: run.start.command.join(' '),
    runs: [run],
    trees: [],
    notes: [],
    recordings: [{ name: run.model.label, text: 'AAAA' }],
    threshold: 0.01,
  };
}
