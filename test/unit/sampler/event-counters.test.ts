import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventCounters } from '#src/sampler/event-watch.ts';

describe('EventCounters', () => {
  it('emits what grew, by how much, and the sources', () => {
    const counters = new EventCounters();
    expect(counters.observe({ events: { max: 3, oom_kill: 0 } }, 12, 'inotify')).toEqual([
      { type: 'event', elapsedMs: 12, event: 'max', count: 3, increase: 3, noticed: 'inotify' },
    ]);
    expect(counters.observe({ events: { max: 5, oom_kill: 1 } }, 20, 'tick')).toEqual([
      { type: 'event', elapsedMs: 20, event: 'max', count: 5, increase: 2, noticed: 'tick' },
      { type: 'event', elapsedMs: 20, event: 'oom_kill', count: 1, increase: 1, noticed: 'tick' },
    ]);
  });

  it('emits each growth once, from any source', () => {
    const counters = new EventCounters();
    counters.observe({ events: { max: 3 } }, 1, 'inotify');
    expect(counters.observe({ events: { max: 3 } }, 2, 'inotify')).toEqual([]);
    expect(counters.observe({ events: { max: 3 } }, 3, 'tick')).toEqual([]);
  });

  it('emits how much of it was in the leaf alone', () => {
    const counters = new EventCounters();
    const [first] = counters.observe({ events: { oom_kill: 2 }, local: { oom_kill: 1 } }, 1, 'tick');
    expect(first).toMatchObject({ increase: 2, localIncrease: 1 });
    const [second] = counters.observe({ events: { oom_kill: 3 }, local: { oom_kill: 1 } }, 2, 'tick');
    expect(second).toMatchObject({ increase: 1, localIncrease: 0 });
  });

  it('omits the share of the leaf before Linux 5.2', () => {
    const [record] = new EventCounters().observe({ events: { max: 1 }, local: undefined }, 1, 'tick');
    expect(record).not.toHaveProperty('localIncrease');
  });

  it('counts the local counters of cgroup v1 as everything', () => {
    const counters = new EventCounters();
    expect(counters.observe({ local: { oom_kill: 1 } }, 1, 'eventfd')).toMatchObject([
      { event: 'oom_kill', count: 1, increase: 1, localIncrease: 1, noticed: 'eventfd' },
    ]);
    expect(counters.observe({ local: { oom_kill: 1, failcnt: 8 } }, 2, 'tick')).toMatchObject([
      { event: 'failcnt', increase: 8 },
    ]);
  });

  it('remembers a counter that one reading omitted', () => {
    const counters = new EventCounters();
    counters.observe({ local: { oom_kill: 1, failcnt: 8 } }, 1, 'tick');
    counters.observe({ local: { oom_kill: 1 } }, 2, 'eventfd');
    expect(counters.observe({ local: { oom_kill: 1, failcnt: 8 } }, 3, 'tick')).toEqual([]);
    counters.observe({}, 4, 'tick');
    expect(counters.observe({ local: { oom_kill: 1, failcnt: 8 } }, 5, 'tick')).toEqual([]);
  });

  it('emits growths that add up to the last count, however they are bundled', () => {
    const growth = fc.record({ max: fc.nat({ max: 5 }), oom_kill: fc.nat({ max: 1 }) });
    fc.assert(
      fc.property(fc.array(growth), (growths) => {
        const counters = new EventCounters();
        const events = { max: 0, oom_kill: 0 };
        const sums: Record<string, number> = { max: 0, oom_kill: 0 };
        for (const { max, oom_kill } of growths) {
          events.max += max;
          events.oom_kill += oom_kill;
          for (const { event, increase = 0, count } of counters.observe(
            { events: { ...events } },
            0,
            'tick',
          )) {
            sums[event] = (sums[event] ?? 0) + increase;
            expect(increase).toBeGreaterThan(0);
            expect(count).toBe(sums[event]);
          }
        }
        expect(sums).toEqual(events);
      }),
    );
  });
});
