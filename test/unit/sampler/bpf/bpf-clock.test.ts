import { describe, expect, it, vi } from 'vitest';
import { PermissionError } from '#src/errors.ts';
import type { BpfTotals } from '#src/model/bpf-totals.ts';
import { BpfClock, type BpfReading } from '#src/sampler/bpf/bpf-clock.ts';

const NOTHING = { count: 0, memlock: 0 };
const TOTALS: BpfTotals = {
  attribution: 'held',
  host: { maps: NOTHING, programs: NOTHING },
  held: { maps: { count: 1, memlock: 4096 }, programs: NOTHING },
};
const READING: BpfReading = { totals: TOTALS, maps: undefined };
const REFUSED = new PermissionError('CAP_SYS_ADMIN', 'BPF maps need CAP_SYS_ADMIN', { hint: 'sudo' });

/** A clock over a time that the test sets. */
async function clockAt(intervalMs: number, collect: (pids: readonly number[]) => BpfReading = () => READING) {
  const time = { ms: 0 };
  const collector = { collect: vi.fn(collect), close: vi.fn() };
  const clock = await BpfClock.open(
    intervalMs,
    () => time.ms,
    async () => collector,
  );
  const readAt = (ms: number, now = false) => {
    time.ms = ms;
    return clock.read(() => [1, 2], now);
  };
  return { clock, collector, readAt };
}

describe('BpfClock', () => {
  it('is due at the launch, and then once per interval', async () => {
    const { readAt } = await clockAt(1000);
    const due = [0, 500, 998, 1000, 1500, 2400, 2500, 3000].filter((ms) => readAt(ms) !== undefined);
    expect(due).toEqual([0, 1000, 2400, 3000]);
  });

  it('stays on the grid of the launch after a late reading', async () => {
    const { readAt } = await clockAt(1000);
    expect(readAt(1700)).toEqual(READING);
    expect(readAt(1998)).toBeUndefined();
    expect(readAt(2000)).toEqual(READING);
  });

  it('reads at any moment on request', async () => {
    const { readAt, collector } = await clockAt(1000);
    readAt(0);
    expect(readAt(10, true)).toEqual(READING);
    expect(readAt(20, true)).toEqual(READING);
    expect(collector.collect).toHaveBeenCalledTimes(3);
  });

  it('requests the processes only when it reads', async () => {
    const { clock, collector } = await clockAt(1000);
    const pids = vi.fn(() => [7]);
    clock.read(pids, false);
    expect(collector.collect).toHaveBeenCalledWith([7]);
    clock.read(pids, false);
    expect(pids).toHaveBeenCalledTimes(1);
  });

  it('reports why it cannot be opened, and stops', async () => {
    const clock = await BpfClock.open(
      1000,
      () => 0,
      () => Promise.reject(REFUSED),
    );
    expect(clock.unavailable).toEqual({ reason: 'BPF maps need CAP_SYS_ADMIN', hint: 'sudo' });
    expect(clock.read(() => [], true)).toBeUndefined();
  });

  it('stops after the first failed reading', async () => {
    const { clock, collector, readAt } = await clockAt(1000, () => {
      throw REFUSED;
    });
    expect(clock.unavailable).toBeUndefined();
    expect(readAt(0)).toBeUndefined();
    expect(clock.unavailable?.reason).toBe('BPF maps need CAP_SYS_ADMIN');
    expect(collector.close).toHaveBeenCalledTimes(1);
    expect(readAt(5000, true)).toBeUndefined();
    expect(collector.collect).toHaveBeenCalledTimes(1);
  });

  it('propagates an internal error', async () => {
    const fault = new TypeError('fault');
    await expect(
      BpfClock.open(
        1000,
        () => 0,
        () => Promise.reject(fault),
      ),
    ).rejects.toThrow(fault);
    const { readAt } = await clockAt(1000, () => {
      throw fault;
    });
    expect(() => readAt(0)).toThrow(fault);
  });

  it('reads nothing after it is closed', async () => {
    const { clock, collector, readAt } = await clockAt(1000);
    clock.close();
    expect(readAt(0, true)).toBeUndefined();
    expect(collector.close).toHaveBeenCalledTimes(1);
  });
});
