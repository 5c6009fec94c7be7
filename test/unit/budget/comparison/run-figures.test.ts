import { describe, expect, it } from 'vitest';
import { figuresOfSummary, RunCollector } from '#src/budget/comparison/run-figures.ts';
import type { RunMap, SummaryRecord } from '#src/model/recording.ts';
import { cgroup1, cgroup2, processTree } from '../../output/records.ts';
import { bpfOf, mapOf, mapsAt } from '../evaluated-runs.ts';
import { figuresOfRecords, MIB } from '../runs.ts';

const runMap = (name: string, bytes: number): RunMap => mapOf(1, name, bytes);
const summaryOf = (more: Partial<SummaryRecord>): SummaryRecord => ({ ...cgroup2.summary, ...more });

describe('the figures of a summary', () => {
  it('are maxima, the peak, OOM kills and averages', () => {
    const run = figuresOfSummary(
      summaryOf({ maxima: { anon: 50 * MIB, unexplained: -4096 } }),
      cgroup2.start.host,
    );
    expect(run.metrics).toEqual({
      anon: 50 * MIB,
      unexplained: -4096,
      peak: 112 * MIB,
      oom_kill: 1,
      'current.avg': 64 * MIB,
      'anon.avg': 32 * MIB,
      'file.avg': 20 * MIB,
      'kernel.avg': 12 * MIB,
      'workingset.avg': 44 * MIB,
      'slab.avg': 1 * MIB,
    });
    expect(run).toMatchObject({ mode: 'cgroup2', status: 137, command: cgroup2.start.command });
    expect(run.host).toEqual({
      kernel: '6.12.0',
      arch: 'x64',
      cpus: 2,
      possibleCpus: 4,
      pageSizeBytes: 4096,
    });
    expect(run.breakdown?.elapsedMs).toBe(1000.25);
    expect(run.breakdown?.lines).toContainEqual({ id: 'anon', bytes: 48 * MIB });
  });

  it('have the sum of maps of equal name', () => {
    const bpf = { maps: [runMap('conns', 100), runMap('stats', 7), runMap('conns', 20)] };
    expect(figuresOfSummary(summaryOf({ bpf })).maps).toEqual({ conns: 120, stats: 7 });
  });

  it('have all maps, including those that the summary does not list', () => {
    const bpf = { maps: [runMap('conns', 100)], mapBytes: { conns: 120, stats: 7 } };
    expect(figuresOfSummary(summaryOf({ bpf })).maps).toEqual({ conns: 120, stats: 7 });
  });

  it('have no maps if that is known, and are undefined otherwise', () => {
    expect(figuresOfSummary(summaryOf({ bpf: { largest: bpfOf(0) } })).maps).toEqual({});
    expect(figuresOfSummary(summaryOf({ bpf: { unavailable: 'no rights' } }))).not.toHaveProperty('maps');
    expect(figuresOfSummary(cgroup2.summary)).not.toHaveProperty('host');
  });

  it('omit values that are not numbers', () => {
    const edited = { anon: 'much' } as unknown as Record<string, number>;
    expect(figuresOfSummary(summaryOf({ maxima: edited })).metrics).not.toHaveProperty('anon');
  });
});

describe('the figures of a recording', () => {
  it('are those of its summary', () => {
    const { start, records, summary } = cgroup1;
    const withMaxima = { ...summary, maxima: { anon: 44 * MIB } };
    const run = figuresOfRecords([start, ...records, withMaxima]);
    expect(run).toEqual(figuresOfSummary(withMaxima, start.host));
  });

  it('come from the samples if the summary has no maxima', () => {
    const { start, records, summary } = cgroup1;
    const run = figuresOfRecords([start, ...records, summary]);
    expect(run?.metrics).toMatchObject({ anon: 43 * MIB, current: 61 * MIB, peak: 62 * MIB, processes: 1 });
  });

  it('come from the samples if the recording is truncated', () => {
    const run = figuresOfRecords([processTree.start, ...processTree.records]);
    expect(run?.metrics).toMatchObject({ rss: 120 * MIB, pss: 70 * MIB, peak: 120 * MIB, processes: 4 });
    expect(run).not.toHaveProperty('status');
    expect(run?.breakdown?.lines).toEqual([
      { id: 'rss', bytes: 120 * MIB },
      { id: 'pss', bytes: 70 * MIB },
    ]);
  });

  it('of a truncated recording have the maps of the largest reading, without those of others', () => {
    const run = figuresOfRecords([
      cgroup2.start,
      mapsAt(0, [
        mapOf(1, 'conns', 100),
        mapOf(2, 'stats', 50),
        mapOf(9, 'others', 999, { elsewhere: true }),
      ]),
      mapsAt(1, [mapOf(1, 'conns', 400), mapOf(3, 'conns', 30)]),
      mapsAt(2, [mapOf(4, 'late', 10)], [1, 3]),
    ]);
    expect(run?.maps).toEqual({ conns: 430, stats: 50 });
  });

  it('are undefined without a start and a summary', () => {
    expect(figuresOfRecords([])).toBeUndefined();
    expect(figuresOfRecords(cgroup2.records)).toBeUndefined();
  });
});

it('RunCollector accepts complete and truncated runs in sequence', () => {
  const collector = new RunCollector();
  const { start, records, summary } = cgroup2;
  for (const record of [
    start,
    ...records,
    start,
    ...records,
    summary,
    processTree.start,
    processTree.summary,
  ]) {
    collector.add(record);
  }
  const runs = collector.finish();
  expect(runs.map(({ mode, status }) => [mode, status])).toEqual([
    ['cgroup2', undefined],
    ['cgroup2', 137],
    ['process-tree', 137],
  ]);
  expect(collector.finish()).toEqual(runs);
});
