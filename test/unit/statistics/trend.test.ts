import { describe, expect, it } from 'vitest';
import { evaluateGrowth, GrowthReadings } from '#src/statistics/trend.ts';

const MIB = 1024 * 1024;
describe('growth', () => {
  it('of an exact line is its slope', () => {
    const readings = new GrowthReadings();
    for (let at = 0; at < 100; at++) readings.add(at * 100, 1000 + at * 10);
    expect(readings.growth()).toEqual({ slope: expect.closeTo(6000, 6), certain: expect.closeTo(6000, 3) });
  });

  it('uses only the second half: a warm-up is not growth', () => {
    const readings = new GrowthReadings();
    for (let at = 0; at <= 200; at++) readings.add(at * 100, Math.min(at, 99) * MIB);
    expect(readings.growth()).toEqual({ slope: 0, certain: 0 });
  });

  it.each([
    [9, 1000],
    [40, 100],
  ])('is undefined for %i readings %i ms apart', (count, ms) => {
    const readings = new GrowthReadings();
    for (let at = 0; at < count; at++) readings.add(at * ms, at);
    expect(readings.growth()).toBeUndefined();
  });

  it('of a run of days uses no more memory, with the same result', () => {
    const readings = new GrowthReadings();
    for (let at = 0; at < 300_000; at++) readings.add(at * 500, at * 5 + (at % 7));
    const { slope = 0, certain = 0 } = readings.growth() ?? {};
    expect(slope).toBeCloseTo(600, 1);
    expect(certain).toBeGreaterThan(599);
    expect(readings.count).toBe(300_000);
  });

  it('of equal times is undefined', () => {
    expect(evaluateGrowth([5, 5, 10], [1, 9, 1])).toEqual({ slope: expect.any(Number), certain: 0 });
  });
});
