/** Growth in hundreds of series with noise. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#src/statistics/statistics.ts';
import { type Growth, GrowthReadings } from '#src/statistics/trend.ts';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
const SERIES = 100;

interface Program {
  baseBytes: number;
  leakBytesPerMinute: number;
  intervalMs: number;
  noise: (random: () => number, ms: number) => number;
  durationMs?: number;
}

const uniform = (random: () => number) => 0.1 * (2 * random() - 1);
const normal = (random: () => number) =>
  0.1 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const sawtooth = (random: () => number, ms: number) => 0.1 * ((ms / 7000) % 1) + 0.001 * random();
const spikes = (random: () => number) => (random() < 0.05 ? random() : 0.01 * random());

function growthOf(
  seed: number,
  { baseBytes, leakBytesPerMinute, intervalMs, noise, durationMs = MINUTE_MS }: Program,
): Growth {
  const random = seededRandom(seed);
  const readings = new GrowthReadings();
  for (let ms = 0; ms < durationMs; ms += intervalMs) {
    readings.add(ms, baseBytes * (1 + noise(random, ms)) + (leakBytesPerMinute * ms) / MINUTE_MS);
  }
  return readings.growth() ?? { slope: Number.NaN, certain: Number.NaN };
}

const countGrowing = (program: Program, firstSeed = 1) =>
  Array.from({ length: SERIES }, (_, at) => growthOf(firstSeed + at, program).certain).filter(
    (certain) => certain > 0,
  ).length;

describe('growth over a minute', () => {
  it.each([
    ['uniform', 100, uniform, 4 * MIB],
    ['uniform', 250, uniform, 4 * MIB],
    ['uniform', 500, uniform, 2 * MIB],
    ['normal', 100, normal, 3 * MIB],
    ['normal', 250, normal, 2 * MIB],
    ['normal', 500, normal, MIB],
    ['spiky', 500, spikes, 32 * MIB],
    ['sawtooth', 250, sawtooth, 2 * MIB],
  ])(
    'is detected for a leak of 1 MiB per minute in 10 %% noise: %s, every %i ms',
    (_, intervalMs, noise, baseBytes) => {
      expect(countGrowing({ baseBytes, leakBytesPerMinute: MIB, intervalMs, noise })).toBeGreaterThanOrEqual(
        99,
      );
    },
  );

  it.each([
    ['uniform', 100, uniform],
    ['uniform', 250, uniform],
    ['uniform', 500, uniform],
    ['normal', 100, normal],
    ['normal', 250, normal],
    ['normal', 500, normal],
    ['spiky', 500, spikes],
    ['sawtooth', 100, sawtooth],
    ['sawtooth', 500, sawtooth],
  ])('is not detected without a trend in %s noise, every %i ms, in 100 series', (_, intervalMs, noise) => {
    // The result scales with the base: any value is suitable.
    expect(countGrowing({ baseBytes: 64 * MIB, leakBytesPerMinute: 0, intervalMs, noise })).toBe(0);
  });

  it.each(Array.from({ length: 16 }, (_, at) => 10 + at))(
    'is not detected in a garbage collector that runs every %i s, at any phase',
    (seconds) => {
      const periodMs = seconds * 1000;
      for (const noiseMib of [0, 0.001, 0.1, 0.5, 1]) {
        const accused = Array.from({ length: 40 }, (_, seed) => {
          const random = seededRandom(seed + 1);
          const startMs = seed === 0 ? 0 : random() * periodMs;
          const readings = new GrowthReadings();
          for (let ms = 0; ms < MINUTE_MS; ms += 500) {
            const tooth = 10 * (((ms + startMs) / periodMs) % 1);
            readings.add(ms, (64 + tooth + noiseMib * random()) * MIB);
          }
          return readings.growth()?.certain ?? Number.NaN;
        });
        expect(accused.filter((certain) => !(certain <= 0))).toEqual([]);
      }
    },
  );

  it('has an unbiased slope', () => {
    const program = { baseBytes: 4 * MIB, leakBytesPerMinute: MIB, intervalMs: 250, noise: uniform };
    const slopes = Array.from({ length: SERIES }, (_, seed) => growthOf(seed, program).slope / MIB);
    expect(slopes.reduce((sum, each) => sum + each, 0) / SERIES).toBeCloseTo(1, 1);
  });

  it('has a bound below 0 for a decreasing figure', () => {
    const growth = growthOf(1, {
      baseBytes: 9 * MIB,
      leakBytesPerMinute: -4 * MIB,
      intervalMs: 250,
      noise: uniform,
    });
    expect(growth.certain).toBeLessThan(-MIB);
    expect(growth.certain).toBeGreaterThan(growth.slope);
  });
});
