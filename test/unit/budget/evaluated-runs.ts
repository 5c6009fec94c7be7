/** Synthetic runs for evaluation. */

import type { BudgetEvaluator } from '#src/budget/evaluation/evaluator.ts';
import type { NamedBudget } from '#src/budget/expression/budget.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import type { BpfTotals } from '#src/model/bpf-totals.ts';
import type { ProcessesRecord } from '#src/model/recorded-processes.ts';
import type { LiveMap, MapsRecord, RecordLine, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Mode, Sample, SampleReason } from '#src/model/sample.ts';
import { HOST, MADE } from '../output/records.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

export const startOf = (mode: Mode = 'cgroup2', more: Partial<StartRecord> = {}): StartRecord => ({
  type: 'start',
  ...MADE,
  command: ['make'],
  pid: 42,
  mode,
  placement: { kind: 'top', reason: 'the top takes new cgroups' },
  intervalMs: 500,
  bpfIntervalMs: 1000,
  host: { ...HOST, possibleCpus: 2 },
  ...more,
});

export const summaryOf = (mode: Mode = 'cgroup2', more: Partial<SummaryRecord> = {}): SummaryRecord => ({
  type: 'summary',
  ...MADE,
  command: ['make'],
  mode,
  durationMs: 2000,
  exit: { status: 0, code: 0 },
  averages: {},
  outlived: [],
  samples: { count: 4, late: 0, missed: 0, longestGapMs: 500 },
  sources: {},
  warnings: [],
  ...more,
});

export const sampleAt = (elapsedMs: number, reason: SampleReason, figures: Partial<Sample> = {}): Sample => ({
  type: 'sample',
  elapsedMs,
  reason,
  ...figures,
});

/** One sample at the launch, one every 500 ms, one after the end. */
export function samplesOf(figures: readonly Partial<Sample>[]): Sample[] {
  const reasonAt = (at: number): SampleReason =>
    at === 0 ? 'launch' : at === figures.length - 1 ? 'final' : 'tick';
  return figures.map((each, at) => sampleAt(at * 500, reasonAt(at), each));
}

/** Only `anon`. Unit: MiB. */
export const anonSamples = (...mib: number[]): Sample[] =>
  samplesOf(mib.map((each) => ({ stat: { anon: each * MIB } })));

export const bpfOf = (mapBytes: number, programBytes = 0): BpfTotals => ({
  attribution: 'memcg',
  charged: {
    maps: { count: mapBytes > 0 ? 1 : 0, bytes: mapBytes },
    programs: { count: 1, bytes: programBytes },
    places: { vmalloc: mapBytes, slab: 0, percpu: 0, pages: 0 },
  },
  uncharged: { maps: { count: 0, bytes: 0 } },
});

export const mapOf = (id: number, name: string, bytes: number, more: Partial<LiveMap> = {}): LiveMap => ({
  id,
  type: 'hash',
  name,
  key_size: 4,
  value_size: 8,
  max_entries: 10,
  bytes,
  source: 'memlock',
  unchargedBytes: 0,
  map_flags: 0,
  ...more,
});

export const mapsAt = (elapsedMs: number, maps: LiveMap[], gone?: number[]): MapsRecord => ({
  type: 'maps',
  elapsedMs,
  maps,
  ...(gone === undefined ? {} : { gone }),
});

/** `[pid, comm, rss in MiB]` */
export const processesAt = (
  elapsedMs: number,
  rows: [number, string, number][],
  gone?: number[],
): ProcessesRecord => ({
  type: 'processes',
  elapsedMs,
  processes: rows.map(([pid, comm, mib]) => ({ pid, ppid: 1, comm, rss: mib * MIB, threads: 1 })),
  ...(gone === undefined ? {} : { gone }),
});

export const named = (expression: string, more: Partial<NamedBudget> = {}): NamedBudget => ({
  budget: parseBudget(expression),
  optional: false,
  ...more,
});

export function feed(evaluator: BudgetEvaluator, records: readonly RecordLine[]): BudgetEvaluator {
  for (const record of records) evaluator.observe(record);
  return evaluator;
}
