import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventRecord, LiveMap, MapsRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import { BpfClock, type BpfReading } from '#src/sampler/bpf/bpf-clock.ts';
import type { Figures } from '#src/sampler/figure-reader.ts';
import { Sampler } from '#src/sampler/sampler.ts';
import { required } from '../../required.ts';

let launchedAt = 0;
const elapsedMs = () => Date.now() - launchedAt;
/** The event loop is blocked: time passes, but no timer fires. */
const block = (ms: number) => vi.setSystemTime(Date.now() + ms);

beforeEach(() => {
  vi.useFakeTimers();
  launchedAt = Date.now();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A sampler over a reader with the behaviour of `read`, and everything that it emitted. */
function sampling(read: () => Figures | Promise<Figures>, intervalMs = 100, bpf?: BpfClock) {
  const records: (Sample | EventRecord | MapsRecord)[] = [];
  const errors: unknown[] = [];
  const sampler = new Sampler(
    {
      reader: { read, processes: () => [42], close: () => {} },
      readBpf: (pids, { reason }) => bpf?.read(pids, reason !== 'tick'),
      elapsedMs,
      emit: (record) => records.push(record),
      onError: (error) => errors.push(error),
    },
    intervalMs,
  );
  const times = () => records.flatMap((each) => (each.type === 'sample' ? [each.elapsedMs] : []));
  const reasons = () => records.flatMap((each) => (each.type === 'sample' ? [each.reason] : []));
  return { sampler, records, errors, times, reasons };
}

describe('a punctual sampler', () => {
  it('samples at the launch, at every tick of the grid and at the end', async () => {
    const { sampler, times, reasons } = sampling(() => ({ current: 1 }));
    await sampler.start();
    await vi.advanceTimersByTimeAsync(350);
    await sampler.stop();
    expect(times()).toEqual([0, 100, 200, 300, 350]);
    expect(reasons()).toEqual(['launch', 'tick', 'tick', 'tick', 'final']);
    expect(sampler.punctuality).toEqual({ late: 0, missed: 0 });
  });

  it('emits the figures with time and reason', async () => {
    const { sampler, records } = sampling(() => ({ current: 7, stat: { anon: 3 } }));
    await sampler.start();
    expect(records).toEqual([
      { type: 'sample', elapsedMs: 0, reason: 'launch', current: 7, stat: { anon: 3 } },
    ]);
    await sampler.stop();
  });

  it('stops: no timer remains, and nothing is emitted after the last sample', async () => {
    const { sampler, records } = sampling(() => ({}));
    await sampler.start();
    await sampler.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(records).toHaveLength(2);
  });
});

describe('a late sampler', () => {
  it('stays on the grid that started at the launch', async () => {
    const { sampler, times } = sampling(() => {
      if (elapsedMs() === 100) block(30);
      return {};
    });
    await sampler.start();
    await vi.advanceTimersByTimeAsync(300);
    expect(times()).toEqual([0, 100, 200, 300]);
    expect(sampler.punctuality).toEqual({ late: 0, missed: 0 });
    await sampler.stop();
  });

  it.each([
    [49, 0, 0],
    [50, 1, 0],
    [99, 1, 0],
    [100, 1, 1],
    [350, 1, 3],
  ])('that wakes up %i ms after the tick counts %i late and %i missed', async (lateMs, late, missed) => {
    const { sampler, times } = sampling(() => {
      // The tick at 100 blocks the loop past the tick at 200.
      // The timer that is due already takes 1 ms.
      if (elapsedMs() === 100) block(100 + lateMs - 1);
      return {};
    });
    await sampler.start();
    await vi.advanceTimersByTimeAsync(101);
    expect(sampler.punctuality).toEqual({ late, missed });
    expect(times().slice(0, 2)).toEqual([0, 100]);
    // Missed ticks are not repeated: the next sample is the late one, the following one is on the grid again.
    await vi.advanceTimersByTimeAsync(100);
    expect(times()[2]).toBe(200 + lateMs);
    expect(required(times()[3]) % 100).toBe(0);
    await sampler.stop();
  });

  it('never runs two readings at once', async () => {
    let reading = 0;
    let most = 0;
    const { sampler, times } = sampling(async () => {
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setTimeout(resolve, 250));
      reading -= 1;
      return {};
    });
    const started = sampler.start();
    await vi.advanceTimersByTimeAsync(1000);
    await started;
    const stopped = sampler.stop();
    await vi.advanceTimersByTimeAsync(1000);
    await stopped;
    expect(most).toBe(1);
    expect(times().length).toBeGreaterThan(3);
    expect(sampler.punctuality.missed).toBeGreaterThan(0);
  });
});

describe('another interval', () => {
  it('starts a new grid at the moment it is set, and counts late ticks by it', async () => {
    const { sampler, times } = sampling(() => ({}));
    await sampler.start();
    await vi.advanceTimersByTimeAsync(250);
    sampler.setInterval(40);
    await vi.advanceTimersByTimeAsync(100);
    expect(times()).toEqual([0, 100, 200, 290, 330]);
    sampler.setInterval(500);
    await vi.advanceTimersByTimeAsync(1000);
    expect(times().slice(5)).toEqual([850, 1350]);
    expect(sampler.punctuality).toEqual({ late: 0, missed: 0 });
    await sampler.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('set while a sample is being taken does not start a second clock', async () => {
    const { sampler, times } = sampling(async () => {
      if (elapsedMs() > 0) await new Promise((resolve) => setTimeout(resolve, 30));
      return {};
    });
    await sampler.start();
    await vi.advanceTimersByTimeAsync(110);
    sampler.setInterval(200);
    await vi.advanceTimersByTimeAsync(500);
    expect(times()).toEqual([0, 100, 310, 510]);
    const stopped = sampler.stop();
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('set after the end starts nothing', async () => {
    const { sampler, records } = sampling(() => ({}));
    await sampler.start();
    await sampler.stop();
    sampler.setInterval(10);
    await vi.advanceTimersByTimeAsync(100);
    expect(records).toHaveLength(2);
  });
});

describe('a reading that fails', () => {
  it('is reported, and sampling continues', async () => {
    const failure = new Error('malformed');
    const { sampler, errors, times } = sampling(() => {
      if (elapsedMs() === 100) throw failure;
      return {};
    });
    await sampler.start();
    await vi.advanceTimersByTimeAsync(200);
    expect(errors).toEqual([failure]);
    expect(times()).toEqual([0, 200]);
    await sampler.stop();
  });

  it('at the launch does not prevent later ticks', async () => {
    const { sampler, errors, times } = sampling(() =>
      elapsedMs() === 0 ? Promise.reject(new Error('no')) : {},
    );
    await sampler.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(errors).toHaveLength(1);
    expect(times()).toEqual([100]);
    await sampler.stop();
  });
});

describe('events', () => {
  it('precede the sample that they were read with, each once', async () => {
    const { sampler, records } = sampling(() => ({ events: { max: elapsedMs() >= 100 ? 2 : 0 } }));
    await sampler.start();
    sampler.noticeEvents({ events: { max: 1 } }, 'inotify');
    await vi.advanceTimersByTimeAsync(200);
    await sampler.stop();
    const emitted = records.map((each) =>
      each.type === 'event'
        ? `${each.event} +${each.increase} ${each.noticed}`
        : 'reason' in each && each.reason,
    );
    expect(emitted).toEqual(['launch', 'max +1 inotify', 'max +1 tick', 'tick', 'tick', 'final']);
  });
});

describe('BPF totals', () => {
  it('are in the samples at which their own clock is due, and in the first and the last', async () => {
    const count = { count: 1, memlock: 4096 };
    const totals = {
      attribution: 'held' as const,
      host: { maps: count, programs: count },
      held: { maps: count, programs: count },
    };
    const collect = vi.fn(() => ({ totals, maps: undefined }));
    const bpf = await BpfClock.open(200, elapsedMs, async () => ({ collect, close: () => {} }));
    const { sampler, records } = sampling(() => ({}), 100, bpf);
    await sampler.start();
    await vi.advanceTimersByTimeAsync(450);
    await sampler.stop();
    const withBpf = records.filter((each) => each.type === 'sample' && each.bpf !== undefined);
    expect(withBpf.map((each) => each.elapsedMs)).toEqual([0, 100, 200, 400, 450]);
    expect(collect).toHaveBeenCalledWith([42]);
  });

  it('include the changed maps, in a line after the sample of the same reading', async () => {
    const none = { count: 0, memlock: 0 };
    const totals = { attribution: 'held' as const, host: { maps: none, programs: none } };
    const map = { id: 7 } as LiveMap;
    const readings: BpfReading[] = [
      { totals, maps: { changed: [map], gone: [] } },
      { totals, maps: undefined },
      { totals, maps: { changed: [], gone: [7] } },
    ];
    const collect = () => readings.shift() ?? { totals, maps: undefined };
    const bpf = await BpfClock.open(100, elapsedMs, async () => ({ collect, close: () => {} }));
    const { sampler, records } = sampling(() => ({}), 100, bpf);
    await sampler.start();
    await vi.advanceTimersByTimeAsync(250);
    await sampler.stop();
    expect(records.map(({ type, elapsedMs: ms }) => `${type} ${ms}`)).toEqual([
      'sample 0',
      'maps 0',
      'sample 100',
      'sample 200',
      'maps 200',
      'sample 250',
    ]);
    const maps = records.filter(({ type }) => type === 'maps');
    expect(maps).toEqual([
      { type: 'maps', elapsedMs: 0, maps: [map] },
      { type: 'maps', elapsedMs: 200, maps: [], gone: [7] },
    ]);
  });
});
