import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RunSampler } from '#src/app/run/readings/run-sampler.ts';
import type { FigureReader } from '#src/sampler/figure-reader.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const READER: FigureReader = { read: () => ({ processes: 1 }), processes: () => [], close: () => {} };

function sampling() {
  const records: string[] = [];
  const startMs = Date.now();
  const sampler = new RunSampler(
    {
      readBpf: () => undefined,
      elapsedMs: () => Date.now() - startMs,
      emit: (record) => {
        records.push(record.type === 'sample' ? `${record.reason} ${record.elapsedMs}` : record.type);
      },
      onError: (error) => records.push(String(error)),
    },
    100,
  );
  return { sampler, records };
}

it('samples one cgroup after the other, and counts late ticks of all', async () => {
  const { sampler, records } = sampling();
  for (const _ of ['first', 'second']) {
    const opened = sampler.open(READER);
    sampler.setIntervalMs(sampler.intervalMs);
    await opened.start();
    vi.setSystemTime(Date.now() + 250);
    await vi.advanceTimersByTimeAsync(100);
    await sampler.stop();
  }
  expect(records).toEqual(['launch 0', 'tick 350', 'final 350', 'launch 350', 'tick 700', 'final 700']);
  expect(sampler.punctuality).toEqual({ late: 2, missed: 4 });
});

it('keeps an interval that was chosen for the next cgroup', async () => {
  const { sampler, records } = sampling();
  sampler.noticeEvents({ events: { oom: 1 } }, 'inotify');
  await sampler.open(READER).start();
  sampler.setIntervalMs(20);
  await vi.advanceTimersByTimeAsync(20);
  await sampler.stop();
  const next = sampler.open(READER);
  sampler.setIntervalMs(sampler.intervalMs);
  await next.start();
  await vi.advanceTimersByTimeAsync(20);
  expect(records).toEqual(['launch 0', 'tick 20', 'final 20', 'launch 20', 'tick 40']);
  await sampler.stop();
});
