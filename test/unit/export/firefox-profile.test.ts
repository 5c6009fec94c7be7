/** Profiles for the Firefox Profiler: valid tables, and the figures of the recording. */
import { describe, expect, it } from 'vitest';
import { FirefoxProfile } from '#src/export/firefox-profile.ts';
import { microsOf } from '#src/export/run-context.ts';
import { convert, EXAMPLE, MemoryScratch, recordsOfRuns } from './example-recording.ts';

interface Profile {
  meta: { startTime: number; categories: { color: string }[]; markerSchema: { name: string }[] };
  threads: {
    pid: string;
    tid: number;
    isMainThread: boolean;
    samples: { length: number };
    markers: Record<'data' | 'name' | 'startTime' | 'endTime' | 'phase' | 'category', unknown[]> & {
      length: number;
    };
  }[];
  counters: {
    name: string;
    pid: string;
    mainThreadIndex: number;
    samples: { time: number[]; count: number[]; length: number };
  }[];
  shared: { stringArray: string[] } & Record<string, { length: number }>;
}

const read = (names = true): Profile =>
  JSON.parse(convert(new FirefoxProfile(new MemoryScratch(), 16), EXAMPLE, names).toString());

const profile = read();

/** The levels of a counter: sums of its differences. */
function levelsOf(name: string, pid: string): [number, number][] {
  const counters = profile.counters.filter((counter) => counter.name === name && counter.pid === pid);
  expect(counters, name).toHaveLength(1);
  let level = 0;
  return (counters[0]?.samples.count ?? []).map((difference, index) => {
    level += difference;
    return [counters[0]?.samples.time[index] ?? 0, level];
  });
}

describe('a profile', () => {
  it('has counters with the figures of the recording after a point of 0', () => {
    const base = Date.parse('2026-01-02T03:00:00.001Z');
    expect(profile.meta.startTime).toBe(base);
    for (const number of [1, 2]) {
      const expected = [...recordsOfRuns(EXAMPLE)].flatMap(({ record, run }): [number, number][] =>
        record.type === 'sample' && run.number === number
          ? [[microsOf(run, record.elapsedMs) / 1000 - base, record.current ?? 0]]
          : [],
      );
      const [zero, ...levels] = levelsOf('current', `run ${number}`);
      expect(zero?.[1]).toBe(0);
      expect(levels.map(([, level]) => level)).toEqual(expected.map(([, level]) => level));
      for (const [index, [ms]] of levels.entries()) expect(ms).toBeCloseTo(expected[index]?.[0] ?? -1, 3);
    }
  });

  it('has counters of maps and processes, which end at 0', () => {
    expect(levelsOf('a,b "c" \\ #11', 'run 1').map(([, level]) => level)).toEqual([0, 8192, 0]);
    expect(levelsOf('pss', '101').map(([, level]) => level)).toEqual([0, 700_000, 0]);
    expect(levelsOf('rss', '100 (run 2)').map(([, level]) => level)).toEqual([0, 5 * 1024 * 1024]);
    expect(profile.counters.filter(({ name, pid }) => name === 'pss' && pid === '100')).toEqual([]);
  });

  it('has tables whose columns have one length, and references that exist', () => {
    for (const { samples, mainThreadIndex, pid } of profile.counters) {
      expect(samples.time).toHaveLength(samples.length);
      expect(samples.count).toHaveLength(samples.length);
      expect(samples.time.every((ms, index) => index === 0 || ms >= (samples.time[index - 1] ?? 0))).toBe(
        true,
      );
      expect(profile.threads[mainThreadIndex]?.pid).toBe(pid);
    }
    for (const { markers } of profile.threads) {
      for (const key of ['data', 'name', 'startTime', 'endTime', 'phase', 'category'] as const) {
        expect(markers[key]).toHaveLength(markers.length);
      }
      for (const name of markers.name) expect(profile.shared.stringArray[Number(name)]).toBeTypeOf('string');
    }
    for (const [name, table] of Object.entries(profile.shared)) {
      if (name !== 'stringArray') expect(table.length, name).toBe(0);
    }
    expect(new Set(profile.threads.map(({ tid }) => tid)).size).toBe(profile.threads.length);
    expect(profile.meta.categories[0]?.color).toBe('grey');
  });

  it('has the events and the runs as markers', () => {
    const [first] = profile.threads;
    expect(first?.markers.name.map((name) => profile.shared.stringArray[Number(name)])).toEqual([
      'max',
      'warning',
      'explained',
      'run',
    ]);
    expect(first?.markers.phase).toEqual([0, 0, 0, 1]);
    expect(first?.markers.data[0]).toEqual({ type: 'cmemstat', count: 3, increase: 2, noticed: 'inotify' });
  });

  it('has no names with --no-names', () => {
    expect(JSON.stringify(read(false)).match(/calc|kidling|zebra|tab\\/)).toBeNull();
  });
});
