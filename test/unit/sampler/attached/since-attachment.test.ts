import { expect, it } from 'vitest';
import { SinceAttachment } from '#src/sampler/attached/since-attachment.ts';
import type { FigureReader, Figures } from '#src/sampler/figure-reader.ts';

const READINGS: Figures[] = [
  {
    current: 100,
    stat: { anon: 90, pgfault: 1000 },
    events: { oom_kill: 3, max: 7 },
    eventsLocal: { oom_kill: 2 },
    pressure: { some: { avg10: 1, avg60: 1, avg300: 1, total: 500 } },
  },
  {
    current: 150,
    stat: { anon: 140, pgfault: 1010 },
    events: { oom_kill: 4, max: 7 },
    eventsLocal: { oom_kill: 2 },
    pressure: { some: { avg10: 2, avg60: 1, avg300: 1, total: 530 } },
  },
];

function readerOf(readings: readonly Figures[]): FigureReader {
  const left = [...readings];
  return { read: () => left.shift() ?? {}, processes: () => [7], close: () => {} };
}

it('sizes are those of the cgroup, and counters start at the first reading', async () => {
  const reader = new SinceAttachment().wrap(readerOf(READINGS));
  expect(await reader.read()).toEqual({
    current: 100,
    stat: { anon: 90, pgfault: 0 },
    events: { oom_kill: 0, max: 0 },
    eventsLocal: { oom_kill: 0 },
    pressure: { some: { avg10: 1, avg60: 1, avg300: 1, total: 0 } },
  });
  expect(await reader.read()).toEqual({
    current: 150,
    stat: { anon: 140, pgfault: 10 },
    events: { oom_kill: 1, max: 0 },
    eventsLocal: { oom_kill: 0 },
    pressure: { some: { avg10: 2, avg60: 1, avg300: 1, total: 30 } },
  });
  expect(await reader.read()).toEqual({});
  expect(reader.processes()).toEqual([7]);
});

it('events that are noticed between two readings count from the first reading', async () => {
  const since = new SinceAttachment();
  expect(since.subtractEvents({ events: { oom_kill: 4 } })).toBeUndefined();
  await since.wrap(readerOf(READINGS)).read();
  expect(since.subtractEvents({ events: { oom_kill: 4 }, local: { oom_kill: 2 } })).toEqual({
    events: { oom_kill: 1 },
    local: { oom_kill: 0 },
  });
});
