import { describe, expect, it } from 'vitest';
import { Pace } from '#src/sampler/pace.ts';

const MIB = 1024 * 1024;

interface Step {
  current: number;
  hasMissed?: boolean;
  cpuMs?: number;
}

/** Drives a pace until `untilMs`; returns the times of its readings. */
function timesOf(untilMs: number, at: (ms: number) => Step, hasBudgets = false, pace = new Pace(hasBudgets)) {
  const times: number[] = [];
  for (let ms = 0; ms < untilMs; ) {
    times.push(ms);
    const { current, hasMissed = false, cpuMs = 0.2 } = at(ms);
    ms += pace.next({ elapsedMs: ms, current, anon: current, hasMissed, cpuMs });
  }
  return times;
}

const countBetween = (times: readonly number[], from: number, to: number) =>
  times.filter((ms) => ms >= from && ms < to).length;

describe('the pace of readings', () => {
  const moving = (ms: number) => ({ current: ((ms * 97) % 50) * MIB });
  const steady = () => ({ current: 50 * MIB });

  it('is dense after the launch', () => {
    const times = timesOf(20, steady);
    expect(times.length).toBeGreaterThanOrEqual(8);
  });

  it('reads every 10 ms while memory changes', () => {
    const times = timesOf(5000, moving);
    expect(countBetween(times, 1000, 5000)).toBe(400);
  });

  it('reads a few times per second while memory is steady, more often with budgets', () => {
    expect(countBetween(timesOf(60_000, steady), 10_000, 60_000)).toBe(250);
    expect(countBetween(timesOf(60_000, steady, true), 10_000, 60_000)).toBe(750);
  });

  it('ignores changes of a few pages, and follows larger ones', () => {
    const noisy = (ms: number) => ({ current: 50 * MIB + (ms % 7) * 4096 });
    expect(countBetween(timesOf(20_000, noisy), 10_000, 20_000)).toBeLessThan(60);
    const jump = (ms: number) => ({ current: (ms < 15_000 ? 50 : 60) * MIB });
    expect(countBetween(timesOf(20_000, jump), 15_000, 15_400)).toBeGreaterThan(10);
  });

  it.each([2, 20])('uses at most 3 %% of a CPU if a reading takes %d ms', (cpuMs) => {
    const times = timesOf(60_000, (ms) => ({ ...moving(ms), cpuMs }));
    expect((countBetween(times, 30_000, 60_000) * cpuMs) / 30_000).toBeLessThan(0.03);
    const quiet = timesOf(60_000, () => ({ ...steady(), cpuMs }));
    expect((countBetween(quiet, 30_000, 60_000) * cpuMs) / 30_000).toBeLessThanOrEqual(
      Math.max(0.0011, cpuMs / 1000),
    );
  });

  it('does not count other work as its own cost', () => {
    let reading = 0;
    const busy = (ms: number) => {
      reading += 1;
      return { ...moving(ms), cpuMs: reading % 3 === 0 ? 0.2 : 5 };
    };
    expect(countBetween(timesOf(10_000, busy), 5000, 10_000)).toBeGreaterThan(250);
  });

  it('is dense for some seconds after a maximum was missed', () => {
    const missed = (ms: number) => ({ current: 50 * MIB, hasMissed: ms > 19_900 && ms < 20_200 });
    const times = timesOf(40_000, missed);
    expect(countBetween(times, 21_000, 25_000)).toBe(400);
    expect(countBetween(times, 35_000, 40_000)).toBeLessThan(50);
  });

  it('is steady after some time without changes, until it is woken', () => {
    const pace = new Pace(false);
    timesOf(5000, steady, false, pace);
    expect(pace.isSteady(5000)).toBe(true);
    pace.wake(5001);
    expect(pace.isSteady(5001)).toBe(false);
  });
});
