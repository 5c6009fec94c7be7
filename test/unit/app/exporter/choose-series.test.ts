import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countSeries, StickyChoice, shareRoom } from '#src/app/exporter/collect/choose-series.ts';
import { SteadyCounters } from '#src/app/exporter/collect/steady-counters.ts';

const candidate = (key: string, bytes: number, series = 3) => ({ key, bytes, series });
const keys = (chosen: readonly { key: string }[]) => chosen.map(({ key }) => key);

describe('a choice among cgroups', () => {
  it('takes the largest, and counts the series that are left out', () => {
    const { chosen, cut } = new StickyChoice().choose(
      [candidate('a', 1), candidate('b', 3), candidate('c', 2)],
      7,
    );
    expect(keys(chosen)).toEqual(['b', 'c']);
    expect(cut).toBe(3);
  });

  it('does not alternate between two of about the same size', () => {
    const choice = new StickyChoice();
    const first = choice.choose([candidate('a', 100), candidate('b', 99)], 3);
    expect(keys(first.chosen)).toEqual(['a']);
    for (const bytes of [101, 120, 98, 124]) {
      expect(keys(choice.choose([candidate('a', 100), candidate('b', bytes)], 3).chosen)).toEqual(['a']);
    }
    expect(keys(choice.choose([candidate('a', 100), candidate('b', 126)], 3).chosen)).toEqual(['b']);
    expect(keys(choice.choose([candidate('a', 126), candidate('b', 126)], 3).chosen)).toEqual(['b']);
  });

  it('never has more than there is room for', () => {
    const many = fc.array(fc.record({ bytes: fc.nat(), series: fc.integer({ min: 1, max: 9 }) }));
    fc.assert(
      fc.property(many, fc.integer({ min: 0, max: 100 }), (each, room) => {
        const all = each.map((one, index) => ({ ...one, key: String(index) }));
        const { chosen, cut } = new StickyChoice().choose(all, room);
        expect(countSeries(chosen)).toBeLessThanOrEqual(room);
        expect(countSeries(chosen) + cut).toBe(countSeries(all));
      }),
    );
  });

  it('shares room by shares, and gives what one does not need to the others', () => {
    const thirds = (...series: number[]) =>
      series.map((each, at) => ({ series: each, share: [0.4, 0.4, 0.2][at] ?? 0 }));
    expect(shareRoom(100, thirds(200, 200, 200))).toEqual([40, 40, 20]);
    expect(shareRoom(100, thirds(0, 200, 200))).toEqual([0, 80, 20]);
    expect(shareRoom(100, thirds(10, 10, 10))).toEqual([10, 10, 10]);
    expect(shareRoom(0, thirds(10, 10, 10))).toEqual([0, 0, 0]);
  });
});

describe('counters of cgroups with the same name', () => {
  it('continue when a cgroup is replaced', () => {
    const counters = new SteadyCounters();
    expect(counters.add('oom', [{ id: 1n, value: 5 }])).toBe(5);
    expect(counters.add('oom', [{ id: 1n, value: 7 }])).toBe(7);
    expect(counters.add('oom', [])).toBe(7);
    expect(counters.add('oom', [{ id: 2n, value: 0 }])).toBe(7);
    expect(counters.add('oom', [{ id: 2n, value: 3 }])).toBe(10);
    // An inode number that is used again.
    expect(counters.add('oom', [{ id: 2n, value: 1 }])).toBe(11);
    expect(counters.add('other', [{ id: 2n, value: 1 }])).toBe(1);
  });

  it('never decrease', () => {
    const reading = fc.uniqueArray(
      fc.record({ id: fc.bigInt({ min: 0n, max: 3n }), value: fc.nat({ max: 50 }) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(fc.array(reading), (readings) => {
        const counters = new SteadyCounters();
        let before = 0;
        for (const parts of readings) {
          const now = counters.add('x', parts);
          expect(now).toBeGreaterThanOrEqual(before);
          before = now;
        }
      }),
    );
  });

  it('are forgotten beyond a maximum, those that were not read for longest first', () => {
    const counters = new SteadyCounters(1);
    for (const name of ['old', 'older', 'old', 'a']) counters.add(name, [{ id: 1n, value: 5 }]);
    counters.endReading();
    counters.add('a', [{ id: 1n, value: 5 }]);
    counters.endReading();
    expect(counters.add('a', [{ id: 2n, value: 0 }])).toBe(5);
    expect(counters.add('old', [{ id: 2n, value: 0 }])).toBe(5);
    expect(counters.add('older', [{ id: 2n, value: 0 }])).toBe(5);
    counters.endReading();
    for (let round = 0; round < 3; round += 1) {
      counters.add('a', [{ id: 2n, value: 0 }]);
      counters.add('b', [{ id: 2n, value: 0 }]);
      counters.endReading();
    }
    counters.add('a', [{ id: 2n, value: 0 }]);
    counters.endReading();
    expect(counters.add('old', [{ id: 3n, value: 0 }])).toBe(0);
    expect(counters.add('a', [{ id: 3n, value: 0 }])).toBe(5);
  });
});
