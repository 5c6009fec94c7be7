import { describe, expect, it } from 'vitest';
import type { RecordLine, StartRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { EXPLAIN_RECORD } from '../example-explanation.ts';
import { EXAMPLE_MS, exampleRecords } from '../example-view.ts';

function built(records: readonly RecordLine[]): ViewBuilder {
  const builder = new ViewBuilder();
  for (const record of records) builder.apply(record);
  return builder;
}

const sample = (elapsedMs: number, figures: Partial<Sample>): Sample => ({
  type: 'sample',
  elapsedMs,
  reason: 'tick',
  ...figures,
});

const totals = (bytes: number): NonNullable<Sample['bpf']> => ({
  attribution: 'memcg',
  charged: {
    maps: { count: 1, bytes },
    programs: { count: 1, bytes: 10 },
    places: { vmalloc: 0, slab: bytes, percpu: 0, pages: 0 },
  },
  uncharged: { maps: { count: 1, bytes: 7 } },
});

describe('the view builder', () => {
  it('shows the cgroup that was followed into, whose growth starts again', () => {
    const attached = { target: 'unit:a', cgroup: '/old', peakSince: 'creation' as const };
    const start = exampleRecords().find(({ type }) => type === 'start') as StartRecord;
    const builder = built([
      { ...start, attached, leaf: '/sys/fs/cgroup/old' },
      ...Array.from({ length: 20 }, (_, at) => sample(at * 1000, { current: at * 1e6 })),
      { type: 'event', elapsedMs: 19_500, event: 'waiting', cgroup: '/old' },
    ]);
    expect(builder.data.tracks.get('current')?.readings.count).toBe(0);
    const next = { ...attached, cgroup: '/new', followed: true as const };
    builder.apply({
      type: 'event',
      elapsedMs: 30_000,
      event: 'followed',
      from: '/old',
      cgroup: '/new',
      attached: next,
    });
    expect(builder.data.start).toMatchObject({ leaf: '/sys/fs/cgroup/new', attached: next });
    builder.apply(sample(30_500, { current: 5e6, stat: { anon: 1 } }));
    const copy = builder.snapshot().tracks.get('current');
    expect(copy).toMatchObject({ first: 5e6, now: 5e6, peak: 19e6 });
    expect(copy?.readings.count).toBe(1);
  });

  it('has the last explanation, and the times of the last 500', () => {
    const explained = (elapsedMs: number): RecordLine => ({ ...EXPLAIN_RECORD, elapsedMs });
    const builder = built(Array.from({ length: 501 }, (_, at) => explained(at)));
    const before = builder.snapshot();
    builder.apply(explained(900));
    expect(before.explained?.elapsedMs).toBe(500);
    expect(before.explainedMs).toHaveLength(500);
    expect(before.explainedMs.at(-1)).toBe(500);
    expect(builder.data.explained?.elapsedMs).toBe(900);
    expect([builder.data.explainedMs[0], builder.data.explainedMs.at(-1)]).toEqual([2, 900]);
  });

  it('has a track for every figure', () => {
    const { tracks } = built(exampleRecords()).data;
    const names = ['current', 'workingset', 'kernel', 'swap', 'anon', 'file', 'sock', 'slab', 'pgfault'];
    const computed = ['bpf', 'bpf-maps', 'bpf-programs', 'bpf-uncharged', 'unexplained'];
    const terms = ['bpf maps', 'bpf programs', 'slab', 'percpu', 'vmalloc', 'pagetables', 'unexplained'];
    expect([...tracks.keys()]).toEqual(
      expect.arrayContaining([...names, ...computed, ...terms.map((id) => `kernel:${id}`)]),
    );
    expect([...tracks.keys()].filter((name) => name.includes('(rest)'))).toEqual([]);
  });

  it('follows a figure through the run', () => {
    const values = [5, 9, 7];
    const { data } = built(values.map((current, at) => sample(at * 500, { current })));
    expect(data.tracks.get('current')).toMatchObject({ now: 7, first: 5, peak: 9, peakMs: 500 });
    expect(data.samples).toBe(3);
  });

  it("uses the kernel's own peak of current, which lies between two samples", () => {
    const { data } = built([sample(0, { current: 5, peak: 6 }), sample(500, { current: 4, peak: 20 })]);
    expect(data.tracks.get('current')).toMatchObject({ now: 4, peak: 20, peakMs: 500 });
  });

  it('keeps the values at the highest total', () => {
    const { tracks } = built([
      sample(0, { current: 5, kernel: 4 }),
      sample(500, { current: 9, kernel: 1 }),
      sample(1000, { current: 9, kernel: 2 }),
      sample(1500, { current: 1, kernel: 0 }),
    ]).data;
    expect(tracks.get('current')).toMatchObject({ now: 1, atHighest: 9 });
    expect(tracks.get('kernel')).toMatchObject({ now: 0, atHighest: 1, peak: 4 });
  });

  it('estimates growth while the target runs, independently of a copy', () => {
    const builder = new ViewBuilder();
    const growth = () => builder.data.tracks.get('current')?.readings.growth()?.slope;
    for (let ms = 0; ms <= 10_000; ms += 500) builder.apply(sample(ms, { current: ms }));
    expect(growth()).toBeCloseTo(60_000);
    const copy = builder.clone();
    builder.apply({ ...sample(10_100, { current: 0 }), reason: 'final' });
    expect(growth()).toBeCloseTo(60_000);
    expect(builder.data.runningMs).toBe(10_000);
    for (let ms = 10_500; ms <= 40_000; ms += 500) copy.apply(sample(ms, { current: 10_000 }));
    expect(copy.data.tracks.get('current')?.readings.growth()).toEqual({ slope: 0, certain: 0 });
    expect(growth()).toBeCloseTo(60_000);
  });

  it('keeps BPF memory between its readings', () => {
    const { data } = built([
      sample(0, { kernel: 100, bpf: totals(20) }),
      sample(500, { kernel: 110, bpf: totals(35) }),
      sample(1000, { kernel: 120 }),
    ]);
    expect(data.tracks.get('bpf-maps')).toMatchObject({ now: 35, first: 20 });
    expect(data.tracks.get('bpf')).toMatchObject({ now: 45 });
    expect(data.tracks.get('bpf-uncharged')).toMatchObject({ now: 7 });
    expect(data.tracks.get('unexplained')).toMatchObject({ now: 120 - 45 });
    expect(data.bpf).toMatchObject({ totals: totals(35), elapsedMs: 500 });
    expect(data.series.columns('bpf', 0, 1000, 2).map((column) => column?.last)).toEqual([30, 45]);
  });

  it('does not compare kernel memory with an earlier reading of BPF memory if it has changed since', () => {
    const { tracks } = built([
      sample(0, { kernel: 100, bpf: totals(20) }),
      sample(500, { kernel: 9_000_000 }),
    ]).data;
    expect(tracks.get('unexplained')).toMatchObject({ now: 100 - 30 });
    expect(tracks.get('kernel')).toMatchObject({ now: 9_000_000 });
  });

  it('omits unexplained memory if BPF memory may be in it', () => {
    const held: Sample['bpf'] = { attribution: 'held' };
    const { tracks } = built([sample(0, { kernel: 100, bpf: held })]).data;
    expect(tracks.has('unexplained')).toBe(false);
    expect(tracks.has('bpf')).toBe(false);
    expect(tracks.get('kernel:unexplained')).toMatchObject({ now: 100 });
  });

  it('keeps one track of a part when its BPF memory becomes known', () => {
    const stat = { slab: 50 };
    const { tracks } = built([
      sample(0, { kernel: 100, stat }),
      sample(500, { kernel: 100, stat, bpf: totals(20) }),
    ]).data;
    expect(tracks.get('kernel:slab')).toMatchObject({ first: 50, now: 30 });
  });

  it('keeps absent figures absent', () => {
    const { tracks } = built([sample(0, { current: 5 })]).data;
    expect([...tracks.keys()]).toEqual(['current']);
  });

  it('applies changes of maps and processes', () => {
    const { data } = built(exampleRecords());
    expect(data.maps.size).toBe(23);
    const grown = data.maps.get(100);
    expect(grown?.firstElements).toBe(6);
    expect(grown?.row.elements).toBe(720);
    expect(grown?.peakBytes).toBe(grown?.row.bytes);
    expect(grown?.firstBytes).toBeLessThan(grown?.row.bytes ?? 0);
    expect(grown?.seenMs).toBe(2000);
    expect(data.processes.has(4715)).toBe(false);
    expect(data.processes.get(4711)).toMatchObject({ seenMs: 0, row: { comm: 'node' } });
  });

  it('counts processes that are not listed', () => {
    const row = { pid: 1, ppid: 0, comm: 'a', rss: 10, threads: 1 };
    const builder = built([{ type: 'processes', elapsedMs: 0, processes: [row], omitted: 12 }]);
    expect(builder.data.omittedProcesses).toBe(12);
    builder.apply({ type: 'processes', elapsedMs: 1, processes: [{ ...row, rss: 5 }], gone: [2] });
    expect(builder.data.omittedProcesses).toBe(0);
    expect(builder.data.processes.get(1)).toEqual({
      row: { ...row, rss: 5 },
      program: undefined,
      firstRss: 10,
      peakRss: 10,
      steps: Float64Array.of(0, 10, 1, 5),
      seenMs: 0,
    });
  });

  it('keeps the program of a process until it executes another one', () => {
    const row = { pid: 1, ppid: 0, comm: 'a', rss: 10, threads: 1 };
    const program = { pid: 1, user: 'root', command: ['sh', '-c', 'x'] };
    const builder = built([{ type: 'processes', elapsedMs: 0, processes: [row], programs: [program] }]);
    builder.apply({ type: 'processes', elapsedMs: 1, processes: [{ ...row, rss: 5 }] });
    expect(builder.data.processes.get(1)).toMatchObject({ row: { rss: 5 }, program });
    const next = { pid: 1, command: ['x'] };
    builder.apply({ type: 'processes', elapsedMs: 2, processes: [], programs: [next, { pid: 2 }] });
    expect(builder.data.processes.get(1)?.program).toEqual(next);
    expect(builder.data.processes.size).toBe(1);
  });

  it('keeps the last 500 events and counts all', () => {
    const builder = new ViewBuilder();
    for (let ms = 0; ms < 700; ms += 1) builder.apply({ type: 'event', elapsedMs: ms, event: 'exec' });
    builder.apply({ type: 'event', elapsedMs: 700, event: 'high', count: 14, increase: 9 });
    expect(builder.data.events).toHaveLength(500);
    expect(builder.data.events[0]?.elapsedMs).toBe(201);
    expect(builder.data.eventCounts.get('exec')).toEqual({ count: 700, lastMs: 699 });
    expect(builder.data.eventCounts.get('high')).toEqual({ count: 14, lastMs: 700 });
  });

  it('keeps severe events among any number of others, in order', () => {
    const builder = new ViewBuilder();
    builder.apply({ type: 'event', elapsedMs: 1, event: 'warning', message: 'BPF memory is not measured' });
    builder.apply({ type: 'event', elapsedMs: 2, event: 'oom_kill', count: 1, increase: 1 });
    for (let ms = 3; ms < 1200; ms += 1) builder.apply({ type: 'event', elapsedMs: ms, event: 'high' });
    for (let ms = 1200; ms < 2000; ms += 1) builder.apply({ type: 'event', elapsedMs: ms, event: 'oom' });
    const { events } = builder.snapshot();
    expect(events.slice(0, 3).map(({ elapsedMs }) => elapsedMs)).toEqual([1, 2, 700]);
    const ooms = events.filter(({ event }) => event === 'oom').map(({ elapsedMs }) => elapsedMs);
    expect(ooms).toHaveLength(200);
    expect([ooms[0], ooms[99], ooms[100], ooms[199]]).toEqual([1200, 1299, 1900, 1999]);
    expect(events.map(({ elapsedMs }) => elapsedMs).toSorted((a, b) => a - b)).toEqual(
      events.map(({ elapsedMs }) => elapsedMs),
    );
  });

  it('has the sums of the tree without a memory cgroup', () => {
    const { series, tracks } = built(exampleRecords({ mode: 'process-tree', untilMs: 5000 })).data;
    expect(series.peak('rss')?.value).toBe(tracks.get('rss')?.peak);
    expect(series.peak('current')).toBeUndefined();
  });

  it('keeps peaks after the end, while now is the last sample', () => {
    const { data } = built(exampleRecords({ ended: true }));
    expect(data.latest?.reason).toBe('final');
    expect(data.tracks.get('current')?.now).toBe(data.latest?.current);
    expect(data.tracks.get('current')?.peak).toBeGreaterThan(300 * 1024 * 1024);
    expect(data.summary?.exit.oomKilled).toBe(true);
  });

  it('returns snapshots that do not change', () => {
    const all = exampleRecords({ ended: true });
    const half = all.findIndex((record) => record.type === 'sample' && record.elapsedMs >= EXAMPLE_MS / 2);
    const builder = built(all.slice(0, half));
    const snapshot = builder.snapshot();
    const before = structuredClone({ ...snapshot, series: snapshot.series.columns('anon', 0, 200_000, 50) });
    for (const record of all.slice(half)) builder.apply(record);
    expect({ ...snapshot, series: snapshot.series.columns('anon', 0, 200_000, 50) }).toEqual(before);
    expect(builder.data.samples).toBeGreaterThan(snapshot.samples);
  });

  it('continues from a copy like from the original', () => {
    const all = exampleRecords({ ended: true });
    const half = Math.floor(all.length / 2);
    const original = built(all.slice(0, half));
    const copy = original.clone();
    for (const builder of [original, copy]) for (const record of all.slice(half)) builder.apply(record);
    const shown = ({ data }: ViewBuilder) => ({
      ...data,
      series: data.series.channels.map((channel) => data.series.columns(channel, 0, EXAMPLE_MS, 80)),
    });
    expect(shown(copy)).toEqual(shown(original));
    expect(shown(copy)).toEqual(shown(built(all)));
  });
});
