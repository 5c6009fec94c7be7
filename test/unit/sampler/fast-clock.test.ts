import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FastClock, type FastClockParts } from '#src/sampler/fast-clock.ts';
import type { SizeReading } from '#src/sampler/size-reader.ts';
import { StatSizes } from '#src/sampler/stat-sizes.ts';

const MIB = 1024 * 1024;

interface Memory {
  anon: number;
  current?: number;
  kernel?: number;
  peak?: number;
  isWindow?: boolean;
}

let launchedAt = 0;
const elapsedMs = () => Date.now() - launchedAt;

beforeEach(() => {
  vi.useFakeTimers();
  launchedAt = Date.now();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A clock over memory as a function of time, in MiB. */
function clockOver(at: (ms: number) => Memory | undefined, more: Partial<FastClockParts> = {}) {
  const stat = new StatSizes((key) => key);
  const read = (): SizeReading | undefined => {
    const memory = at(elapsedMs());
    if (memory === undefined) return undefined;
    const { anon, current = anon, kernel, peak, isWindow = false } = memory;
    stat.parse(Buffer.from(`anon ${anon * MIB}\nfile 0\ninactive_file ${MIB}\n`));
    const bytes = (mib: number | undefined) => (mib === undefined ? undefined : mib * MIB);
    return {
      stat,
      current: current * MIB,
      kernel: bytes(kernel),
      swap: undefined,
      peak: bytes(peak),
      isWindow,
    };
  };
  const errors: unknown[] = [];
  const clock = new FastClock({
    sizes: { read, close: () => {} },
    elapsedMs,
    hasBudgets: false,
    onError: (error) => errors.push(error),
    ...more,
  });
  return { clock, errors };
}

describe('the fast clock', () => {
  it('keeps the maximum of a spike between two samples', async () => {
    const { clock } = clockOver((ms) => ({ anon: ms >= 230 && ms < 260 ? 90 : 10 + (ms % 20) }));
    clock.start();
    await vi.advanceTimersByTimeAsync(500);
    const { bytes, readings, longestGapMs } = clock.take();
    expect(bytes.anon).toBe(90 * MIB);
    expect(bytes.current).toBe(90 * MIB);
    expect(bytes.workingset).toBe(89 * MIB);
    expect(readings).toBeGreaterThan(50);
    expect(longestGapMs).toBeLessThan(15);
    clock.stop();
  });

  it('does not take the high-water mark from before an attachment for a maximum', async () => {
    const memory = (ms: number): Memory => ({ anon: 10, peak: ms < 200 ? 500 : 600 });
    const maxima = async (isAttached: boolean) => {
      const { clock } = clockOver((ms) => memory(ms), { isAttached });
      clock.start();
      await vi.advanceTimersByTimeAsync(150);
      const before = clock.take().bytes.current;
      await vi.advanceTimersByTimeAsync(500);
      clock.stop();
      return [before, clock.take().bytes.current];
    };
    expect(await maxima(true)).toEqual([10 * MIB, 600 * MIB]);
    launchedAt = Date.now();
    expect((await maxima(false))[0]).toBe(500 * MIB);
  });

  it('counts readings without anonymous memory only of a cgroup that was attached to', async () => {
    for (const isAttached of [true, false]) {
      const { clock } = clockOver(() => ({ anon: 0, current: 5 }), { isAttached });
      clock.start();
      await vi.advanceTimersByTimeAsync(100);
      clock.stop();
      expect(clock.take().readings > 0).toBe(isAttached);
    }
  });

  it('restarts after each sample', async () => {
    const { clock } = clockOver((ms) => ({ anon: ms < 500 ? 50 : 5 }));
    clock.start();
    await vi.advanceTimersByTimeAsync(499);
    expect(clock.take().bytes.anon).toBe(50 * MIB);
    await vi.advanceTimersByTimeAsync(501);
    expect(clock.take().bytes.anon).toBe(5 * MIB);
    clock.stop();
    expect(clock.take()).toMatchObject({ readings: 0, bytes: {} });
  });

  it('counts no readings of a leaf without processes', async () => {
    const { clock } = clockOver(() => ({ anon: 0, current: 1 }));
    clock.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(clock.take().readings).toBe(0);
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reports a rise of the high-water mark that no reading has seen', async () => {
    const peakAt = (ms: number) => (ms < 300 ? 20 : 60);
    const { clock } = clockOver((ms) => ({ anon: 10, current: 20, peak: peakAt(ms) }));
    clock.start();
    await vi.advanceTimersByTimeAsync(250);
    expect(clock.take()).not.toHaveProperty('unseenBytes');
    await vi.advanceTimersByTimeAsync(250);
    const { unseenBytes, bytes } = clock.take();
    expect(unseenBytes).toBe(40 * MIB);
    // It is the maximum of current, whose value is known now.
    expect(bytes.current).toBe(60 * MIB);
    await vi.advanceTimersByTimeAsync(250);
    expect(clock.take()).not.toHaveProperty('unseenBytes');
    clock.stop();
  });

  it('reads seldom below a high-water mark that is known', async () => {
    const watchRise = vi.fn();
    const { clock } = clockOver((ms) => ({ anon: ms < 300 ? 60 : 10, peak: 60 }), { watchRise });
    clock.start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(clock.take()).not.toHaveProperty('unseenBytes');
    // Requested only while memory is steady.
    expect(watchRise).toHaveBeenLastCalledWith(11 * MIB);
    clock.stop();
  });

  it('compares a high-water mark that was reset with the readings around it', async () => {
    const { clock } = clockOver((ms) => ({
      anon: ms < 100 ? 80 : 10,
      peak: ms > 300 && ms < 330 ? 50 : ms < 100 ? 80 : 10,
      isWindow: true,
    }));
    clock.start();
    await vi.advanceTimersByTimeAsync(250);
    clock.take();
    await vi.advanceTimersByTimeAsync(250);
    expect(clock.take().unseenBytes).toBe(40 * MIB);
    clock.stop();
  });

  it('reads BPF memory when due, and when kernel memory rises', async () => {
    const bytes = { maps: 7 * MIB, programs: 4096, uncharged: MIB };
    const readBpf = vi.fn(() => (elapsedMs() < 50 ? undefined : bytes));
    const { clock } = clockOver((ms) => ({ anon: 10, kernel: ms < 200 ? 0 : 8 }), { readBpf });
    clock.start();
    await vi.advanceTimersByTimeAsync(45);
    expect(clock.take()).not.toHaveProperty('bpfReadings');
    await vi.advanceTimersByTimeAsync(100);
    expect(clock.take().bpfReadings).toBe(1);
    await vi.advanceTimersByTimeAsync(355);
    const maxima = clock.take();
    expect(maxima.bpfReadings).toBe(1);
    expect(maxima.bytes).toMatchObject({
      bpf: 7 * MIB + 4096,
      'bpf.maps': 7 * MIB,
      'bpf.programs': 4096,
      'bpf.uncharged': MIB,
    });
    clock.stop();
  });

  it('requests a notification while memory is steady, and reads when it arrives', async () => {
    const watchRise = vi.fn();
    const { clock } = clockOver((ms) => ({ anon: ms === 4321 ? 70 : 40 }), { watchRise });
    clock.start();
    await vi.advanceTimersByTimeAsync(90);
    expect(watchRise).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(4231);
    expect(watchRise).toHaveBeenLastCalledWith(41 * MIB);
    clock.wake();
    expect(clock.take().bytes.anon).toBe(70 * MIB);
    clock.stop();
    clock.wake();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reads in between on request, once a reading is due', async () => {
    let reads = 0;
    const { clock } = clockOver(() => {
      reads += 1;
      return { anon: 1 };
    });
    clock.start();
    clock.poll();
    expect(reads).toBe(1);
    vi.setSystemTime(Date.now() + 50);
    clock.poll();
    expect(reads).toBe(2);
    clock.stop();
  });

  it('ends when the leaf no longer exists, or cannot be read', async () => {
    const gone = clockOver((ms) => (ms < 50 ? { anon: 1 } : undefined));
    gone.clock.start();
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
    expect(gone.errors).toEqual([]);
    const failing = clockOver(() => {
      throw new Error('no');
    });
    failing.clock.start();
    expect(failing.errors).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
