/** OpenMetrics: the order that the specification demands, and names by its conventions. */
import { describe, expect, it } from 'vitest';
import { FAMILIES, openMetricsName } from '#src/export/metric-names.ts';
import { OpenMetricsText } from '#src/export/open-metrics.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { golden } from '../../paths.ts';
import { convert, EXAMPLE, MemoryScratch } from './example-recording.ts';

const render = (records: readonly RecordLine[], names = true, segmentPoints?: number) =>
  convert(new OpenMetricsText(new MemoryScratch(), segmentPoints), records, names).toString();

const seriesOf = (line: string) => line.replace(/\} .*/, '}');

describe('a document', () => {
  it('looks as in the golden file', async () => {
    await expect(render(EXAMPLE)).toMatchFileSnapshot(golden('export/openmetrics.txt'));
  });

  it('is the same if the points do not fit into memory', () => {
    for (const segmentPoints of [1, 2, 7, 64])
      expect(render(EXAMPLE, true, segmentPoints)).toBe(render(EXAMPLE));
  });

  it('lists each series once, with ascending times', () => {
    const lines = render(EXAMPLE).split('\n');
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
    const seen = new Set<string>();
    let last = '';
    for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
      const series = seriesOf(line);
      if (series !== last) expect(seen.has(series), series).toBe(false);
      seen.add(series);
      last = series;
    }
    expect(seen.size).toBeGreaterThan(100);
  });

  it('has no point for what is absent, and +Inf for no limit', () => {
    const text = render(EXAMPLE);
    const count = (start: string) => text.split('\n').filter((line) => line.startsWith(start)).length;
    const run = 'run="2026-01-02T03:04:05.678Z"';
    expect(count(`cmemstat_memory_bytes{${run},kind="current"}`)).toBe(5);
    expect(count(`cmemstat_memory_stall_seconds_total{${run},kind="some"}`)).toBe(4);
    expect(count(`cmemstat_bpf_bytes{${run},scope="charged",objects="maps"}`)).toBe(3);
    expect(text).toContain(`cmemstat_memory_limit_bytes{${run},kind="high"} +Inf `);
    expect(text).not.toContain('NaN');
  });

  it('repeats a map that does not change, for Prometheus, and none that is gone', () => {
    const [start, ...rest] = EXAMPLE;
    const sample = rest.find((record) => record.type === 'sample' && record.bpf !== undefined);
    const maps = rest.find(({ type }) => type === 'maps');
    if (start === undefined || sample?.type !== 'sample' || maps?.type !== 'maps')
      throw new Error('incomplete example');
    const records: RecordLine[] = [start, { ...maps, elapsedMs: 1000 }];
    for (let second = 1; second <= 200; second += 1)
      records.push({ ...sample, elapsedMs: second * 1000 + 1 });
    records.push({ type: 'maps', elapsedMs: 150_000, maps: [], gone: [10] });
    records.sort(
      (a, b) =>
        Number(a.type !== 'start' && 'elapsedMs' in a ? a.elapsedMs : -1) -
        Number('elapsedMs' in b ? b.elapsedMs : -1),
    );
    const times = (id: number) =>
      render(records)
        .split('\n')
        .filter((line) => line.startsWith('cmemstat_bpf_map_bytes{') && line.includes(`map_id="${id}"`))
        .map((line) =>
          Math.round(Number(line.split(' ').at(-1)) - Date.parse('2026-01-02T03:04:05.678Z') / 1000),
        );
    expect(times(11)).toEqual([1, 61, 121, 181]);
    expect(times(10)).toEqual([1, 61, 121]);
  });

  it('repeats a process that does not change, for which there is no record', () => {
    const [start] = EXAMPLE;
    const sample = EXAMPLE.find(({ type }) => type === 'sample');
    const processes = EXAMPLE.find(({ type }) => type === 'processes');
    if (start === undefined || sample?.type !== 'sample' || processes?.type !== 'processes')
      throw new Error('incomplete example');
    const records: RecordLine[] = [start, { ...processes, elapsedMs: 1000 }];
    for (let second = 2; second <= 200; second += 1) records.push({ ...sample, elapsedMs: second * 1000 });
    const points = render(records)
      .split('\n')
      .filter((line) => line.startsWith('cmemstat_process_threads{') && line.includes('pid="101"'));
    expect(points).toHaveLength(4);
  });

  it('keeps the last count of a millisecond', () => {
    const [start] = EXAMPLE;
    if (start === undefined) throw new Error('incomplete example');
    const kills = [10.1, 10.2, 10.3].map(
      (elapsedMs): RecordLine => ({ type: 'event', elapsedMs, event: 'oom_kill' }),
    );
    const counts = render([start, ...kills]).match(/recorded_events_total\{.*\} \d+ /g);
    expect(counts).toEqual([expect.stringMatching(/ 3 $/)]);
  });

  it('leaves out points that Prometheus would refuse, and reports that', () => {
    const [start, first] = EXAMPLE;
    if (start === undefined || first?.type !== 'sample') throw new Error('incomplete example');
    const exporter = new OpenMetricsText(new MemoryScratch());
    const text = convert(exporter, [
      start,
      { ...first, elapsedMs: 5 },
      { ...first, elapsedMs: 5.4 },
      { ...first, elapsedMs: 2 },
    ]);
    expect(text.toString().match(/kind="current"\} 10485760 /g)).toHaveLength(1);
    expect(exporter.notes()[0]).toMatch(/^\d+ points were left out/);
  });

  it('has no names with --no-names', () => {
    expect(render(EXAMPLE, false)).not.toMatch(/calc|kidling|zebra|tab\\/);
  });
});

describe('the names of families', () => {
  it('are unique, start with the name of the program, and end with their unit', () => {
    const names = Object.values(FAMILIES).map(openMetricsName);
    expect(new Set(names).size).toBe(names.length);
    for (const family of Object.values(FAMILIES)) {
      const name = openMetricsName(family);
      expect(name).toMatch(/^cmemstat_[a-z][a-z_]*[a-z]$/);
      if ('unit' in family) expect(name.endsWith(`_${family.unit}`)).toBe(true);
      // Samples of counters get it; the name of a family must not have it.
      expect(name).not.toMatch(/_(total|info|count|sum|bucket)$/);
    }
  });
});
